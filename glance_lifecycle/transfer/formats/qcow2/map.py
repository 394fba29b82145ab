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

"""From a range of guest bytes to the places in the file that hold it."""

import collections
from collections.abc import Iterator
import enum
import threading
from typing import NamedTuple

from glance_lifecycle.transfer.formats.qcow2 import file as qcow2_file
from glance_lifecycle.transfer.formats.qcow2 import header as qcow2_header
from glance_lifecycle.transfer.formats.qcow2 import layout as qcow2_layout

COPIED = qcow2_layout.COPIED
NOT_COPIED = COPIED - 1
COMPRESSED = 1 << 62
ZERO_FLAG = 1
OFFSET_MASK = qcow2_layout.OFFSET_MASK
ALL_SUBCLUSTERS = (1 << qcow2_header.SUBCLUSTERS) - 1
# A table is at most 2 MiB, so at least eight are kept.
L2_CACHE_BYTES = 16 * 1024 * 1024

refused = qcow2_file.refused


class Where(enum.Enum):
    ZERO = 'zero'
    PLAIN = 'plain'
    COMPRESSED = 'compressed'


class Span(NamedTuple):
    """Guest bytes that are found in one way.

    :ivar start: guest offset; ``length`` in guest bytes
    :ivar host: PLAIN: where ``start`` is in the file. COMPRESSED: where the
        cluster's compressed bytes begin
    :ivar host_length: COMPRESSED: upper bound of the compressed bytes; the
        format counts in sectors
    """

    where: Where
    start: int
    length: int
    host: int = 0
    host_length: int = 0


