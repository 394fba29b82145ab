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


"""Names in one data directory: made, published and removed durably.

Everything goes through one descriptor of the directory, so a file system
mounted over it, or a directory moved meanwhile, changes nothing.
"""

import dataclasses
import errno
import fcntl
import logging
import os
import re
import stat
import struct

LOG = logging.getLogger(__name__)

_NO_HARD_LINKS = frozenset((errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS,
                            errno.EMLINK))


# As ``temporary_name`` has it.
_TEMPORARY = re.compile(r'\.(.+)\.lifecycle', re.DOTALL)

# FS_IOC_GETVERSION of linux/fs.h, where _IOR is as on x86 and ARM.
_GET_GENERATION = 0x80087601


@dataclasses.dataclass(frozen=True, slots=True)
class Identity:
    """Which file, or directory, it is, also after a restart of the host.

    A file that is removed gives its inode's number to the next one; the
    generation tells them apart.

    :ivar filesystem: statvfs(3)'s f_fsid
    :ivar generation: 0 where the file system has none
    """

    filesystem: int
    inode: int
    generation: int

    @classmethod
    def of(cls, fd: int) -> 'Identity':
        """:raises OSError: as statvfs(3) does"""
        return cls(os.statvfs(fd).f_fsid, os.fstat(fd).st_ino,
                   _generation(fd))

    def is_same(self, other: 'Identity') -> bool:
        """The same file, even where the file system has another number.

        XFS takes its number from that of the device, which may have changed
        with the last start.
        """
        return (self.inode == other.inode
                and self.generation == other.generation
                and (self.generation != 0
                     or self.filesystem == other.filesystem))


class Alive(Exception):
    """The unfinished file belongs to a process that is still writing."""


def temporary_name(image_id: str) -> str:
    """The unfinished file's name; hidden from whoever lists images."""
    return '.%s.lifecycle' % image_id


def unfinished(name: str) -> str | None:
    """What ``temporary_name`` was given; None where that was not called."""
    found = _TEMPORARY.fullmatch(name)
    return found and found[1]


def check_name(image_id: str) -> str:
    """The name itself, where it is one and no path.

    :raises ValueError: it would leave the directory
    """
    if image_id in ('', '.', '..') or '/' in image_id or '\0' in image_id:
        raise ValueError('not a file name')
    return image_id


class Datadir:
    """One open data directory.

    :raises OSError: it cannot be opened
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        """Close the descriptor; safe to call twice."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def exists(self, name: str) -> bool:
        """Whether the name is taken, also by a dangling link."""
        try:
            os.stat(name, dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def create(self, name: str) -> int:
        """A new empty file, locked for as long as it stays open.

        The lock tells a file that is being written from one that a dead
        process left, of which the latter is removed first. The mode is the
        one that ``open(path, 'wb')`` of the stock driver gives.

        :raises Alive: somebody is writing it
        :raises OSError: as open(2) does
        """
        flags = (os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW |
                 os.O_CLOEXEC)
        try:
            fd = os.open(name, flags, 0o666, dir_fd=self.fd)
        except FileExistsError:
            self.remove_dead(name)
            fd = os.open(name, flags, 0o666, dir_fd=self.fd)
        _lock(fd)
        return fd

    def remove_dead(self, name: str) -> bool:
        """Remove the file unless a living process holds its lock.

        :returns: whether there was one
        :raises Alive: somebody is writing it
        :raises OSError: as unlink(2) does
        """
        try:
            fd = os.open(name, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK |
                         os.O_CLOEXEC, dir_fd=self.fd)
        except OSError:
            # A link, a pipe, not ours to open, or gone: no lock to respect.
            return self.remove(name)
        try:
            if not _lock(fd):
                raise Alive()
            return self.remove(name)
        finally:
            os.close(fd)

    def remove(self, name: str) -> bool:
        """Remove the name; whether it was there.

        :raises OSError: as unlink(2) does
        """
        try:
            os.unlink(name, dir_fd=self.fd)
        except FileNotFoundError:
            return False
        return True

    def identity(self) -> Identity:
        """:raises OSError: as statvfs(3) does"""
        return Identity.of(self.fd)

    def filesystem(self) -> int:
        """:raises OSError: as statvfs(3) does"""
        return os.statvfs(self.fd).f_fsid

    def look(self, name: str) -> tuple[Identity, float] | None:
        """Which file has the name, and when it was last changed.

        :returns: None where there is none, or no regular one
        :raises OSError: it cannot be opened
        """
        try:
            fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK |
                         os.O_CLOEXEC, dir_fd=self.fd)
        except OSError as error:
            # Missing, a link, a socket: in any case nothing that we made.
            if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENXIO):
                return None
            raise
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                return None
            return Identity.of(fd), status.st_ctime
        finally:
            os.close(fd)

    def is_same(self, name: str, fd: int) -> bool:
        """Whether the name still is the open file."""
        try:
            there = os.stat(name, dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return os.path.samestat(there, os.fstat(fd))

    def publish(self, name: str, final: str) -> None:
        """Rename without ever replacing; not durable before ``sync``.

        rename(2) would overwrite, so this is link(2) and unlink(2).

        :raises FileExistsError: the final name is taken
        :raises OSError: as link(2) does
        """
        try:
            os.link(name, final, src_dir_fd=self.fd, dst_dir_fd=self.fd,
                    follow_symlinks=False)
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            if self.exists(final):
                raise FileExistsError(errno.EEXIST,
                                      os.strerror(errno.EEXIST)) from error
            os.rename(name, final, src_dir_fd=self.fd, dst_dir_fd=self.fd)
            return
        os.unlink(name, dir_fd=self.fd)

    def replace(self, name: str, final: str, wrong: Identity) -> None:
        """Rename over that very file; not durable before ``sync``.

        In one step: whoever opens the final name gets the one or the other.

        :param wrong: the file that is to go; if it has gone, as ``publish``
        :raises FileExistsError: the final name is another's by now
        :raises OSError: as rename(2) does
        """
        found = self.look(final)
        if found is None:
            self.publish(name, final)
            return
        if not found[0].is_same(wrong):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        os.rename(name, final, src_dir_fd=self.fd, dst_dir_fd=self.fd)

    def sync(self) -> None:
        """Make the names durable.

        :raises OSError: as fsync(2) does, but where directories have none
        """
        try:
            os.fsync(self.fd)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
                raise


def _generation(fd: int) -> int:
    try:
        answer = fcntl.ioctl(fd, _GET_GENERATION, bytes(8))
    except OSError:
        return 0
    (generation,) = struct.unpack_from('I', answer)
    return int(generation)


def _lock(fd: int) -> bool:
    """Whether the lock is ours, or the file system has no locks at all."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        LOG.debug('No file locks here: %s', error.strerror)
    return True
