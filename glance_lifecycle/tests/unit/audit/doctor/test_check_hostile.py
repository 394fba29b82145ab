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

"""Every check gets hostile input where its own examples have theirs.

All of it is made from the ``bad`` examples: a check that is added is tested so
without a word. Whatever a value, a file, a fact or an answer is, no check
fails, nothing that a stranger wrote acts on a terminal, no secret is printed,
what is printed is bounded, and it ends.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import datetime
import itertools
import json
import os
import pathlib
import re
from typing import Any

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import examination
from glance_lifecycle.audit.doctor import facts
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live
from glance_lifecycle.audit.doctor import mutes
from glance_lifecycle.audit.doctor import options
from glance_lifecycle.audit.doctor import report
from glance_lifecycle.audit.doctor import text as texts
from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.audit.doctor import cases

CANARY = 'c4n4ry'

# Control characters of both kinds, what turns a text around, quotes, and a
# password in a URL: all that may not be printed as it is.
NASTY = ('\x01\x1b[2J\x1b]0;x\x07\x9b\u202e\u2028"\'%%(x)s{{'
         'https://u:%s@h:x/?token=%s' % (CANARY, CANARY))
# What is meant for an option of its own.
CONTINUED = '\n  password = %s' % CANARY
LONG = 1024 ** 2
HUGE = 10 ** 40
HIDDEN = '*********'

# Of one file: name, "=" or ":", and the value, with its end of the line.
_LINE = re.compile(r'(?m)^(?P<name>[ \t]*["\w][^=:\n#]*[=:][ \t]*)'
                   r'(?P<value>[^\n]*)$')

# Of one example: characters that are printed. Each finding has a few hundred,
# and its check's text.
_MOST_SAID = 200_000


class HostileTest(cases.DoctorTestCase):

    def judged(self, kind: type[check.Check], found: Sequence[hosts.Host],
               said: live.Live | None, what: object) -> None:
        """A check is made, and what it says is judged."""
        seen = examination.examine(found, [kind], said)
        for one in seen.findings:
            self.assertNotIn('The check failed', one.evidence, what)
        if not seen.findings:
            return
        data = report.data(seen, mutes.apply(
            seen.findings, (), datetime.date(2026, 1, 1)), {kind.code: kind})
        shown = [*_texts(data), *texts.lines(data, colour=False)]
        for text in shown:
            self.assertTrue(text.isprintable(), (what, ascii(text[:500])))
            self.assertNotIn(CANARY, text, what)
        self.assertLess(sum(map(len, shown)), _MOST_SAID, what)

    def test_values(self) -> None:
        """Each value of each file, replaced and extended, one at a time."""
        for kind, number, files in _examples():
            said = cases.live_of(files)
            found = self.written(files)
            for path, line, value in _values(files):
                for new in (NASTY, value + NASTY, HIDDEN, *(
                        value + comma + CONTINUED for comma in ('', ',')
                        if path.endswith('.conf'))):
                    self.paths[path].write_bytes(
                        _with(files[path], line, new).encode())
                    self.judged(kind, self.of(found, files), said,
                                (kind.code, number, path, line, ascii(new)))
                self.paths[path].write_text(files[path])

    def test_long(self) -> None:
        """All values of a file at once, 1 MiB together."""
        self.all_long('x.')

    def test_long_alike(self) -> None:
        """What a pattern would try to the end, again at each character."""
        for repeated in (' ', '//'):
            self.all_long(repeated)

    def all_long(self, repeated: str) -> None:
        for kind, number, files in _examples():
            lines = max(1, len(list(_values(files))))
            long = (NASTY + ',$debug ' + repeated * LONG)[:LONG // lines] + 'x'
            self.judged(kind, self.gathered({
                path: text if path.endswith('.json') else _LINE.sub(
                    lambda found: found['name'] + long, text)
                for path, text in files.items()}), cases.live_of(files),
                (kind.code, number, repeated))

    def test_bytes(self) -> None:
        """What is no text at the end of each file."""
        for kind, number, files in _examples():
            for end in (b'\xff\xfe\0', b'\r\r\n\x85=\x0c\x0b'):
                found = self.written({
                    path: text.encode() + end for path, text in files.items()})
                self.judged(kind, self.of(found, files), cases.live_of(files),
                            (kind.code, number, end))

    def test_files(self) -> None:
        """Each file is none: a FIFO would be waited for for ever."""
        # These cannot do more than those, and are taken in turns.
        rest = itertools.cycle((_outside, _unreadable, _huge))
        for kind, number, files in _examples():
            for path in files if number == 0 else ():
                if path in (cases.LIVE, cases.HERE):
                    continue
                found = self.written(files)
                where = self.paths[path]
                for spoil in (_loop, _directory, _fifo, next(rest)):
                    where.unlink()
                    spoil(where)
                    self.judged(kind, self.of(found, files),
                                cases.live_of(files),
                                (kind.code, path, spoil.__name__))
                    _removed(where)
                    where.write_text(files[path])
                where.unlink()
                # Without it, there may be no configuration at all.
                with contextlib.suppress(exceptions.ConfigurationError):
                    self.judged(kind, self.of(found, files),
                                cases.live_of(files), (kind.code, path))

    def test_facts(self) -> None:
        """What the host says of itself."""
        for kind, number, files in _examples():
            if cases.HERE not in files:
                continue
            found = self.gathered(files)
            for changed in _changed(json.loads(files[cases.HERE]), False):
                for one in found:
                    one.here = facts.Told(changed)
                self.judged(kind, found, cases.live_of(files),
                            (kind.code, number, ascii(changed)))

    def test_answers(self) -> None:
        """What the services say."""
        for kind, number, files in _examples():
            if cases.LIVE not in files:
                continue
            found = self.gathered(files)
            for changed in _changed(json.loads(files[cases.LIVE]), False):
                self.judged(kind, found, live.read(changed),
                            (kind.code, number, ascii(changed)))

    def of(self, found: list[tuple[str, pathlib.Path]],
           files: Mapping[str, str]) -> list[hosts.Host]:
        return examination.gathered(
            found, options.NEWEST, local=False,
            here=cases.here_of(files, found[0][1])
            if cases.HERE in files else None)


def _examples() -> Iterator[tuple[type[check.Check], int, check.Files]]:
    for kind in check.load_all():
        for number, files in enumerate(kind.bad):
            yield kind, number, files


def _values(files: check.Files) -> Iterator[tuple[str, int, str]]:
    """File, number of the value in it, and the value."""
    for path, text in files.items():
        if path not in (cases.LIVE, cases.HERE):
            for number, found in enumerate(_LINE.finditer(text)):
                yield path, number, found['value']


def _with(text: str, number: int, value: str) -> str:
    found = list(_LINE.finditer(text))[number]
    return text[:found.start('value')] + value + text[found.end('value'):]


def _changed(data: Any, raw: bool) -> Iterator[Any]:
    """With each of its leaves replaced, one at a time.

    :param raw: as the API sent it, so that it may be of any type
    """
    # A mode is a number that JSON has not.
    if isinstance(data, str) and not re.fullmatch('[0-7]{3,4}', data):
        yield from (NASTY, 'x' * 100_000, HIDDEN, '')
    elif isinstance(data, int | float) and not isinstance(data, bool):
        yield from (HUGE, -HUGE, 0)
    if raw and not isinstance(data, dict | list):
        yield from (None, [], {'x': NASTY}, [NASTY], True, HUGE)
    for key, value in (data.items() if isinstance(data, dict)
                       else enumerate(data) if isinstance(data, list)
                       else ()):
        # Images are shown as they came.
        for changed in _changed(value, raw or key == 'images'):
            copy = data.copy()
            copy[key] = changed
            yield copy


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, list | dict):
        for one in data.values() if isinstance(data, dict) else data:
            yield from _texts(one)


def _removed(path: pathlib.Path) -> None:
    if path.is_dir():
        path.rmdir()
    else:
        path.unlink()


def _loop(path: pathlib.Path) -> None:
    path.symlink_to(path.name)


def _directory(path: pathlib.Path) -> None:
    path.mkdir()


def _fifo(path: pathlib.Path) -> None:
    os.mkfifo(path)


def _outside(path: pathlib.Path) -> None:
    path.symlink_to('/etc/passwd')


def _unreadable(path: pathlib.Path) -> None:
    path.touch(0)


def _huge(path: pathlib.Path) -> None:
    path.touch()
    os.truncate(path, 1024 ** 4)
