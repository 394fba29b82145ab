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

"""Tables of a file format, read without trust.

Every read lies inside the file or is refused; a table is read in chunks, so
memory is bounded whatever a header says, and time by the size of the file.
"""

import array
from collections.abc import Iterator
import dataclasses
import os
import struct
import sys
from typing import Any

from glance_lifecycle import exceptions

SECTOR = 512
TABLE_CHUNK = 64 * 1024
# Sectors, of which is remembered at once what was met.
_PIECE = 4096


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """What the tables say.

    :ivar sizes: virtual sizes qemu-img may give it, in bytes, the likely
        one first. More than one only for VHD, where the size follows from
        the geometry or from a field, depending on who wrote it.
    :ivar data: bytes of allocated blocks: what conversion writes at most
    """

    sizes: tuple[int, ...]
    data: int


class TableFile:
    """Reads that never go past the end of the file."""

    def __init__(self, fd: int, disk_format: str) -> None:
        self._fd = fd
        self._format = disk_format
        self.size = os.fstat(fd).st_size

    def read(self, offset: int, length: int, what: str) -> bytes:
        self.within(offset, length, what)
        data = os.pread(self._fd, length, offset)
        if len(data) != length:
            raise self.truncated(what, offset + length)
        return data

    def unpack(self, layout: str, offset: int, what: str) -> tuple[Any, ...]:
        data = self.read(offset, struct.calcsize(layout), what)
        return struct.unpack(layout, data)

    def table(self, code: str, offset: int, count: int, what: str, *,
              order: str = 'little') -> Iterator[tuple[int, list[int]]]:
        """A table's entries in pieces: index of the first, the entries.

        :param code: of the array module, ``I`` or ``Q``
        """
        width = array.array(code).itemsize
        self.within(offset, count * width, what)
        step = TABLE_CHUNK // width
        for first in range(0, count, step):
            entries = array.array(code)
            entries.frombytes(self.read(
                offset + first * width,
                min(step, count - first) * width, what))
            if order != sys.byteorder:
                entries.byteswap()
            yield first, entries.tolist()

    def within(self, offset: int, length: int, what: str) -> None:
        if offset + length > self.size:
            raise self.truncated(what, offset + length)

    def room_for(self, count: int, size: int, what: str) -> None:
        """More blocks than fit in the file have to overlap."""
        if count * size > self.size:
            raise self.overlapping(what)

    def overlapping(self, what: str) -> exceptions.ImageRefused:
        return exceptions.ImageRefused(
            reason='overlapping-data',
            detail='of the %s in the %s file, some are used more than once. '
            'Compare its checksum with the original, or export it again.' % (
                what, self._format))

    def truncated(self, what: str, end: int) -> exceptions.ImageRefused:
        return exceptions.ImageRefused(
            reason='truncated',
            detail='the %s file has %d bytes, but its %s would end at byte '
            '%d. Most likely the upload was cut short: compare size and '
            'checksum with the original.' % (
                self._format, self.size, what, end))

    def bad_header(self, what: str) -> exceptions.ImageRefused:
        return exceptions.ImageRefused(
            reason='bad-header',
            detail='the %s file is damaged: %s. Compare its checksum with '
            'the original, or export it again.' % (self._format, what))

    def unsupported(self, what: str) -> exceptions.ImageRefused:
        return exceptions.ImageRefused(
            reason='unknown-feature',
            detail='the %s file has %s, which is not known here. Convert it '
            'with "qemu-img convert -O qcow2" and upload the result.' % (
                self._format, what))

    def parent(self) -> exceptions.ImageRefused:
        return exceptions.ImageRefused(
            reason='backing-file',
            detail='the %s file holds only the differences to a parent '
            'image. Merge it with its parent and upload the result.' % (
                self._format))


class Sectors:
    """Sectors that something was found at.

    A set of them would take memory of 3 to 12 % of a file that is made for
    it; bits, for each 2 MiB of the file where there are any, 0.03 %.
    """

    def __init__(self) -> None:
        self._pieces: dict[int, int] = {}

    def again(self, sector: int) -> bool:
        """Whether it was met before. It is from now on."""
        number, bit = divmod(sector, _PIECE)
        piece = self._pieces.get(number, 0)
        self._pieces[number] = piece | 1 << bit
        return bool(piece >> bit & 1)


def blocks(disk: int, block: int) -> int:
    return -(-disk // block)


def check_blocks(file: TableFile, starts: Iterator[tuple[int, int]],
                  disk: int, block: int, overhead: int = 0) -> int:
    """Check that each allocated block lies inside the file.

    The last block of the disk need only be there as far as the disk goes.
    The walk ends where there are more than fit in the file: of a table whose
    entries all name one block, it took 0.1 s of CPU for each MiB.

    :param starts: index in the disk and offset of the block's data
    :param overhead: bytes in the file beside each block
    :returns: how many there are
    """
    count = 0
    last = blocks(disk, block) - 1
    tail = disk - last * block
    for index, offset in starts:
        needed = tail if index == last else block
        if offset + needed > file.size:
            raise file.truncated('block %d' % index, offset + needed)
        # Those before it: one may be the last of the disk, and short.
        file.room_for(count, block + overhead, 'blocks')
        count += 1
    return count
