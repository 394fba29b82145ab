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

"""Files of directories of this host, as their names and inodes tell.

None is opened to be listed, and no link is followed: names are of strangers.
"""

from collections.abc import Iterator
import dataclasses
import enum
import os
import stat

from glance_lifecycle.transfer import lease

# Of the bytes that st_blocks counts in, see stat(2).
_BLOCK = 512

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# A FIFO would wait for ever, and whoever has a lease must not be waited for.
_FILE = (os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
         | os.O_CLOEXEC)


class Kind(enum.StrEnum):
    """What a place takes a file for.

    STAGED: data of an image that is imported, or will be. RUNNING: a mark of
    a task of Glance's. CACHED, INCOMPLETE, INVALID, QUEUED: of Glance's cache.
    JOURNAL, LOCK, RECORD: of ours. TEMPORARY: the beginning of a record. BASE:
    of Nova's. OTHER: whatever else; it is counted, and nothing is said of it.
    """

    STAGED = 'staged'
    RUNNING = 'running'
    CACHED = 'cached'
    INCOMPLETE = 'incomplete'
    INVALID = 'invalid'
    QUEUED = 'queued'
    JOURNAL = 'journal'
    LOCK = 'lock'
    RECORD = 'record'
    TEMPORARY = 'temporary'
    BASE = 'base'
    OTHER = 'other'


@dataclasses.dataclass(frozen=True, slots=True)
class File:
    """One name.

    :ivar path: of the directory
    :ivar image_id: of the image that the name is of; empty for none
    :ivar size: bytes
    :ivar allocated: bytes that it takes, holes not counted
    :ivar changed: when it last did, or came to be, in seconds since the epoch
    :ivar links: further names of the same file
    :ivar inode: device, number, and time of change in nanoseconds
    """

    path: str
    name: str
    kind: Kind
    image_id: str
    size: int
    allocated: int
    changed: float
    links: int
    inode: tuple[int, int, int]

    @property
    def where(self) -> str:
        return os.path.join(self.path, self.name)


def scan(path: str, *, inner: bool = False
         ) -> Iterator[tuple[str, os.stat_result]]:
    """All names in a directory, in its own order; none if it is not there.

    :param inner: it is one that the service has made, and so no link
    :raises OSError: it cannot be listed to its end
    """
    try:
        fd = os.open(path, _DIRECTORY | (os.O_NOFOLLOW if inner else 0))
    except FileNotFoundError:
        return
    try:
        with os.scandir(fd) as names:
            for one in names:
                try:
                    yield one.name, one.stat(follow_symlinks=False)
                except FileNotFoundError:
                    # It has just gone.
                    continue
    finally:
        os.close(fd)


def made(path: str, name: str, status: os.stat_result, kind: Kind,
         image_id: str = '') -> File:
    """:param kind: counts for regular files only"""
    if not stat.S_ISREG(status.st_mode):
        kind, image_id = Kind.OTHER, ''
    return File(
        path, name, kind, image_id, status.st_size,
        status.st_blocks * _BLOCK,
        # The one can be set, by whoever restores a backup, the other not.
        max(status.st_mtime, status.st_ctime), max(0, status.st_nlink - 1),
        _inode(status))


def same(file: File) -> bool:
    """Whether nothing has happened to it since it was listed."""
    try:
        return _inode(os.lstat(file.where)) == file.inode
    except OSError:
        return False


def is_at(file: File, path: str) -> bool:
    """Whether a path leads to it, on whatever way."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return False
    return (status.st_dev, status.st_ino) == file.inode[:2]


def use(file: File) -> lease.Use:
    """Whether anybody has it open now."""
    try:
        fd = os.open(file.where, _FILE)
    except BlockingIOError:
        # Somebody has a lease, as the worker does before it cleans.
        return lease.Use.OPEN
    except OSError:
        return lease.Use.UNKNOWN
    try:
        if _inode(os.fstat(fd)) != file.inode:
            return lease.Use.UNKNOWN
        return lease.use(fd)
    finally:
        os.close(fd)


def _inode(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_dev, status.st_ino, status.st_ctime_ns
