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

"""Positional reads of one image file, bounded by its real size."""

from collections.abc import Iterator
import errno
import os
import sys
import threading

from glance_lifecycle import exceptions


def refused(reason: str, detail: str) -> exceptions.ImageRefused:
    """An ImageRefused; the slugs are listed in the module ``qcow2``."""
    return exceptions.ImageRefused(reason=reason, detail=detail)


class ImageFile:
    """An open descriptor, the size it had, and a count of what was read.

    :ivar size: bytes in the file when it was opened; every check is made
        against it, and a file that shrinks afterwards is refused when read
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._lock = threading.Lock()
        self._closed = False
        self.bytes_read = 0
        self._known = (0, 0)
        try:
            # Not st_size: that is 0 for a block device.
            self.size = os.lseek(fd, 0, os.SEEK_END)
            self._sparse = os.fstat(fd).st_blocks * 512 < self.size
        except OSError as error:
            self.close()
            raise exceptions.SourceError(
                detail=f'cannot tell its size: {error.strerror}') from error

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Fill ``buffer``; safe to call from several threads at once.

        :raises ImageRefused: the file ends first (``truncated``)
        :raises SourceError: the operating system failed to read
        """
        done = 0
        while done < len(buffer):
            try:
                count = os.preadv(self._fd, [buffer[done:]], offset + done)
            except (OSError, OverflowError) as error:
                raise exceptions.SourceError(
                    detail=f'reading at byte {offset + done}: '
                           f'{error}') from error
            if not count:
                raise _shorter()
            done += count
        with self._lock:
            self.bytes_read += done

    def written(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The parts of a range that are not holes, in order.

        Images with preallocated metadata are mostly holes. Only one thread
        may be in here: the kernel has no positional form of this.
        """
        if not self._sparse:
            yield start, end
            return
        while start < end:
            if not self._known[0] <= start < self._known[1]:
                self._known = self._next_written(start)
            start = max(start, self._known[0])
            stop = min(end, self._known[1])
            if start < stop:
                yield start, stop
            start = max(start, stop)

    def _next_written(self, start: int) -> tuple[int, int]:
        """Start and end of the first part at or behind ``start``."""
        try:
            data = os.lseek(self._fd, start, os.SEEK_DATA)
            return data, os.lseek(self._fd, data, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:
                # Nothing but a hole to the end; if it is still the end.
                if os.lseek(self._fd, 0, os.SEEK_END) < self.size:
                    raise _shorter() from error
                return sys.maxsize, sys.maxsize
            raise exceptions.SourceError(
                detail=f'looking for holes: {error.strerror}') from error

    def read(self, offset: int, length: int) -> bytearray:
        """Like ``read_into``; the caller has bounded ``length``."""
        data = bytearray(length)
        self.read_into(offset, memoryview(data))
        return data

    def require(self, what: str, offset: int, length: int,
                outside: str = 'table-outside-file') -> None:
        """Refuse a range that the file does not hold.

        :param what: the structure's name, for the user
        :param outside: the slug when not even the start is in the file
        """
        if offset + length <= self.size:
            return
        raise refused(
            'truncated' if offset < self.size else outside,
            f'{what} at byte {offset} ({length} bytes) is not inside the '
            f'file, which has {self.size} bytes; the file is truncated or '
            f'damaged')

    def close(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
        os.close(self._fd)


def _shorter() -> exceptions.ImageRefused:
    return refused('truncated', 'the file became shorter while it was being '
                   'read; upload it again')
