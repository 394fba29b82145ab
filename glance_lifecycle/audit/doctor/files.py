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

"""Which files a glance-api reads, and in which order.

As glance.common.wsgi_app does in the releases 31 to 33: of the directory
/etc/glance, glance-image-import.conf and then glance-api.conf; after them,
as oslo.config does by itself, the directories glance.conf.d and
glance-api.conf.d. What is read later wins.
"""

from collections.abc import Iterator
import dataclasses
import pathlib

from glance_lifecycle.audit.doctor import ini
from glance_lifecycle.audit.doctor import reading

NAMES = ('glance-image-import.conf', 'glance-api.conf')
_DIRECTORIES = ('glance.conf.d', 'glance-api.conf.d')
_MOST_FILES = 100
_MOST_OTHERS = 10

# Below the directory of a host, where its configuration may lie: as it is, in
# a report of sosreport, and as deployment tools mount it into containers.
_PLACES = (
    '.', 'etc/glance', 'glance',
    'var/lib/config-data/puppet-generated/glance_api/etc/glance',
    'etc/kolla/glance-api', 'glance-api')


@dataclasses.dataclass(frozen=True)
class File:
    """One that was read.

    :ivar shown: its path, as messages name it
    :ivar broken: why it was not read; empty if it was
    """

    shown: str
    parsed: ini.Parsed
    broken: str = ''


@dataclasses.dataclass(frozen=True)
class Directory:
    """The configuration of one host.

    :ivar path: of what is /etc/glance there
    :ivar root: what nothing is read from outside of; None on this host
    """

    path: pathlib.Path
    root: pathlib.Path | None = None

    def files(self) -> Iterator[File]:
        """In the order of oslo.config."""
        for name in NAMES:
            yield from self._file(name)
        for directory in _DIRECTORIES:
            try:
                names = sorted(each.name for each in
                               (self.path / directory).glob('*.conf'))
            except OSError:
                names = []
            # oslo.config's glob leaves out what is hidden.
            names = [name for name in names if not name.startswith('.')]
            for name in names[:_MOST_FILES]:
                yield from self._file('%s/%s' % (directory, name))
            if names[_MOST_FILES:]:
                yield File(self.shown(directory), ini.Parsed(), (
                    'It has %d files: those after %s were not looked at.' % (
                        len(names), names[_MOST_FILES - 1])))

    def data(self, named: str) -> bytes | None:
        """The bytes of a file that an option names; None if not at hand.

        Only of what is in the directory: a stranger's configuration may name
        anything.

        :raises Unreadable: it is there, and cannot be used
        """
        path = self._named(named)
        if path is None:
            return None
        try:
            return reading.read(path, self.root or self.path)
        except FileNotFoundError:
            return None

    def matching(self, pattern: str) -> Iterator[tuple[str, str]]:
        """Path, as it is shown, and text of other files that can be read."""
        try:
            found = sorted(self.path.glob(pattern))[:_MOST_OTHERS]
        except OSError:
            return
        for path in found:
            try:
                yield str(path), reading.text(path, self.root)
            except (FileNotFoundError, reading.Unreadable):
                continue

    def names(self, directory: str) -> list[str]:
        """Of the files in a directory below, in order; at most 100."""
        try:
            return sorted(
                each.name for each in (self.path / directory).iterdir()
                if not each.name.startswith('.'))[:_MOST_FILES]
        except OSError:
            return []

    def lacks(self, named: str) -> bool:
        """Whether a file would be in the directory, and is not."""
        path = self._named(named)
        return path is not None and not path.exists()

    def where(self, named: str) -> str:
        """Path of what ``data()`` reads; as it is named, if it reads none."""
        path = self._named(named)
        return named if path is None else str(path)

    def shown(self, name: str) -> str:
        return str(self.path / name)

    def _file(self, name: str) -> Iterator[File]:
        shown = self.shown(name)
        try:
            text = reading.text(self.path / name, self.root)
        except FileNotFoundError:
            return
        except reading.Unreadable as error:
            yield File(shown, ini.Parsed(), error.reason)
            return
        yield File(shown, ini.parse(text, shown))

    def _named(self, named: str) -> pathlib.Path | None:
        path = pathlib.PurePath(named)
        if '..' in path.parts or '\0' in named or len(named) > 1000:
            return None
        if not path.is_absolute():
            return self.path / path
        if path.is_relative_to(self.path.absolute()):
            return pathlib.Path(path)
        if path.is_relative_to('/etc/glance'):
            return self.path / path.relative_to('/etc/glance')
        if self.root is not None and self.root != self.path:
            return self.root / path.relative_to('/')
        return None


def found(root: pathlib.Path, *, local: bool) -> Directory | None:
    """Where a host's configuration lies below a directory.

    :param local: the directory is this host's own
    """
    for place in _PLACES:
        path = root / place
        if any((path / name).exists() or (path / name).is_symlink()
               for name in NAMES):
            return Directory(path, None if local else root)
    return None
