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

"""A ceph.conf, as far as a client of RBD is concerned.

Ceph reads a name with spaces, with "-" and with "_" as the same, and a
comment behind a value as a comment.
https://docs.ceph.com/en/latest/rados/configuration/ceph-conf/
"""

from collections.abc import Iterable
import dataclasses
import pathlib
import re
from typing import Protocol

from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import reading
from glance_lifecycle.audit import finding

#: Where clients look, unless they are told.
DEFAULT = '/etc/ceph/ceph.conf'

_MOST_LINES = 10_000
_LONGEST = 1000
_COMMENT = re.compile(r'(?<!\\)[#;].*')
_SEPARATORS = re.compile(r'[\s-]+')

# No others are shown: a key may stand here.
_SHOWN = ('fsid', 'rbd_default_features', 'auth_client_required')


@dataclasses.dataclass(frozen=True)
class Conf:
    """One file.

    :ivar options: (section, name with "_") -> its last value, and the line
    """

    path: str
    options: dict[tuple[str, str], tuple[str, int]]

    def value(self, name: str, *sections: str) -> str:
        """In the first of these sections that has it, or in [global].

        Empty if it is not set, or a report has taken it away.
        """
        for section in (*sections, 'client', 'global'):
            found = self.options.get((section, name))
            if found is not None:
                return '' if masking.hidden(found[0]) else found[0]
        return ''

    def place(self, name: str, *sections: str) -> finding.Place:
        """Where that stands, or the file."""
        for section in (*sections, 'client', 'global'):
            found = self.options.get((section, name))
            if found is not None:
                return finding.Place(
                    self.path, found[1], '[%s] %s' % (
                        masking.name(section), masking.name(name)),
                    masking.value(found[0]) if name in _SHOWN else None)
        return finding.Place(self.path)

    @property
    def fsid(self) -> str:
        return self.value('fsid').lower()


def parse(text: str, path: str) -> Conf:
    """What Ceph would find in a file with this text."""
    options: dict[tuple[str, str], tuple[str, int]] = {}
    section = 'global'
    for number, line in enumerate(text.split('\n')[:_MOST_LINES], 1):
        line = _COMMENT.sub('', line).strip()
        if line.startswith('['):
            section = line.strip('[]').strip()
            continue
        name, equals, value = line.partition('=')
        if equals and name.strip():
            options[section, _SEPARATORS.sub(
                '_', name.strip()).lower()] = (
                    value.strip().strip('"\''), number)
    return Conf(path, options)


class Place(Protocol):
    """Where one may lie."""

    def conf(self, named: str, any_name: bool = False) -> Conf | None:
        """What is read by this name, if it is at hand."""


@dataclasses.dataclass(frozen=True)
class Below:
    """A directory, or one in it.

    :ivar within: what nothing is read from outside of
    """

    base: pathlib.Path
    within: pathlib.Path | None

    def conf(self, named: str, any_name: bool = False) -> Conf | None:
        name = pathlib.PurePath(named).name
        if not name or '\0' in named or len(named) > _LONGEST:
            return None
        # Of this host's root, only the place of all.
        places = ('etc/ceph',) if self.within is None else (
            '', 'ceph', 'etc/ceph')
        for place in places:
            found = read(self.base / place / name, self.within)
            if found is not None:
                return found
        return None


@dataclasses.dataclass(frozen=True)
class Named:
    """One that the command line names."""

    path: pathlib.Path

    def conf(self, named: str, any_name: bool = False) -> Conf | None:
        if any_name or pathlib.PurePath(named).name == self.path.name:
            return read(self.path, None)
        return None


class Places:
    """Some of these, in order; what was read is kept."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._places = tuple(places)
        self._read: dict[str, Conf | None] = {}

    def conf(self, named: str) -> Conf | None:
        """The first that is there.

        :param named: path in the configuration of a service; empty: the
            default
        """
        if named not in self._read:
            found = (one.conf(named or DEFAULT) for one in self._places)
            self._read[named] = next(filter(None, found), None)
        return self._read[named]


def read(path: pathlib.Path, within: pathlib.Path | None) -> Conf | None:
    """A file; None if it is not there, or cannot be used."""
    try:
        return parse(reading.text(path, within), str(path))
    except (FileNotFoundError, reading.Unreadable):
        return None
