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

"""What uWSGI is told, which runs glance-api.

Files like glance-uwsgi.ini beside glance-api.conf, as DevStack, kolla and the
packages of distributions have them. uWSGI's own format: the same option may
stand there often, and names are written with "-" or "_".
https://uwsgi-docs.readthedocs.io/en/latest/Options.html
"""

from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import pathlib
import re

from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import reading
from glance_lifecycle.audit import finding

_PATTERN = '*uwsgi*.ini'

# Of openstack-ansible, in a gathered directory.
_ELSEWHERE = 'etc/uwsgi/*glance*.ini'
_MOST_FILES = 10
_SECTION = '[uwsgi]'
_MOST_LINES = 10_000
_WORD = re.compile(r'[\w.-]{1,64}')
# What has uWSGI read another file, or another section of this one.
_OTHERS = frozenset(('ini', 'include', 'inherit', 'config', 'xml', 'yaml',
                     'yml', 'json'))
_FALSE = frozenset(('0', 'false', 'no', 'off', ''))


@dataclasses.dataclass(frozen=True)
class Uwsgi:
    """One file.

    :ivar options: name, with "-" -> its last value, and the line
    """

    path: str
    options: dict[str, tuple[str, int]]

    def on(self, name: str) -> bool:
        """:raises Hidden: a report has taken it away"""
        return self._value(name).lower() not in _FALSE

    def unknown(self, *names: str) -> bool:
        """Whether these may stand in a file that this one has read."""
        return not self.options.keys().isdisjoint(_OTHERS) and (
            self.options.keys().isdisjoint(names))

    def number(self, *names: str) -> int | None:
        """Of the first of these that there is; None if it is none.

        :raises Hidden: a report has taken it away
        """
        for name in names:
            if name in self.options:
                value = self._value(name)
                return int(value) if value.isdecimal() and (
                    len(value) < 10) else None
        return None

    def word(self, name: str) -> str:
        """A plain word, such as a name; empty if it is none.

        :raises Hidden: a report has taken it away
        """
        value = self._value(name)
        return value if _WORD.fullmatch(value) else ''

    def text(self, name: str) -> str:
        """Anything; it is not to be shown.

        :raises Hidden: a report has taken it away
        """
        return self._value(name)

    def _value(self, name: str) -> str:
        value = self.options.get(name, ('', 0))[0]
        if masking.hidden(value):
            raise hosts.Hidden
        return value

    def place(self, *names: str) -> finding.Place:
        """Of the first of these that there is, or the file."""
        for name in names:
            if name in self.options:
                value, line = self.options[name]
                return finding.Place(self.path, line, '%s %s' % (
                    _SECTION, name), value if value.isalnum() else None)
        return finding.Place(self.path)


def of(host: hosts.Host) -> Iterator[Uwsgi]:
    """Of a host, those that are at hand."""
    for path, text in (*host.directory.matching(_PATTERN),
                       *_elsewhere(host.directory.root),
                       *_named(host.beside.uwsgi)):
        options: dict[str, tuple[str, int]] = {}
        here = False
        for number, line in enumerate(text.split('\n')[:_MOST_LINES], 1):
            line = line.strip()
            if line.startswith('['):
                here = line == _SECTION
            elif here and line and line[0] not in '#;':
                name, equals, value = line.partition('=')
                # A name alone is true.
                options[name.strip().replace('_', '-')] = (
                    value.strip() if equals else 'true', number)
        if options:
            yield Uwsgi(path, options)


def _elsewhere(root: pathlib.Path | None) -> Iterator[tuple[str, str]]:
    try:
        found = sorted(root.glob(_ELSEWHERE)) if root else []
    except OSError:
        return
    yield from _texts(found[:_MOST_FILES], root)


def _named(paths: Iterable[pathlib.Path]) -> Iterator[tuple[str, str]]:
    """Those of the command line. What cannot be used is another finding."""
    yield from _texts(paths, None)


def _texts(paths: Iterable[pathlib.Path], within: pathlib.Path | None
           ) -> Iterator[tuple[str, str]]:
    for path in paths:
        try:
            yield str(path), reading.text(path, within)
        except (FileNotFoundError, reading.Unreadable):
            continue
