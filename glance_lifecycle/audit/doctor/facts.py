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

"""What is so on this host, beside its files of configuration.

Asked only with ``--this-host``: of another host's directories nobody can know
here who owns them, and how much room there is. What cannot be looked at is
None, and is not judged.
"""

from collections.abc import Mapping
import dataclasses
import functools
import grp
import importlib.metadata
import importlib.util
import os
import pathlib
import pwd
import time
from typing import Any
from typing import Protocol

PLUGINS = 'glance.image_import.plugins'

#: File systems that are memory, and those that a server somewhere has.
IN_MEMORY = frozenset(('tmpfs', 'ramfs'))
ON_NETWORK = frozenset((
    'nfs', 'nfs4', 'cifs', 'smb3', 'ceph', 'glusterfs', 'fuse.glusterfs',
    'fuse.ceph-fuse', 'fuse.sshfs', 'lustre', 'gpfs', 'ocfs2', 'gfs2'))

_MOUNTS = pathlib.Path('/proc/self/mountinfo')
_MEMORY = pathlib.Path('/proc/meminfo')
_MOST_MOUNTS = 4 * 1024 ** 2
_MOST_FILES = 10_000
_LONGEST = 4096
_KIB = 1024


@dataclasses.dataclass(frozen=True)
class Place:
    """A file or directory.

    One that is not there is described by the nearest directory above it that
    is: there it would be made.

    :ivar kind: of its file system, as mount(8) calls it
    :ivar looked: False on a file system of the network: a server that is away
        would be waited for, and only ``kind`` is known
    :ivar device: the same for what lies on the same file system
    :ivar size: bytes of the file system
    :ivar free: bytes that a service may still write
    :ivar acl: whether access is decided by more than ``mode``
    """

    kind: str
    looked: bool = True
    exists: bool = True
    device: int = 0
    size: int = 0
    free: int = 0
    owner: str = ''
    groups: tuple[str, ...] = ()
    mode: int = 0o755
    acl: bool = False

    def lets(self, user: str, bits: int) -> bool | None:
        """Whether a user may; None if that cannot be told.

        :param bits: 4 to read, 2 to write, of others
        """
        if not user or not self.looked or self.acl:
            return None
        if user == 'root':
            return True
        if self.owner == user:
            return bool(self.mode & bits << 6)
        if user in self.groups:
            return bool(self.mode & bits << 3)
        return bool(self.mode & bits)


@dataclasses.dataclass(frozen=True)
class File:
    """One in a directory.

    :ivar age: seconds since it was written to
    """

    name: str
    size: int
    age: float


class Facts(Protocol):
    """Of one host."""

    @property
    def user(self) -> str:
        """That glance-api usually runs as; empty if there is none."""

    @property
    def memory(self) -> int:
        """Bytes; 0 if it is not known."""

    def place(self, path: str) -> Place | None:
        """What is there."""

    def files(self, path: str) -> list[File] | None:
        """In a directory, some thousand of them at most."""

    def plugin(self, name: str) -> str | None:
        """Why Glance could not load an import plugin; empty if it can."""


class ThisHost:
    """Of the host on which this runs."""

    def __init__(self) -> None:
        self.user = 'glance' if _known('glance') else ''

    @functools.cached_property
    def memory(self) -> int:
        try:
            for line in _MEMORY.read_text().split('\n'):
                name, _, value = line.partition(':')
                if name == 'MemTotal':
                    return int(value.split()[0]) * _KIB
        except (OSError, ValueError, IndexError):
            pass
        return 0

    def place(self, path: str) -> Place | None:
        if not _usable(path):
            return None
        named = os.path.normpath(path)
        # Before anything there is touched.
        kind = self._kind(named)
        if kind not in ON_NETWORK:
            kind = self._kind(os.path.realpath(named))
        if kind in ON_NETWORK:
            return Place(kind, looked=False)
        one = pathlib.Path(named)
        for above in (one, *one.parents):
            try:
                found = os.stat(above)
                room = os.statvfs(above)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError:
                return None
            return Place(
                kind, exists=above == one, device=found.st_dev,
                size=room.f_blocks * room.f_frsize,
                free=room.f_bavail * room.f_frsize,
                owner=_name(found.st_uid), groups=_members(found.st_gid),
                mode=found.st_mode & 0o7777, acl=_acl(above))
        return None

    def files(self, path: str) -> list[File] | None:
        place = self.place(path)
        if place is None or not place.looked or not place.exists:
            return None
        now, found = time.time(), []
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    state = entry.stat(follow_symlinks=False)
                    if entry.is_file(follow_symlinks=False):
                        found.append(File(entry.name, state.st_size,
                                          now - state.st_mtime))
                    if len(found) == _MOST_FILES:
                        break
        except OSError:
            return None
        return found

    def plugin(self, name: str) -> str | None:
        # Without Glance, this is not its environment.
        if importlib.util.find_spec('glance') is None:
            return None
        found = importlib.metadata.entry_points(group=PLUGINS, name=name)
        if not found:
            return 'it is not installed'
        try:
            next(iter(found)).load()
        except Exception as error:
            # Its text may hold anything.
            return 'it fails with %s' % type(error).__name__
        return ''

    def _kind(self, path: str) -> str:
        """Of the file system that a path is on."""
        found, longest = '', -1
        for point, kind in self._mounts:
            if len(point) >= longest and (
                    path == point or path.startswith(
                        point.rstrip('/') + '/')):
                # What is mounted over another hides it.
                found, longest = kind, len(point)
        return found

    @functools.cached_property
    def _mounts(self) -> list[tuple[str, str]]:
        try:
            with _MOUNTS.open(errors='replace') as file:
                text = file.read(_MOST_MOUNTS)
        except OSError:
            return []
        found = []
        for line in text.split('\n'):
            left, dash, right = line.partition(' - ')
            if dash and len(left.split()) > 4:
                found.append((_unescaped(left.split()[4]),
                              right.partition(' ')[0]))
        return found


class Told:
    """Of examples: a host that is described."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.user: str = data.get('user', 'glance')
        self.memory: int = data.get('memory', 0)
        self._places = data.get('places', {})
        self._files = data.get('files', {})
        self._plugins = data.get('plugins', {})

    def place(self, path: str) -> Place | None:
        data = self._places.get(os.path.normpath(path))
        if data is None:
            return None
        return Place(**{'kind': 'ext4', 'owner': self.user, **data,
                        'mode': int(data.get('mode', '755'), 8)})

    def files(self, path: str) -> list[File] | None:
        data = self._files.get(os.path.normpath(path))
        return None if data is None else [
            File(name, size, age) for name, size, age in data]

    def plugin(self, name: str) -> str | None:
        found: str | None = self._plugins.get(name)
        return found


def _usable(path: str) -> bool:
    return path.startswith('/') and '\0' not in path and (
        len(path) < _LONGEST)


def _known(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _members(gid: int) -> tuple[str, ...]:
    """The users of a group."""
    found = {one.pw_name for one in pwd.getpwall() if one.pw_gid == gid}
    try:
        found.update(grp.getgrgid(gid).gr_mem)
    except KeyError:
        pass
    return tuple(sorted(found))


def _acl(path: pathlib.Path) -> bool:
    try:
        return 'system.posix_acl_access' in os.listxattr(path)
    except OSError:
        return False


def _unescaped(text: str) -> str:
    r"""As the kernel escapes them: a space is \040."""
    for escaped, plain in (('\\040', ' '), ('\\011', '\t'), ('\\012', '\n'),
                           ('\\134', '\\')):
        text = text.replace(escaped, plain)
    return text
