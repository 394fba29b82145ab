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

"""Files of a store of the filesystem driver, taken out of sight and back.

Every step is by the descriptors of two directories, and one rename: a file is
in the one or in the other, whenever whoever moves it is killed.
"""

from collections.abc import Iterator
import contextlib
import errno
import fcntl
import os
import stat

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import errors
from glance_lifecycle.transfer.backends.file import datadir
from glance_lifecycle.transfer.backends.file import inventory as file
from glance_lifecycle.transfer.backends.file import kept as keeping
from glance_lifecycle.transfer.backends.file import renaming
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends import quarantine


class FileQuarantine(file.FileInventory, quarantine.Quarantine):
    """Below each data directory."""

    kinds = frozenset((inventory.Kind.IMAGE, inventory.Kind.UNFINISHED))

    def put(self, entry: inventory.Entry, plan: str) -> bool:
        directory = self._directories.get(entry.place)
        if (directory is None or entry.kind not in self.kinds
                or not quarantine.is_plan(plan)
                or not keeping.image_id(entry.name)):
            return False
        with errors.translated(
                self.store, 'taking the file out of sight'
        ), self._there(directory, make=True) as there:
            assert there is not None  # noqa: S101 - it was made
            return self._put(directory, there, entry,
                             keeping.name(plan, entry.name))

    def _put(self, directory: datadir.Datadir, there: int,
             entry: inventory.Entry, name: str) -> bool:
        file_fd = _held(directory, entry)
        if file_fd is None:
            # Perhaps it has been taken, by one who was killed before this.
            return _is(there, name, entry) and _durable(directory, there)
        try:
            status = os.fstat(file_fd)
            if renaming.is_same(directory.fd, entry.name, there, name):
                # It has both names: that has to be ended.
                os.unlink(entry.name, dir_fd=directory.fd)
                return _durable(directory, there)
            if (not stat.S_ISREG(status.st_mode)
                    or file.identity(status) != entry.identity):
                return False
            try:
                renaming.move(directory.fd, entry.name, there, name)
            except (FileExistsError, FileNotFoundError):
                return False
            if not _unchanged(there, name, file_fd, status):
                self._back(directory, there, entry.name, name)
                return False
            return _durable(directory, there)
        finally:
            os.close(file_fd)

    def _back(self, directory: datadir.Datadir, there: int, original: str,
              name: str) -> None:
        """What was taken is another than was looked at."""
        try:
            renaming.move(there, name, directory.fd, original)
        except FileExistsError:
            raise exceptions.StoreError(
                store=self.store, detail='what was taken out of sight, as '
                '%s, was another file, and its name is taken by a third'
                % os.path.join(directory.path, keeping.DIRECTORY, name)
            ) from None
        _durable(directory, there)

    def kept(self, plan: str = '') -> Iterator[quarantine.Kept]:
        for place, directory in self._directories.items():
            try:
                for one in self._kept_in(place, directory):
                    if isinstance(one, quarantine.Kept) and plan in (
                            '', one.plan):
                        yield one
            except keeping.NotOurs as error:
                raise self._not_ours(directory, error) from None

    def restore(self, kept: quarantine.Kept) -> bool:
        directory = self._directories.get(kept.entry.place)
        if directory is None:
            return False
        name = keeping.name(kept.plan, kept.entry.name)
        original = kept.entry.name
        with errors.translated(
                self.store, 'bringing the file back'
        ), self._there(directory) as there:
            if there is None or not _is(there, name, kept.entry):
                # Perhaps it is back already.
                return _is(directory.fd, original, kept.entry)
            try:
                renaming.move(there, name, directory.fd, original)
            except FileExistsError:
                if not renaming.is_same(directory.fd, original, there, name):
                    return False
                os.unlink(name, dir_fd=there)
            return _durable(directory, there)

    def purge(self, kept: quarantine.Kept) -> bool:
        directory = self._directories.get(kept.entry.place)
        if directory is None:
            return False
        name = keeping.name(kept.plan, kept.entry.name)
        with errors.translated(
                self.store, 'removing the file'
        ), self._there(directory) as there:
            status = None if there is None else _status(there, name)
            if there is None or status is None:
                # It has gone, if it is not back.
                return not _is(directory.fd, kept.entry.name, kept.entry)
            if file.identity(status) != kept.entry.identity:
                return False
            os.unlink(name, dir_fd=there)
            return _durable(directory, there)

    @contextlib.contextmanager
    def _there(self, directory: datadir.Datadir, make: bool = False
               ) -> Iterator[int | None]:
        """The descriptor of its quarantine."""
        try:
            fd = keeping.opened(directory, make)
        except keeping.NotOurs as error:
            raise self._not_ours(directory, error) from None
        try:
            yield fd
        finally:
            if fd is not None:
                os.close(fd)

    def _not_ours(self, directory: datadir.Datadir, error: keeping.NotOurs
                  ) -> exceptions.StoreError:
        return exceptions.StoreError(
            store=self.store, detail='%s cannot be used: %s' % (
                os.path.join(directory.path, keeping.DIRECTORY), error))


def _held(directory: datadir.Datadir, entry: inventory.Entry) -> int | None:
    """The file, open, and locked if it is one that a writer would lock.

    :returns: None if it is not there, or has a writer
    """
    unfinished = entry.kind is inventory.Kind.UNFINISHED
    # NFS locks nothing for good that is not open for writing.
    flags = (os.O_RDWR | os.O_NONBLOCK) if unfinished else os.O_PATH
    try:
        fd = os.open(entry.name, flags | os.O_NOFOLLOW | os.O_CLOEXEC,
                     dir_fd=directory.fd)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENXIO):
            return None
        raise
    if unfinished and not _lock(fd):
        os.close(fd)
        return None
    return fd


def _lock(fd: int) -> bool:
    """As the sink does, whose process lives as long as it holds it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # No locks here: the sink has none, either.
        pass
    return True


def _status(directory: int, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _is(directory: int, name: str, entry: inventory.Entry) -> bool:
    """Whether the name is of that file: a rename changes its ctime."""
    status = _status(directory, name)
    return status is not None and stat.S_ISREG(status.st_mode) and (
        file.is_of(entry, status))


def _unchanged(directory: int, name: str, fd: int, before: os.stat_result
               ) -> bool:
    """Whether the name is of the open file, and nobody has written to it."""
    status, now = _status(directory, name), os.fstat(fd)
    return status is not None and os.path.samestat(status, now) and (
        (now.st_size, now.st_mtime_ns) == (before.st_size,
                                           before.st_mtime_ns))


def _durable(directory: datadir.Datadir, there: int) -> bool:
    """Both names; always true."""
    for fd in (there, directory.fd):
        try:
            os.fsync(fd)
        except OSError as error:
            # As Datadir.sync: some file systems have none for directories.
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
                raise
    return True
