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

"""A reader of qcow2 images that can open no second file.

It accepts what ``qemu-img`` writes without a backing or data file: versions
2 and 3, clusters of 512 bytes to 2 MiB, deflate and zstd, zero clusters,
extended L2 entries, internal snapshots and bitmaps (ignored: the active
layer is read), lazy refcounts. An image marked dirty is accepted, because
only its refcounts may be stale and no read needs them. Unknown compatible
and autoclear features are ignored, as the format demands.

Where QEMU reads zeros behind the end of a file, or leaves a contradiction
unnoticed, the image is refused: wrong data must not become active. Reasons:

=====================  ====================================================
reason                 the image...
=====================  ====================================================
bad-header             is no qcow2, or its header contradicts itself
unknown-feature        needs an incompatible feature or a compression type
                       that is not known here
backing-file           names a backing file
data-file              keeps its data in, or names, an external file
encryption             is encrypted (AES or LUKS inside qcow2)
corrupt                is marked corrupt
size-limit             has a virtual size over the limit given, or a table
                       over the format's limit
unaligned              has a table or cluster off a cluster boundary
table-outside-file     has a table that begins behind the file's end
cluster-outside-file   has a data cluster that begins behind the file's end
truncated              has a table or cluster that the end of the file cuts,
                       or became shorter while it was read
reserved-bits          has bits set in L1, L2 or refcount table entries that
                       the format reserves
bad-table              has a snapshot or subcluster entry that is not valid
overlapping-metadata   uses a byte for two tables, or for a table and data
overlapping-data       maps more data than the file holds: clusters are
                       used more than once
bad-compressed-data    has a compressed cluster that does not decompress to
                       exactly one cluster
=====================  ====================================================
"""

from collections.abc import Iterator
import itertools

from glance_lifecycle.transfer import extents
from glance_lifecycle.transfer.formats.qcow2 import cluster
from glance_lifecycle.transfer.formats.qcow2 import file as qcow2_file
from glance_lifecycle.transfer.formats.qcow2 import header as qcow2_header
from glance_lifecycle.transfer.formats.qcow2 import layout as qcow2_layout
from glance_lifecycle.transfer.formats.qcow2 import map as qcow2_map
from glance_lifecycle.transfer import source
from glance_lifecycle.transfer import zeros


class Qcow2Source(source.Source):
    """The active layer of one qcow2 image.

    :param fd: an open descriptor, which this object owns from now on, also
        when the constructor fails
    :param max_virtual_size: bytes; larger images are refused
    :raises ImageRefused: for a reason of the table above
    :raises SourceError: the operating system failed to read
    """

    disk_format = 'qcow2'

    def __init__(self, fd: int, *,
                 max_virtual_size: int | None = None) -> None:
        self._file = qcow2_file.ImageFile(fd)
        try:
            self._open(max_virtual_size)
        except BaseException:
            self._file.close()
            raise

    def _open(self, max_virtual_size: int | None) -> None:
        header = qcow2_header.parse(self._file, max_virtual_size)
        l1 = qcow2_layout.load_table(self._file, header.l1_offset,
                                     header.l1_entries * 8)
        layout = qcow2_layout.Layout(self._file, header, l1)
        self._map = qcow2_map.ClusterMap(self._file, header, l1, layout)
        self._decoder = cluster.ClusterDecoder(
            self._file, header.cluster_size, header.zstd)
        self.virtual_size = header.virtual_size

    def extents(self) -> Iterator[extents.Extent]:
        """Adjacent extents of one kind are merged.

        Walks all L2 tables and so checks every entry. Where the file has
        holes, so has the guest. One walk at a time.
        """
        spans = self._map.spans(0, self.virtual_size)
        for kind, run in itertools.groupby(_pieces(self._file, spans),
                                           lambda piece: piece.kind):
            first = next(run)
            end = first.end
            for piece in run:
                end = piece.end
            yield extents.Extent(first.start, end - first.start, kind)

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """See Source.

        Best in pieces that are a multiple of 2 MiB and so aligned: a
        compressed cluster is then decompressed once only, and one read of
        the file serves many.
        """
        end = offset + len(buffer)
        if offset < 0 or end > self.virtual_size:
            raise ValueError('the range is not inside the virtual size')
        compressed = []
        for span in self._map.spans(offset, end):
            position = span.start - offset
            if span.where is qcow2_map.Where.COMPRESSED:
                compressed.append(span)
            elif span.where is qcow2_map.Where.PLAIN:
                self._file.read_into(
                    span.host, buffer[position:position + span.length])
            else:
                zeros.clear(buffer[position:position + span.length])
        if compressed:
            self._decoder.read_into(compressed, offset, buffer)

    @property
    def bytes_read(self) -> int:
        return self._file.bytes_read

    def close(self) -> None:
        self._file.close()


def _pieces(file: qcow2_file.ImageFile,
            spans: Iterator[qcow2_map.Span]) -> Iterator[extents.Extent]:
    """An extent for each span, and for each hole of the file in it."""
    plain = 0
    for span in spans:
        if span.where is qcow2_map.Where.PLAIN:
            plain += span.length
            yield from _plain(file, span)
        else:
            yield extents.Extent(
                span.start, span.length, extents.Kind.ZERO
                if span.where is qcow2_map.Where.ZERO
                else extents.Kind.DATA)
        if plain > file.size:
            raise qcow2_file.refused(
                'overlapping-data', 'the image maps more data than the '
                'file holds, so some of it is mapped more than once')


def _plain(file: qcow2_file.ImageFile,
           span: qcow2_map.Span) -> Iterator[extents.Extent]:
    to_guest = span.start - span.host
    position = span.host
    end = span.host + span.length
    for start, stop in file.written(position, end):
        if start > position:
            yield extents.Extent(position + to_guest, start - position,
                                 extents.Kind.ZERO)
        yield extents.Extent(start + to_guest, stop - start,
                             extents.Kind.DATA)
        position = stop
    if position < end:
        yield extents.Extent(position + to_guest, end - position,
                             extents.Kind.ZERO)
