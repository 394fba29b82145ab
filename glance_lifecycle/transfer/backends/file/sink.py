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


"""The sink of glance_store's filesystem driver.

Same place, name, mode, location and metadata as the driver's, but written
beside its final place under a hidden name, sparse, past the page cache
where that is possible, made durable, and only then given its name.
"""

from collections.abc import Sequence
import logging
import os
import threading
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import errors
from glance_lifecycle.transfer.backends.file import datadir
from glance_lifecycle.transfer.backends.file import direct_io
from glance_lifecycle.transfer.backends.file import options as file_options
from glance_lifecycle.transfer.backends.file import reflink
from glance_lifecycle.transfer.backends.file import undo as file_undo
from glance_lifecycle.transfer import confine
from glance_lifecycle.transfer import sink

LOG = logging.getLogger(__name__)


class FileSink(sink.Sink):
    """One image in one data directory of a file store.

    ``abort`` after a commit that succeeded does nothing; ``undo`` takes
    such a copy back. Options: see ``file_options.describe``; and ``replaces``,
    the ``datadir.Identity`` as a list of a wrong copy whose place is taken, in
    the only data directory, in the moment when the new one is whole.
    """

    def __init__(self, store: str, image_id: str,
                 options: dict[str, Any]) -> None:
        super().__init__(store, image_id, options)
        self._dir: datadir.Datadir | None = None
        self._fd = -1
        self._writer: direct_io.Writer | None = None
        self._written = 0
        self._published = False
        self._committed = False
        self._leader: FileSink | None = None
        self._leader_fd = -1
        # For followers: set when every byte is there, or never will be.
        self.settled = threading.Event()
        self.failed = False

    @classmethod
    def describe(cls, conf: Any, store: str) -> dict[str, Any]:
        return file_options.describe(conf, store)

    @classmethod
    def reach(cls, options: dict[str, Any]) -> confine.Reach:
        return confine.Reach(
            modes=bool(options['mode']),
            write=tuple(path for path, _priority in options['datadirs']))

    @classmethod
    def undo(cls, store: str, image_id: str, options: dict[str, Any],
             created: Sequence[sink.Mark]) -> bool:
        return file_undo.undo(store, image_id, options, created)

    @classmethod
    def absent(cls, store: str, image_id: str,
               options: dict[str, Any]) -> sink.Mark:
        return file_undo.absent(store, image_id, options)

    @classmethod
    def apart(cls, image_id: str, created: Sequence[sink.Mark],
              url: str) -> Sequence[sink.Mark]:
        return file_undo.apart(image_id, created, url)

    @property
    def bytes_written(self) -> int:
        return self._written

    def begin(self, size: int, data_size: int | None = None) -> None:
        self._size = size
        need = size if data_size is None else data_size
        with errors.translated(self.store, 'opening the store'):
            path = self._room(need)
            self._dir = datadir.Datadir(path)
            name = file_undo.checked(self.store, self.image_id)
            if self._dir.exists(name) and not self._is_replaced(
                    self._dir, name):
                raise self._duplicate()
            self._create()
            os.ftruncate(self._fd, size)
        self._settle()

    def write(self, offset: int, data: memoryview) -> None:
        self._expect(offset, len(data))
        if self._leader is None:
            assert self._writer is not None  # noqa: S101 - for mypy
            try:
                self._writer.write(offset, data)
            except OSError as error:
                self._fail()
                raise errors.store_error(
                    self.store, 'writing the image', error) from error
            self._written += len(data)
        self._advance(len(data))

    def zero(self, offset: int, length: int) -> None:
        # The file is all hole until it is written.
        self._expect(offset, length)
        self._advance(length)

    def commit(self) -> sink.Stored:
        try:
            with errors.translated(self.store, 'completing the image'):
                return self._commit()
        except BaseException:
            self._fail()
            raise

    def abort(self) -> None:
        self._fail()
        if self._dir is not None and not self._committed:
            for name, ours in (
                    (datadir.temporary_name(self.image_id), self._fd >= 0),
                    (self.image_id, self._published)):
                if ours:
                    self._discard(self._dir, name)
        self._close()

    def follow(self, leader: sink.Sink) -> bool:
        """Clone the leader's file at commit instead of writing one."""
        if not isinstance(leader, FileSink):
            return False
        # Both are of this class.
        size, fd = leader._size, leader._fd  # noqa: SLF001
        if self._size == 0 or self._size != size:
            return False
        if not reflink.can_clone(fd, self._fd):
            return False
        self._leader = leader
        # One's own descriptor: the leader closes its file when it commits.
        self._leader_fd = os.dup(fd)
        return True

    def _room(self, need: int) -> str:
        if self.options['by_space']:
            path = file_options.choose_datadir(self.options, need)
            if path is not None:
                return path
            free = 'no data directory has'
        else:
            path = str(self.options['datadirs'][0][0])
            room = file_options.free_bytes(path)
            if room >= need:
                return path
            free = '%d bytes are free, not' % room
        raise exceptions.StoreFull(
            store=self.store,
            detail='%s the %d bytes that the image needs' % (free, need))

    def _is_replaced(self, directory: datadir.Datadir, name: str) -> bool:
        wrong = self.options.get('replaces')
        if not wrong:
            return False
        found = directory.look(name)
        return found is not None and found[0].is_same(
            datadir.Identity(*wrong))

    def _duplicate(self) -> exceptions.StoreDuplicate:
        return exceptions.StoreDuplicate(
            store=self.store, detail='a file named %s' % self.image_id)

    def _create(self) -> None:
        assert self._dir is not None  # noqa: S101 - for mypy
        name = datadir.temporary_name(self.image_id)
        try:
            self._fd = self._dir.create(name)
        except datadir.Alive:
            raise exceptions.StoreDuplicate(
                store=self.store,
                detail='another transfer is writing it now') from None
        self._made(file_undo.made(self._dir, self._fd))
        self._writer = direct_io.Writer(
            self._fd, direct_io.open_direct(name, self._dir.fd))

    def _expect(self, offset: int, length: int) -> None:
        super()._expect(offset, length)
        if self._leader is not None and self._leader.failed:
            raise self._lost_leader()

    def _advance(self, length: int) -> None:
        self._position += length
        self._settle()

    def _settle(self) -> None:
        if self._position >= self._size:
            self.settled.set()

    def _fail(self) -> None:
        self.failed = not self._committed
        self.settled.set()

    def _lost_leader(self) -> exceptions.StoreError:
        assert self._leader is not None  # noqa: S101 - for mypy
        return exceptions.StoreError(
            store=self.store,
            detail='it shares the extents of store %s, which failed' %
            self._leader.store)

    def _commit(self) -> sink.Stored:
        if self._dir is None or self._position != self._size:
            raise self._not_whole()
        self._clone()
        self._set_mode()
        os.fsync(self._fd)
        self._publish(self._dir)
        self._committed = True
        path = os.path.join(self._dir.path, self.image_id)
        self._close()
        metadata = file_options.location_metadata(self.options, path)
        metadata['store'] = self.store
        return sink.Stored(url='file://%s' % path, metadata=metadata)

    def _clone(self) -> None:
        if self._leader is None:
            return
        # Each sink has its own thread, and this one had nothing to do.
        self._leader.settled.wait()
        if self._leader.failed:
            raise self._lost_leader()
        reflink.clone(self._leader_fd, self._fd)

    def _set_mode(self) -> None:
        if not self.options['mode']:
            return
        try:
            os.fchmod(self._fd, self.options['mode'])
        except OSError as error:
            # The driver too stores the image all the same.
            LOG.warning('Cannot set filesystem_store_file_perm on image %s '
                        'in store %s: %s', self.image_id, self.store, error)

    def _publish(self, directory: datadir.Datadir) -> None:
        name = datadir.temporary_name(self.image_id)
        if not directory.is_same(name, self._fd):
            raise exceptions.StoreError(
                store=self.store, detail='its unfinished file was replaced '
                'by another process; import again')
        try:
            if wrong := self.options.get('replaces'):
                directory.replace(name, self.image_id,
                                  datadir.Identity(*wrong))
            else:
                directory.publish(name, self.image_id)
        except FileExistsError:
            raise self._duplicate() from None
        except OSError:
            # It may have failed after the new name was made.
            self._published = directory.is_same(self.image_id, self._fd)
            raise
        self._published = True
        directory.sync()

    def _discard(self, directory: datadir.Datadir, name: str) -> None:
        try:
            if directory.is_same(name, self._fd):
                directory.remove(name)
                directory.sync()
        except OSError as error:
            LOG.error('Cannot remove %s of image %s from store %s: %s. '
                      'Recovery, or the next import of this image, removes '
                      'it.',
                      name, self.image_id, self.store, error)

    def _close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
        directory, self._dir = self._dir, None
        if directory is not None:
            directory.close()
        for fd in (self._fd, self._leader_fd):
            if fd >= 0:
                os.close(fd)
        self._fd = self._leader_fd = -1
