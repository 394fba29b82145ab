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

"""The systemd unit that runs glance-api, with what is dropped in.

Looked for where systemd does, in a gathered directory or, with --this-host, on
this one; a unit may also lie right beside glance-api.conf.
https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html
"""

from collections.abc import Iterator
import dataclasses
import pathlib
import re

from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import reading
from glance_lifecycle.audit import finding

# As packages of distributions, DevStack and openstack-ansible name it.
_PATTERNS = ('*glance-api*.service', 'devstack@g-api.service')

# The first that has a unit wins; what is dropped in, in all of them.
_DIRECTORIES = ('etc/systemd/system', 'run/systemd/system',
                'usr/lib/systemd/system', 'lib/systemd/system')
_SECTION = '[Service]'
_MOST_FILES = 20
_MOST_LINES = 2000
_FALSE = frozenset(('', '0', 'no', 'false', 'off', 'n', 'f'))
_UNITS = {'': 1, 'us': 1e-6, 'ms': 1e-3, 's': 1, 'sec': 1, 'm': 60,
          'min': 60, 'h': 3600, 'hr': 3600, 'd': 86400}
_TIME = re.compile(r'(\d+(?:\.\d+)?)\s*([a-z]*)\s*')
_SIZE = re.compile(r'(\d{1,15})([KMGT]?)')
_TIMES = {'': 1, 'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30, 'T': 1 << 40}


@dataclasses.dataclass(frozen=True)
class Unit:
    """One unit.

    :ivar options: name -> its values in order, each with file and line; an
        empty one has removed those before it
    """

    name: str
    path: str
    options: dict[str, list[tuple[str, str, int]]]

    def value(self, name: str) -> str:
        """The last; empty if it is not set.

        :raises Hidden: a report has taken it away
        """
        value = self.options.get(name, [('', '', 0)])[-1][0]
        if masking.hidden(value):
            raise hosts.Hidden
        return value

    def words(self, name: str) -> list[str]:
        """Of all values."""
        return [word.strip('-+"') for value, _path, _line
                in self.options.get(name, ()) for word in value.split()]

    def on(self, name: str) -> bool:
        return self.value(name).lower() not in _FALSE

    def seconds(self, *names: str) -> float | None:
        """Of the first that is set; infinity, and what is no time, is None."""
        for name in names:
            value = self.value(name).lower()
            if value:
                found = list(_TIME.finditer(value))
                if ''.join(one[0] for one in found) != value or any(
                        one[2] not in _UNITS for one in found):
                    return None
                return sum(float(one[1]) * _UNITS[one[2]] for one in found)
        return None

    def number(self, name: str) -> int | None:
        """Of the soft limit, if there are two; None if there is none."""
        found = _SIZE.fullmatch(self.value(name).partition(':')[0].strip())
        return int(found[1]) * _TIMES[found[2]] if found else None

    def place(self, name: str) -> finding.Place:
        """Where that stands, or the unit."""
        if name not in self.options:
            return finding.Place(self.path)
        _value, path, line = self.options[name][-1]
        return finding.Place(path, line, '%s %s' % (_SECTION, name))


def of(host: hosts.Host) -> Iterator[Unit]:
    """Of a host, those that are at hand."""
    within = host.directory.root
    root = pathlib.Path('/') if within is None and host.here else within
    places: list[tuple[pathlib.Path, pathlib.Path | None]] = [
        (host.directory.path, within or host.directory.path)]
    if root is not None:
        places += [(root / one, within) for one in _DIRECTORIES]
    seen = set()
    for directory, bound in places:
        for path in _matching(directory):
            if path.name not in seen:
                seen.add(path.name)
                yield from _read(path, bound, [
                    one for one, _bound in reversed(places)])


def _read(path: pathlib.Path, within: pathlib.Path | None,
          directories: list[pathlib.Path]) -> Iterator[Unit]:
    options: dict[str, list[tuple[str, str, int]]] = {}
    dropped = {one.name: one for directory in directories
               for one in _glob(directory / (path.name + '.d'), '*.conf')}
    for one in (path, *(dropped[name] for name in sorted(dropped))):
        try:
            text = reading.text(one, within)
        except (FileNotFoundError, reading.Unreadable):
            continue
        here = False
        for number, line in enumerate(text.split('\n')[:_MOST_LINES], 1):
            line = line.strip()
            if line.startswith('['):
                here = line == _SECTION
            elif here and line and line[0] not in '#;':
                name, _, value = line.partition('=')
                kept = options.setdefault(name.strip(), [])
                if not value.strip():
                    kept.clear()
                kept.append((value.strip(), str(one), number))
    if options:
        yield Unit(path.name, str(path), options)


def _matching(directory: pathlib.Path) -> Iterator[pathlib.Path]:
    for pattern in _PATTERNS:
        yield from _glob(directory, pattern)


def _glob(directory: pathlib.Path, pattern: str) -> list[pathlib.Path]:
    try:
        return sorted(directory.glob(pattern))[:_MOST_FILES]
    except OSError:
        return []