class ClusterMap:
    """Decodes L1 and L2 tables; safe to use from several threads.

    Tables are decoded anew for each range rather than into a list of runs:
    a hostile table of a quarter of a million single-cluster runs then costs
    no memory, and a real one is decoded at some 30 million clusters/s.
    """

    def __init__(self, file: qcow2_file.ImageFile,
                 header: qcow2_header.Header, l1: qcow2_layout.Table,
                 layout: qcow2_layout.Layout) -> None:
        self._file = file
        self._header = header
        self._l1 = l1
        self._layout = layout
        self._size = header.cluster_size
        self._cache: collections.OrderedDict[int, qcow2_layout.Table] = (
            collections.OrderedDict())
        self._cached_tables = max(1, L2_CACHE_BYTES // self._size)
        self._lock = threading.Lock()
        self._zero_at_most = ZERO_FLAG if header.version >= 3 else 0
        # Compressed entry: offset in the low bits, sector count above.
        self._host_bits = 62 - (header.cluster_bits - 8)
        self._decode = (self._extended if header.extended_l2
                        else self._standard)

    def spans(self, start: int, end: int) -> Iterator[Span]:
        """Spans in order over the guest bytes ``[start, end)``.

        Each is checked: inside the file, aligned, not in metadata.

        :raises ImageRefused: an entry breaks the format's rules
        """
        per_table = self._header.l2_entries * self._size
        while start < end:
            index = start // per_table
            base = index * per_table
            stop = min(end, base + per_table)
            if self._l1[index]:
                table = self._table(self._l1[index] & OFFSET_MASK)
                yield from self._in_table(table, base, start, stop)
            else:
                while (stop < end and not self._l1[index + 1]):
                    index += 1
                    stop = min(end, stop + per_table)
                yield Span(Where.ZERO, start, stop - start)
            start = stop

    def _table(self, offset: int) -> qcow2_layout.Table:
        with self._lock:
            table = self._cache.get(offset)
            if table is not None:
                self._cache.move_to_end(offset)
                return table
        # Read outside the lock: two threads may both read one table, which
        # is cheaper than all waiting for one.
        table = qcow2_layout.load_table(self._file, offset, self._size)
        with self._lock:
            self._cache[offset] = table
            while len(self._cache) > self._cached_tables:
                self._cache.popitem(last=False)
        return table

    def _in_table(self, table: qcow2_layout.Table, base: int, start: int,
                  end: int) -> Iterator[Span]:
        """The spans of one table, cut to ``[start, end)`` and checked."""
        first = (start - base) // self._size
        last = (end - base + self._size - 1) // self._size
        for where, at, length, host, host_length in self._decode(
                table, first, last):
            at += base
            if at < start:
                if where is Where.PLAIN:
                    host += start - at
                length -= start - at
                at = start
            if at + length > end:
                length = end - at
            if length <= 0:
                continue
            if where is not Where.ZERO:
                self._check_host(where, host, host_length or length)
            yield Span(where, at, length, host, host_length)

    def _check_host(self, where: Where, host: int, length: int) -> None:
        # Only what the guest can see need be there: with extended L2
        # entries qemu-img leaves the file's last cluster short, right
        # behind its last allocated subcluster.
        inside = length
        if where is Where.COMPRESSED and self._file.size % 512:
            # The last sector counted may be incomplete.
            inside = min(length, max(length - 511, self._file.size - host))
        self._file.require('a data cluster', host, inside,
                           'cluster-outside-file')
        self._layout.require_free(host, host + length)

    def _standard(self, table: qcow2_layout.Table, first: int,
                  last: int) -> Iterator[Span]:
        """Runs of entries, in bytes from the table's first cluster."""
        size = self._size
        while first < last:
            entry = table[first] & NOT_COPIED
            stop = first + 1
            if entry & COMPRESSED:
                yield self._compressed(entry, first)
            elif entry <= ZERO_FLAG:
                self._check_entry(table[first], ZERO_FLAG)
                while stop < last and table[stop] <= self._zero_at_most:
                    stop += 1
                yield Span(Where.ZERO, first * size, (stop - first) * size)
            else:
                self._check_entry(entry, OFFSET_MASK | ZERO_FLAG)
                follows = entry + size
                while stop < last and table[stop] & NOT_COPIED == follows:
                    follows += size
                    stop += 1
                yield self._allocated(entry, first, stop)
            first = stop

    def _allocated(self, entry: int, first: int, stop: int) -> Span:
        """A run of clusters that follow each other in the file."""
        host = self._aligned_host(entry)
        length = (stop - first) * self._size
        if entry & ZERO_FLAG:
            self._file.require('a preallocated cluster', host, 1,
                               'cluster-outside-file')
            return Span(Where.ZERO, first * self._size, length)
        return Span(Where.PLAIN, first * self._size, length, host)

    def _compressed(self, entry: int, index: int) -> Span:
        host = entry & (1 << self._host_bits) - 1
        sectors = (entry & COMPRESSED - 1) >> self._host_bits
        return Span(Where.COMPRESSED, index * self._size, self._size, host,
                    (sectors + 1) * 512 - host % 512)

    def _check_entry(self, entry: int, allowed: int) -> None:
        if entry & ~allowed:
            raise refused('reserved-bits', f'L2 entry {entry:#x} has bits '
                          f'set that the format reserves')
        if entry & ZERO_FLAG and self._header.version < 3:
            raise refused('reserved-bits', 'a zero cluster in an image of '
                          'version 2, which has none')

    def _aligned_host(self, entry: int) -> int:
        host = entry & OFFSET_MASK
        if host % self._size:
            raise refused('unaligned', f'a data cluster at byte {host} does '
                          f'not begin at a cluster boundary')
        return host

    def _extended(self, table: qcow2_layout.Table, first: int,
                  last: int) -> Iterator[Span]:
        """Like ``_standard``, for entries of 128 bits with subclusters."""
        size = self._size
        while first < last:
            entry = table[2 * first] & NOT_COPIED
            bitmap = table[2 * first + 1]
            stop = first + 1
            if entry & COMPRESSED:
                if bitmap:
                    raise refused('reserved-bits', 'a compressed cluster '
                                  'with subclusters')
                yield self._compressed(entry, first)
            elif not entry:
                self._check_entry(table[2 * first], 0)
                self._check_bitmap(bitmap, allocated=False)
                while (stop < last and table[2 * stop] == 0
                       and table[2 * stop + 1] == bitmap):
                    stop += 1
                yield Span(Where.ZERO, first * size, (stop - first) * size)
            else:
                self._check_entry(entry, OFFSET_MASK)
                follows = entry + size
                while (bitmap == ALL_SUBCLUSTERS and stop < last
                       and table[2 * stop] & NOT_COPIED == follows
                       and table[2 * stop + 1] == ALL_SUBCLUSTERS):
                    follows += size
                    stop += 1
                if bitmap == ALL_SUBCLUSTERS:
                    yield self._allocated(entry, first, stop)
                else:
                    yield from self._subclusters(entry, bitmap, first)
            first = stop

    def _subclusters(self, entry: int, bitmap: int,
                     index: int) -> Iterator[Span]:
        host = self._aligned_host(entry)
        self._file.require('a data cluster', host, 1, 'cluster-outside-file')
        self._check_bitmap(bitmap, allocated=True)
        size = self._size // qcow2_header.SUBCLUSTERS
        first = 0
        while first < qcow2_header.SUBCLUSTERS:
            bit = bitmap >> first & 1
            stop = first + 1
            while (stop < qcow2_header.SUBCLUSTERS
                   and bitmap >> stop & 1 == bit):
                stop += 1
            yield Span(Where.PLAIN if bit else Where.ZERO,
                       index * self._size + first * size,
                       (stop - first) * size,
                       host + first * size if bit else 0)
            first = stop

    def _check_bitmap(self, bitmap: int, allocated: bool) -> None:
        taken = bitmap & ALL_SUBCLUSTERS
        if taken & bitmap >> 32 or (taken and not allocated):
            raise refused('bad-table', f'subcluster bitmap {bitmap:#x} '
                          f'contradicts itself')
