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

"""The no-op twin of the sources: a disk of zeros, for tests."""

from collections.abc import Iterator
import os

from glance_lifecycle.transfer import extents
from glance_lifecycle.transfer import source


class NullSource(source.Source):
    """A disk that is all zeros and reads nothing.

    :param fd: owned like that of any source, never read; or None
    :param virtual_size: bytes; by default the size of ``fd``
    :param max_virtual_size: accepted and ignored, as every source has it
    """

    disk_format = 'null'

    def __init__(self, fd: int | None = None, *,
                 virtual_size: int | None = None,
                 max_virtual_size: int | None = None) -> None:
        self._fd = fd
        if virtual_size is None:
            virtual_size = 0 if fd is None else os.fstat(fd).st_size
        self.virtual_size = virtual_size

    def extents(self) -> Iterator[extents.Extent]:
        if self.virtual_size:
            yield extents.Extent(0, self.virtual_size, extents.Kind.ZERO)

    def read_into(self, offset: int, buffer: memoryview) -> None:
        buffer[:] = bytes(len(buffer))

    @property
    def bytes_read(self) -> int:
        return 0

    def close(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)
