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

"""A raw image: the file is the disk, and its holes are zeros."""

from collections.abc import Iterator
import errno
import os
import stat
import threading

from glance_lifecycle import exceptions
from glance_lifecycle.transfer import extents
from glance_lifecycle.transfer import source

# What lseek() answers where the file system knows no holes.
_NO_HOLES = (errno.EINVAL, errno.EOPNOTSUPP)


class RawSource(source.Source):
    """The bytes of a regular file, as they are.

    Holes come from lseek(2) SEEK_DATA and SEEK_HOLE; a file system that
    cannot tell is one DATA extent. The size need not be a multiple of a
    sector.

    :param fd: regular file open for reading; owned by the source, also
        when the constructor raises
    :param max_virtual_size: largest size accepted, in bytes
    :raises ImageRefused: ``size-limit`` for a file larger than that
    :raises SourceError: not a regular file
    """

    disk_format = 'raw'

    def __init__(self, fd: int, *,
                 max_virtual_size: int | None = None) -> None:
        self._fd = fd
        self._bytes_read = 0
        self._lock = threading.Lock()
        try:
            self.virtual_size = self._file_size()
            if max_virtual_size is not None:
                check_size(self.virtual_size, max_virtual_size)
        except BaseException:
            self.close()
            raise

    def extents(self) -> Iterator[extents.Extent]:
        position = 0
        while position < self.virtual_size:
            # Also catches a file that shrank: everything past its new end
            # would look like a hole and be stored as zeros.
            self._check_unchanged()
            data, end = self._next_data(position)
            if data > position:
                yield extents.Extent(position, data - position,
                                     extents.Kind.ZERO)
            if end > data:
                yield extents.Extent(data, end - data, extents.Kind.DATA)
            position = end
        self._check_unchanged()

    def read_into(self, offset: int, buffer: memoryview) -> None:
        done = 0
        while done < len(buffer):
            try:
                count = os.preadv(self._fd, [buffer[done:]], offset + done)
            except OSError as e:
                raise exceptions.SourceError(
                    detail='reading %d bytes at %d: %s' % (
                        len(buffer), offset, e.strerror)) from e
            if not count:
                raise exceptions.ImageRefused(
                    reason='truncated',
                    detail='the file ended at byte %d of %d while it was '
                    'read. Stage the image again.' % (
                        offset + done, self.virtual_size))
            done += count
        with self._lock:
            self._bytes_read += done

    @property
    def bytes_read(self) -> int:
        return self._bytes_read

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _file_size(self) -> int:
        try:
            status = os.fstat(self._fd)
        except OSError as e:
            raise exceptions.SourceError(detail=e.strerror) from e
        if not stat.S_ISREG(status.st_mode):
            raise exceptions.SourceError(
                detail='what was staged is not a regular file')
        return status.st_size

    def _check_unchanged(self) -> None:
        size = self._file_size()
        if size != self.virtual_size:
            raise exceptions.ImageRefused(
                reason='truncated' if size < self.virtual_size else 'changed',
                detail='the file had %d bytes when it was opened and has %d '
                'now. Stage the image again, and write to it no more.' % (
                    self.virtual_size, size))

    def _next_data(self, position: int) -> tuple[int, int]:
        """Where the next run of data from ``position`` starts and ends."""
        try:
            data = os.lseek(self._fd, position, os.SEEK_DATA)
            end = os.lseek(self._fd, data, os.SEEK_HOLE)
        except OSError as e:
            if e.errno == errno.ENXIO:
                return self.virtual_size, self.virtual_size
            if e.errno in _NO_HOLES:
                return position, self.virtual_size
            raise exceptions.SourceError(
                detail='looking for holes at %d: %s' % (
                    position, e.strerror)) from e
        data = min(data, self.virtual_size)
        return data, min(max(end, data), self.virtual_size)


def check_size(virtual_size: int, limit: int) -> None:
    """Refuse a disk larger than ``limit`` bytes.

    :raises ImageRefused: ``size-limit``
    """
    if virtual_size > limit:
        raise exceptions.ImageRefused(
            reason='size-limit',
            detail='the disk is %d bytes large and at most %d are accepted '
            'here. Shrink it, or ask the operator to raise the limit.' % (
                virtual_size, limit))
