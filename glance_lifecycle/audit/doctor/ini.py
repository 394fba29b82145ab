# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""A configuration file as oslo.config parses it, with its lines.

oslo.config stops at the first line that it cannot read, and the service does
not start. Here that line is noted, and the rest is read as well: whoever
repairs a file wants all of it.
"""

from collections.abc import Iterable
import dataclasses
import re
from typing import Any

from oslo_config import iniparser

# Of one file: a real one has hundreds.
MOST_SETTINGS = 20_000
_MOST_PROBLEMS = 20

_MARK = '\ufeff'
_NAME = re.compile(r'[\w.:-]{1,64}')
# Not tried anew at each blank: a line of 30,000 of them took 8 s.
_COMMENT = re.compile(r'(?<!\s)\s+[#;]++(?=\s|$|\w)')


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """One assignment.

    :ivar section: as it is written
    :ivar value: without quotes; the lines of one that is continued
    :ivar path: of the file, as it was named
    """

    section: str
    name: str
    value: str
    path: str
    line: int


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """A line that is not understood. Its text may hold a secret.

    :ivar remedy: a sentence, or the end of one: what to do with it
    """

    line: int
    message: str
    remedy: str = ''


@dataclasses.dataclass
class Parsed:
    """What is in a file.

    :ivar sections: name -> line of its first heading
    """

    settings: list[Setting] = dataclasses.field(default_factory=list)
    sections: dict[str, int] = dataclasses.field(default_factory=dict)
    problems: list[Problem] = dataclasses.field(default_factory=list)


def parse(text: str, path: str) -> Parsed:
    """What oslo.config would find in a file with this text."""
    parser = _Parser(path)
    if text.startswith(_MARK):
        # The section behind it is read all the same: one thing is wrong.
        text = text[1:]
        parser.parsed.problems.append(Problem(
            1, 'The file begins with a byte order mark, which oslo.config '
            'takes for a part of the first line.', "Save the file as UTF-8 "
            "without one: sed -i '1s/^\\xEF\\xBB\\xBF//' FILE."))
    # As file.readlines(): str.splitlines() knows ends of lines that files
    # do not, such as a form feed.
    parser.parse(text.split('\n'))
    return parser.parsed


def without_comment(value: str) -> str | None:
    """What stands before a comment behind a value; None if none does.

    oslo.config knows no such comments: they are part of the value.
    """
    found = _COMMENT.search(value)
    return value[:found.start()] if found else None


class _Parser(iniparser.BaseParser):

    def __init__(self, path: str) -> None:
        super().__init__()
        self.parsed = Parsed()
        self._path = path
        self._section: str | None = None
        self._begun = 0

    def parse(self, lineiter: Iterable[str]) -> None:
        lines = iter(lineiter)
        before = -1
        # The oslo.config of 2025.2 returns at a line without a name.
        while before != self.lineno:
            before = self.lineno
            super().parse(lines)

    def new_section(self, section: str) -> None:
        self.parsed.sections.setdefault(section, self.lineno)
        self._section = section

    def assignment(self, key: str, value: list[str]) -> None:
        if self._section is None:
            self._problem('An option stands before the first section.',
                          self._begun)
        elif len(self.parsed.settings) < MOST_SETTINGS:
            self.parsed.settings.append(Setting(
                self._section, key, '\n'.join(value), self._path,
                self._begun))
        elif len(self.parsed.settings) == MOST_SETTINGS:
            self._problem('There are more than %d options: the rest was not '
                          'looked at.' % MOST_SETTINGS, self._begun)

    def _split_key_value(self, line: str) -> Any:
        self._begun = self.lineno
        key, value = super()._split_key_value(line)
        # Not '': what is indented below would seem to continue it.
        return key or None, value

    def _problem(self, message: str, line: int = 0, remedy: str = ''
                 ) -> None:
        if len(self.parsed.problems) < _MOST_PROBLEMS:
            self.parsed.problems.append(
                Problem(line or self.lineno, message, remedy))

    # What oslo.config raises, and we only note.

    def error_invalid_assignment(  # type: ignore[override]
            self, line: str) -> tuple[str, list[str]]:
        return '', []

    def error_empty_key(self, line: str) -> None:  # type: ignore[override]
        if '=' in line or ':' in line:
            self._problem('There is no name before the "=".')
        else:
            self._problem('The line has neither "=" nor ":".', remedy=(
                'Write it as "name = value", or begin it with "#" if it is '
                'a comment.'))

    def error_unexpected_continuation(  # type: ignore[override]
            self, line: str) -> None:
        self._problem('The line is indented, as if it continued an option, '
                      'and there is none before it.', remedy=(
                          'Take away the blanks at the beginning of the '
                          'line.'))

    def error_no_section_end_bracket(  # type: ignore[override]
            self, line: str) -> str:
        self._problem('The section does not end with "]".',
                      remedy='Write "]" at the end of the line.')
        # What follows is meant for it. Anything else is never shown.
        name = line[1:].strip()
        return name if _NAME.fullmatch(name) else ''

    def error_no_section_name(  # type: ignore[override]
            self, line: str) -> str:
        self._problem('The section has no name.')
        return ''
