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


"""The qcow2 reader against images that a test-side writer made."""

import array
import concurrent.futures
import os
import random
import struct
import tracemalloc
import unittest
import zlib

import hypothesis
from hypothesis import strategies

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer.formats.qcow2 \
    import builder as qcow2_builder
from glance_lifecycle.tests.unit.transfer.formats.qcow2 import reading
from glance_lifecycle.transfer import extents
from glance_lifecycle.transfer.formats.qcow2 import cluster as qcow2_cluster
from glance_lifecycle.transfer.formats.qcow2 import layout
from glance_lifecycle.transfer.formats.qcow2 import source as qcow2_source

Builder = qcow2_builder.Builder
Cluster = qcow2_builder.Cluster


def content(size: int, number: int) -> bytes:
    """Compressible, different in every cluster, without zero blocks."""
    rng = random.Random(number)
    return (rng.randbytes(size // 4) + b'%d,' % number * size)[:size]


@strategies.composite
def builders(draw: strategies.DrawFn) -> Builder:
    """Any image that the format can say, up to some hundred KiB."""
    version = draw(strategies.sampled_from([2, 3, 3, 3]))
    extended = version == 3 and draw(strategies.booleans())
    bits = draw(strategies.integers(14, 16) if extended
                else strategies.integers(9, 16))
    size = 1 << bits
    kinds = ['none', 'data', 'compressed']
    kinds += ['zero', 'zero-alloc'] if version == 3 else []
    kinds += ['sub'] * 3 if extended else []
    bitmaps = strategies.integers(0, 2**32 - 1)
    clusters: list[Cluster] = []
    for _ in range(draw(strategies.integers(0, 20))):
        how = draw(strategies.sampled_from(kinds))
        alloc = draw(bitmaps) if how == 'sub' else 0
        zero = draw(bitmaps) & ~alloc if how == 'sub' else 0
        # Runs: of one kind, and long enough to span L2 tables.
        for _ in range(draw(strategies.sampled_from([1, 1, 2, 70]))
                       if bits < 12 else 1):
            clusters.append(Cluster(how, content(size, len(clusters)),
                                    alloc, zero))
    cut = draw(strategies.integers(0, size - 1)) if clusters else 0
    return Builder(
        clusters, version=version, bits=bits, extended=extended,
        size=len(clusters) * size - cut,
        zstd=version == 3 and draw(strategies.booleans()),
        seed=draw(strategies.integers(0, 1000)),
        features=draw(strategies.sampled_from([0, 1])) if version == 3 else 0,
        extensions=draw(strategies.sampled_from(
            [b'', struct.pack('>II', 0x12345678, 3) + b'abc'.ljust(8)])),
        header_length=(draw(strategies.sampled_from([104, 112, 120]))
                       if version == 3 else None),
        snapshots=draw(strategies.sampled_from([[], [0], [16, 24, 0]])))


class PropertyTest(unittest.TestCase):

    @hypothesis.settings(max_examples=60)
    @hypothesis.given(builders(), strategies.sampled_from([511, 1 << 21]))
    def test_every_image_decodes(self, builder: Builder, piece: int) -> None:
        if builder.zstd and builder.header_length == 104:
            builder.header_length = 112
        image = builder.build()
        source = qcow2_source.Qcow2Source(image.fd())
        self.addCleanup(source.close)
        self.assertEqual(len(image.guest), source.virtual_size)
        self.assertTrue(reading.whole(source, piece) == image.guest)
        self.assertTrue(reading.at_random(
            source, image.guest, 5, random.Random(1)))

    @hypothesis.settings(max_examples=30)
    @hypothesis.given(builders())
    def test_zero_extents_are_exact(self, builder: Builder) -> None:
        """No allocated cluster is called ZERO, and no other DATA."""
        if builder.zstd and builder.header_length == 104:
            builder.header_length = 112
        image = builder.build()
        want = bytearray()
        for cluster in builder.clusters:
            sub = builder.cs // 32
            want += (b''.join(b'D' * sub if cluster.alloc >> i & 1
                              else b'Z' * sub for i in range(32))
                     if cluster.how == 'sub' else
                     (b'D' if cluster.how in ('data', 'compressed')
                      else b'Z') * builder.cs)
        source = qcow2_source.Qcow2Source(image.fd())
        self.addCleanup(source.close)
        got = b''.join(
            (b'Z' if extent.kind is extents.Kind.ZERO else b'D')
            * extent.length for extent in source.extents())
        self.assertTrue(got == want[:source.virtual_size])


class ReadTest(unittest.TestCase):

    def source(self, image: qcow2_builder.Image) -> qcow2_source.Qcow2Source:
        source = qcow2_source.Qcow2Source(image.fd())
        self.addCleanup(source.close)
        return source

    def test_largest_clusters(self) -> None:
        size = 1 << 21
        for how in ('data', 'compressed'):
            image = Builder([Cluster(how, content(size, 1)), Cluster()],
                            bits=21).build()
            source = self.source(image)
            self.assertEqual(image.guest[size - 9:size + 9], self.read(
                source, size - 9, 18))

    def read(self, source: qcow2_source.Qcow2Source, offset: int,
             length: int) -> bytes:
        buffer = bytearray(length)
        source.read_into(offset, memoryview(buffer))
        return bytes(buffer)

    def test_threads_share_one_source(self) -> None:
        clusters = [Cluster(('data', 'compressed', 'zero')[i % 3],
                            content(4096, i)) for i in range(300)]
        for zstd in (False, True):
            image = Builder(clusters, zstd=zstd, seed=4).build()
            source = self.source(image)
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                parts = pool.map(
                    lambda at: self.read(source, at, 30000),
                    range(0, len(image.guest) - 30000, 30000))
                for number, part in enumerate(parts):
                    at = number * 30000
                    self.assertTrue(part == image.guest[at:at + 30000])

    def test_neighbours_are_fetched_together(self) -> None:
        clusters = [Cluster('compressed', content(4096, i))
                    for i in range(64)]
        source = self.source(Builder(clusters).build())
        before = source.bytes_read
        self.read(source, 0, 64 * 4096)
        packed = sum(len(qcow2_builder.deflate(c.data)) for c in clusters)
        self.assertLess(source.bytes_read - before, packed + 4096 + 512)

    def test_far_neighbours_are_not(self) -> None:
        clusters = [Cluster('compressed', content(4096, 0)),
                    *[Cluster('data', content(4096, i)) for i in range(99)],
                    Cluster('compressed', content(4096, 0))]
        image = Builder(clusters, seed=1).build()
        # Move the last one's bytes behind everything else.
        last = image.l2_entries[100]
        entry, = struct.unpack_from('>Q', image.data, last)
        bits = 62 - 4
        packed = qcow2_builder.deflate(clusters[100].data)
        moved = len(image.data)
        image.data += packed + bytes(-len(packed) % 512)
        sectors = (len(packed) - 1) // 512
        image = image.put(last, 'Q', 1 << 62 | sectors << bits | moved)
        self.assertTrue(reading.decode(image.fd()) == image.guest)

    def test_a_big_empty_disk_costs_nothing(self) -> None:
        image = Builder([], bits=16).build()
        l1 = image.places['l1']
        image.data += bytes(1 << 20)
        image = image.put(40, 'Q', len(image.data) - (1 << 20))
        image = image.put(36, 'I', 131072).put(24, 'Q', 1 << 46)
        self.assertTrue(l1)
        self.assertEqual(
            [extents.Extent(0, 1 << 46, extents.Kind.ZERO)],
            list(self.source(image).extents()))

    def test_size_is_cut_to_sectors_like_qemu(self) -> None:
        image = Builder([Cluster('data', content(4096, 1))],
                        size=1000).build()
        self.assertEqual(512, self.source(image).virtual_size)

    def test_last_compressed_sector_may_be_incomplete(self) -> None:
        image = Builder([Cluster('compressed', content(4096, 1))]).build()
        entry, = struct.unpack_from('>Q', image.data, image.l2_entries[0])
        length = len(qcow2_builder.deflate(content(4096, 1)))
        start = len(image.data)
        image.data += qcow2_builder.deflate(content(4096, 1))
        image = image.put(image.l2_entries[0], 'Q',
                          1 << 62 | (length - 1) // 512 << 58 | start)
        self.assertTrue(reading.decode(image.fd()) == image.guest)

    def test_last_cluster_may_end_with_its_last_subcluster(self) -> None:
        image = Builder([Cluster('sub', content(16384, 1), 0b110)],
                        bits=14, extended=True).build()
        start = len(image.data)
        image.data += content(16384, 1)[:3 * 512]
        image = image.put(image.l2_entries[0], 'Q', start)
        self.assertTrue(reading.decode(image.fd()) == image.guest)
        del image.data[-1]
        with self.assertRaises(exceptions.ImageRefused) as caught:
            reading.decode(image.fd())
        self.assertEqual('truncated', caught.exception.reason)

    def test_python_zlib_will_do(self) -> None:
        clusters = [Cluster('compressed', content(4096, i)) for i in range(9)]
        image = Builder(clusters).build()
        source = self.source(image)
        source._decoder._inflate = zlib
        self.assertTrue(reading.whole(source) == image.guest)

    def test_inflater_is_a_zlib(self) -> None:
        self.assertTrue(hasattr(qcow2_cluster._inflater(), 'decompressobj'))

    def test_range_outside_the_disk_is_a_programming_error(self) -> None:
        source = self.source(Builder([Cluster()]).build())
        for offset, length in ((-1, 1), (4096, 1), (0, 4097)):
            with self.assertRaises(ValueError):
                self.read(source, offset, length)

    def holey(self) -> tuple[int, qcow2_builder.Image]:
        """Allocated clusters, all but the first a hole of the file."""
        image = Builder([Cluster('data', bytes([1]) * 65536)]
                        + [Cluster('data', bytes(65536))] * 4,
                        bits=16, seed=8).build()
        fd = os.memfd_create('qcow2')
        os.ftruncate(fd, len(image.data))
        for at in range(0, len(image.data), 65536):
            part = image.data[at:at + 65536]
            if any(part):
                os.pwrite(fd, part, at)
        return fd, image

    def test_holes_of_the_file_are_holes_of_the_guest(self) -> None:
        fd, image = self.holey()
        source = qcow2_source.Qcow2Source(fd)
        self.addCleanup(source.close)
        self.assertEqual(
            [extents.Extent(0, 65536, extents.Kind.DATA),
             extents.Extent(65536, 4 * 65536, extents.Kind.ZERO)],
            list(source.extents()))
        self.assertEqual(image.guest, reading.whole(source))

    def test_a_cut_off_end_is_no_hole(self) -> None:
        fd, image = self.holey()
        source = qcow2_source.Qcow2Source(fd)
        self.addCleanup(source.close)
        last = max(struct.unpack_from('>Q', image.data, at)[0] & ~(1 << 63)
                   for at in image.l2_entries.values())
        os.ftruncate(fd, last)
        with self.assertRaises(exceptions.ImageRefused) as caught:
            reading.whole(source)
        self.assertEqual('truncated', caught.exception.reason)

    def test_file_cut_while_open(self) -> None:
        for how in ('data', 'compressed'):
            image = Builder([Cluster(how, content(4096, 1))]).build()
            fd = image.fd()
            source = qcow2_source.Qcow2Source(fd)
            self.addCleanup(source.close)
            os.ftruncate(fd, 600)
            with self.assertRaises(exceptions.ImageRefused) as caught:
                self.read(source, 0, 4096)
            self.assertEqual('truncated', caught.exception.reason)

    def test_read_error_is_no_refusal(self) -> None:
        source = qcow2_source.Qcow2Source(
            Builder([Cluster('data', content(4096, 1))]).build().fd())
        source.close()
        with self.assertRaises(exceptions.SourceError):
            self.read(source, 0, 4096)
        source.close()

    def test_constructor_closes_the_descriptor(self) -> None:
        fd = Builder([]).build().put(0, 'I', 0).fd()
        with self.assertRaises(exceptions.ImageRefused):
            qcow2_source.Qcow2Source(fd)
        with self.assertRaises(OSError):
            os.fstat(fd)

    def test_hostile_tables_take_little_memory(self) -> None:
        """A table of a quarter of a million runs is not made into a list."""
        image = Builder([Cluster('zero-alloc')], bits=21).build()
        entry, = struct.unpack_from('>Q', image.data, image.l2_entries[0])
        table = image.places['l2-0']
        image.data[table:table + (1 << 21)] = struct.pack('>QQ', 0, entry) * (
            1 << 17)
        source = self.source(image.put(24, 'Q', 1 << 39))
        buffer = memoryview(bytearray(1 << 20))
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        for start in ((1 << 39) - (1 << 20), 0):
            source.read_into(start, buffer)
        self.assertLess(tracemalloc.get_traced_memory()[1], 5 << 20)


class SortTest(unittest.TestCase):

    @hypothesis.given(strategies.lists(strategies.integers(0, 2**64 - 1)))
    def test_sorted_in_chunks(self, values: list[int]) -> None:
        self.assertEqual(sorted(values), list(layout._sorted(
            array.array('Q', values), chunk=3)))
