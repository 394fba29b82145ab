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

"""Where an image keeps its metadata, and that no two parts share a byte.

Crafted images let tables overlap: one L2 table for the whole disk, or the
refcount table as guest data. QEMU notices only when it writes. Here every
structure is placed once, when the image is opened, and every data cluster
is compared with the places taken.
"""

import array
import bisect
from collections.abc import Iterator
import heapq
import struct
import sys
from typing import TypeAlias

from glance_lifecycle.transfer.formats.qcow2 import file as qcow2_file
from glance_lifecycle.transfer.formats.qcow2 import header as qcow2_header

# Quoted: Python 3.11's array cannot be subscripted at run time.
Table: TypeAlias = 'array.array[int]'

OFFSET_MASK = 0x00fffffffffffe00
COPIED = 1 << 63
_REFCOUNT_RESERVED = 0x1ff
_MAX_SNAPSHOT_EXTRA = 1024
_MAX_SNAPSHOT_TABLE = 1024 * qcow2_header.MAX_SNAPSHOTS
_SORT_CHUNK = 1 << 18
# L1 offset and entries, length of id and name, (dates), length of extra
_SNAPSHOT = struct.Struct('>QIHH20xI')

refused = qcow2_file.refused


def load_table(file: qcow2_file.ImageFile, offset: int,
               length: int) -> Table:
    """A table of big-endian 64-bit entries; the caller bounds it."""
    table = array.array('Q')
    table.frombytes(file.read(offset, length))
    if sys.byteorder == 'little':
        table.byteswap()
    return table


class Layout:
    """The places taken by metadata, all in whole clusters.

    :param l1: the active L1 table as it is in the file
    :raises ImageRefused: a table lies outside the file, is not aligned,
        has reserved bits set, or shares clusters with another
    """

    def __init__(self, file: qcow2_file.ImageFile,
                 header: qcow2_header.Header, l1: Table) -> None:
        self._file = file
        self._header = header
        self._size = header.cluster_size
        self._tables = sorted(self._fixed())
        self._check_tables()
        self._starts = [table[0] for table in self._tables]
        # L2 tables and refcount blocks: one cluster each, and many.
        self._cells = self._sorted_cells(l1)
        self._check_cells()

    def require_free(self, start: int, end: int) -> None:
        """Refuse guest data that lies in metadata."""
        cell = bisect.bisect_left(self._cells, end)
        table = bisect.bisect_left(self._starts, end)
        if ((cell and self._cells[cell - 1] + self._size > start)
                or (table and self._tables[table - 1][1] > start)):
            raise refused('overlapping-metadata', f'guest data at byte '
                          f'{start} of the file lies in the image\'s own '
                          f'tables')

    def _fixed(self) -> Iterator[tuple[int, int, str]]:
        """Start, end and name of everything but L2 and refcount blocks."""
        header = self._header
        yield 0, self._size, 'header'
        yield self._place(header.refcount_offset,
                          header.refcount_clusters * self._size,
                          'refcount table')
        if header.l1_entries:
            yield self._place(header.l1_offset, header.l1_entries * 8,
                              'L1 table')
        if header.bitmap_directory:
            yield self._place(*header.bitmap_directory, 'bitmap directory')
        if header.snapshots:
            yield from self._snapshots()

    def _place(self, start: int, length: int,
               name: str) -> tuple[int, int, str]:
        return start, start + length + -length % self._size, name

    def _snapshots(self) -> Iterator[tuple[int, int, str]]:
        """The snapshot table and the L1 table of each snapshot.

        L2 tables of snapshots are not looked at: nothing is read through
        them, and the active layer may share them.
        """
        start = position = self._header.snapshots_offset
        for number in range(self._header.snapshots):
            position += -position % 8
            self._file.require('the snapshot table', position,
                               _SNAPSHOT.size)
            l1_offset, l1_entries, id_length, name_length, extra = (
                _SNAPSHOT.unpack(self._file.read(position, _SNAPSHOT.size)))
            position += _SNAPSHOT.size + extra + id_length + name_length
            if (extra > _MAX_SNAPSHOT_EXTRA
                    or position - start > _MAX_SNAPSHOT_TABLE):
                raise refused('bad-table', f'entry {number} of the snapshot '
                              f'table is not valid')
            if l1_entries:
                self._require_table('snapshot L1 table', l1_offset,
                                    l1_entries * 8)
                yield self._place(l1_offset, l1_entries * 8,
                                  'snapshot L1 table')
        self._file.require('the snapshot table', start, position - start)
        yield self._place(start, position - start, 'snapshot table')

    def _require_table(self, name: str, offset: int, length: int) -> None:
        if offset % self._size:
            raise refused('unaligned', f'the {name} at byte {offset} does '
                          f'not begin at a cluster boundary')
        self._file.require(f'the {name}', offset, length)

    def _check_tables(self) -> None:
        for before, after in zip(self._tables, self._tables[1:]):
            if before[1] > after[0]:
                raise _overlap(before[2], after[2], after[0])

    def _sorted_cells(self, l1: Table) -> Table:
        cells = array.array('Q', self._l2_tables(l1))
        # A dirty image's refcounts are, by definition, not to be trusted.
        if not self._header.dirty:
            cells.extend(self._refcount_blocks())
        return _sorted(cells)

    def _l2_tables(self, l1: Table) -> Iterator[int]:
        for entry in filter(None, l1):
            offset = entry & ~COPIED
            if offset & ~OFFSET_MASK or not offset:
                raise refused('reserved-bits', f'L1 entry {entry:#x} has '
                              f'bits set that the format reserves')
            self._require_table('L2 table', offset, self._size)
            yield offset

    def _refcount_blocks(self) -> Iterator[int]:
        table = load_table(self._file, self._header.refcount_offset,
                           self._header.refcount_clusters * self._size)
        for offset in filter(None, table):
            if offset & _REFCOUNT_RESERVED:
                raise refused('reserved-bits', f'refcount table entry '
                              f'{offset:#x} has bits set that the format '
                              f'reserves')
            self._require_table('refcount block', offset, self._size)
            yield offset

    def _check_cells(self) -> None:
        previous = -1
        for cell in self._cells:
            if cell == previous:
                raise _overlap('L2 table or refcount block', 'another one',
                               cell)
            previous = cell
        for start, end, name in self._tables:
            index = bisect.bisect_left(self._cells, start)
            if index < len(self._cells) and self._cells[index] < end:
                raise _overlap(name, 'L2 table or refcount block',
                               self._cells[index])


def _sorted(values: Table, chunk: int = _SORT_CHUNK) -> Table:
    """Like sorted(), at 16 instead of 48 bytes an entry.

    Four million L2 tables are legal (128 GiB in clusters of 512 bytes);
    as Python integers they would take 160 MB.
    """
    chunks = [array.array('Q', sorted(values[i:i + chunk]))
              for i in range(0, len(values), chunk)]
    if len(chunks) == 1:
        return chunks[0]
    return array.array('Q', heapq.merge(*chunks))


def _overlap(first: str, second: str, where: int) -> Exception:
    return refused('overlapping-metadata', f'{first} and {second} share '
                   f'byte {where} of the file')
