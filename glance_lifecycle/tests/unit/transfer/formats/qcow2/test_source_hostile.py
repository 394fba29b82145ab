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


"""Crafted qcow2 images: each is refused, for the right reason."""

import random
import struct
import unittest

import zstandard

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer.formats.qcow2 import builder
from glance_lifecycle.tests.unit.transfer.formats.qcow2 import reading
from glance_lifecycle.transfer.formats.qcow2 import source as qcow2_source

CS = 4096
COPIED = 1 << 63
COMPRESSED = 1 << 62
FLIPS = 2000

Builder = builder.Builder
Cluster = builder.Cluster
Image = builder.Image


def content(number: int, size: int = CS) -> bytes:
    return random.Random(number).randbytes(size // 8) * 8


def mixed(**options: object) -> Image:
    """One of each kind of cluster, and a snapshot."""
    hows = ['data', 'zero', 'compressed', 'none', 'zero-alloc', 'data',
            'compressed']
    return Builder([Cluster(how, content(i)) for i, how in enumerate(hows)],
                   snapshots=[16], **options).build()  # type: ignore[arg-type]


class RefusedTest(unittest.TestCase):

    def refused(self, reason: str, image: Image, **options: int) -> None:
        with self.assertRaises(exceptions.ImageRefused) as caught:
            source = qcow2_source.Qcow2Source(image.fd(), **options)
            try:
                reading.whole(source)
            finally:
                source.close()
        self.assertEqual(reason, caught.exception.reason,
                         str(caught.exception))


class HeaderTest(RefusedTest):

    def test_each_field_at_its_edges(self) -> None:
        image = mixed()
        end = len(image.data)
        big = 2**64 - CS
        for offset, layout, value, reason in (
                (0, 'I', 0x514649fa, 'bad-header'),
                (4, 'I', 0, 'bad-header'),
                (4, 'I', 1, 'bad-header'),
                (4, 'I', 4, 'bad-header'),
                (4, 'I', 2**32 - 1, 'bad-header'),
                (8, 'Q', 1, 'backing-file'),
                (8, 'Q', 2**64 - 1, 'backing-file'),
                (20, 'I', 0, 'bad-header'),
                (20, 'I', 8, 'bad-header'),
                (20, 'I', 22, 'bad-header'),
                (20, 'I', 2**32 - 1, 'bad-header'),
                (24, 'Q', 2**63, 'bad-header'),
                (24, 'Q', 2**64 - 1, 'bad-header'),
                (24, 'Q', 2 * 512 * CS + 512, 'bad-header'),
                (32, 'I', 1, 'encryption'),
                (32, 'I', 2, 'encryption'),
                (32, 'I', 2**32 - 1, 'encryption'),
                (36, 'I', 0, 'bad-header'),
                (36, 'I', 2**22, 'truncated'),
                (36, 'I', 2**22 + 1, 'size-limit'),
                (36, 'I', 2**32 - 1, 'size-limit'),
                (40, 'Q', 0, 'overlapping-metadata'),
                (40, 'Q', image.places['l1'] + 8, 'unaligned'),
                (40, 'Q', image.places['refcount'], 'overlapping-metadata'),
                (40, 'Q', end, 'table-outside-file'),
                (40, 'Q', big, 'table-outside-file'),
                (40, 'Q', 2**63 - CS, 'table-outside-file'),
                (48, 'Q', 0, 'overlapping-metadata'),
                (48, 'Q', 1, 'unaligned'),
                (48, 'Q', image.places['l2-0'], None),
                (48, 'Q', end, 'table-outside-file'),
                (48, 'Q', big, 'table-outside-file'),
                (56, 'I', 0, 'bad-header'),
                (56, 'I', 2048, 'truncated'),
                (56, 'I', 2049, 'size-limit'),
                (56, 'I', 2**32 - 1, 'size-limit'),
                (60, 'I', 65536, 'truncated'),
                (60, 'I', 65537, 'size-limit'),
                (60, 'I', 2**32 - 1, 'size-limit'),
                (64, 'Q', 8, 'unaligned'),
                (64, 'Q', 0, None),
                (64, 'Q', end, 'table-outside-file'),
                (64, 'Q', big, 'table-outside-file'),
                (72, 'Q', 2, 'corrupt'),
                (72, 'Q', 4, 'data-file'),
                (72, 'Q', 8, 'bad-header'),
                (72, 'Q', 16, 'bad-header'),
                (72, 'Q', 32, 'unknown-feature'),
                (72, 'Q', 1 << 63, 'unknown-feature'),
                (96, 'I', 7, 'bad-header'),
                (96, 'I', 2**32 - 1, 'bad-header'),
                (100, 'I', 103, 'bad-header'),
                (100, 'I', CS + 1, 'bad-header'),
                (100, 'I', 2**32 - 1, 'bad-header'),
                (104, 'B', 1, 'bad-header'),
                (104, 'B', 2, 'unknown-feature'),
                (104, 'B', 255, 'unknown-feature')):
            with self.subTest(offset=offset, value=value):
                spoilt = image.put(offset, layout, value)
                if reason:
                    self.refused(reason, spoilt)
                else:
                    with self.assertRaises(exceptions.ImageRefused):
                        reading.decode(spoilt.fd())

    def test_harmless_fields(self) -> None:
        image = mixed()
        for offset, layout, value in (
                (16, 'I', 99),         # size of a backing name that is not
                (72, 'Q', 1),          # dirty
                (80, 'Q', 2**64 - 1),  # compatible features
                (88, 'Q', 2**64 - 2),  # autoclear features, no bitmaps
                (96, 'I', 0),
                (96, 'I', 6),
                (104, 'Q', 0)):
            with self.subTest(offset=offset, value=value):
                self.assertEqual(image.guest, reading.decode(
                    image.put(offset, layout, value).fd()))

    def test_size_limit(self) -> None:
        image = mixed()
        size = len(image.guest)
        qcow2_source.Qcow2Source(image.fd(), max_virtual_size=size).close()
        self.refused('size-limit', image, max_virtual_size=size - 1)

    def test_exbibyte_in_200_bytes(self) -> None:
        image = mixed().put(24, 'Q', 1 << 60).put(20, 'I', 21)
        image = image.put(36, 'I', 1 << 21).put(40, 'Q', 1 << 21)
        del image.data[200:]
        self.refused('size-limit', image, max_virtual_size=1 << 50)
        self.refused('table-outside-file', image)

    def test_extensions(self) -> None:
        for magic, body, reason in (
                (0x0537be77, bytes(16), 'encryption'),
                (0x44415441, b'/etc/passwd', 'data-file'),
                (0xe2792aca, b'x' * 16, 'bad-header'),
                (0x23852875, b'', 'bad-header')):
            with self.subTest(magic=hex(magic)):
                self.refused(reason, mixed(extensions=struct.pack(
                    '>II', magic, len(body)) + body))
        self.refused('bad-header', mixed(
            extensions=struct.pack('>II', 5, CS)))
        self.refused('bad-header', mixed(
            extensions=struct.pack('>II', 5, 2**32 - 1)))

    def test_bitmaps(self) -> None:
        def image(*fields: int) -> Image:
            return mixed(extensions=struct.pack(
                '>IIIIQQ', 0x23852875, 24, *fields)).put(88, 'Q', 1)

        for fields, reason in (
                ((0, 0, 24, CS), 'bad-header'),
                ((65536, 0, 65536 * 24, CS), 'bad-header'),
                ((1, 1, 24, CS), 'bad-header'),
                ((1, 0, 0, CS), 'bad-header'),
                ((1, 0, 2**63, CS), 'bad-header'),
                ((1, 0, 24, 8), 'unaligned'),
                ((1, 0, 24, 0), 'overlapping-metadata'),
                ((1, 0, 24, 2**64 - CS), 'table-outside-file')):
            with self.subTest(fields=fields):
                self.refused(reason, image(*fields))
        # Without the autoclear bit they are stale and not looked at.
        stale = image(0, 1, 2, 3).put(88, 'Q', 0)
        self.assertEqual(stale.guest, reading.decode(stale.fd()))


class TableTest(RefusedTest):

    def test_l1_entries(self) -> None:
        image = mixed()
        l1 = image.places['l1']
        good = image.places['l2-0']
        end = len(image.data)
        for value, reason in (
                (good | 1, 'reserved-bits'),
                (good | 1 << 62, 'reserved-bits'),
                (good | 1 << 56, 'reserved-bits'),
                (COPIED, 'reserved-bits'),
                (good + 512, 'unaligned'),
                (end, 'table-outside-file'),
                (0x00fffffffffff000, 'table-outside-file'),
                (image.places['l1'], 'overlapping-metadata'),
                (image.places['refcount'], 'overlapping-metadata'),
                (image.places['refblock'], 'overlapping-metadata'),
                (image.places['snapshots'], 'overlapping-metadata')):
            with self.subTest(value=hex(value)):
                self.refused(reason, image.put(l1, 'Q', value))

    def test_one_l2_table_for_two(self) -> None:
        image = mixed()
        # Also where only the state of a virtual machine would be.
        self.refused('overlapping-metadata', image.put(
            image.places['l1'] + 8, 'Q', image.places['l2-0']))

    def test_refcount_blocks(self) -> None:
        image = mixed()
        table = image.places['refcount']
        for value, reason in (
                (image.places['refblock'] | 1, 'reserved-bits'),
                (len(image.data), 'table-outside-file'),
                (image.places['refblock'] + 512, 'unaligned'),
                (image.places['l2-0'], 'overlapping-metadata')):
            with self.subTest(value=hex(value)):
                spoilt = image.put(table, 'Q', value)
                self.refused(reason, spoilt)
                # Stale refcounts are what "dirty" means.
                self.assertEqual(image.guest, reading.decode(
                    spoilt.put(72, 'Q', 1).fd()))

    def test_snapshots(self) -> None:
        image = mixed()
        at = image.places['snapshots']
        for offset, layout, value, reason in (
                (0, 'Q', 1, 'unaligned'),
                (0, 'Q', 1 << 40, 'table-outside-file'),
                (0, 'Q', image.places['l1'], 'overlapping-metadata'),
                (8, 'I', 2**32 - 1, 'truncated'),
                (36, 'I', 1025, 'bad-table'),
                (36, 'I', 2**32 - 1, 'bad-table')):
            with self.subTest(offset=offset, value=value):
                self.refused(reason, image.put(at + offset, layout, value))

    def test_l2_entries(self) -> None:
        image = mixed()
        end = len(image.data)
        data, = struct.unpack_from('>Q', image.data, image.l2_entries[0])
        data &= ~COPIED
        for value, reason in (
                (COPIED, 'reserved-bits'),
                (COPIED | 1, 'reserved-bits'),
                (data | 2, 'reserved-bits'),
                (data | 1 << 56, 'reserved-bits'),
                (data | 1 << 61, 'reserved-bits'),
                (data + 512, 'unaligned'),
                (data + 512 | 1, 'unaligned'),
                (end, 'cluster-outside-file'),
                (end | 1, 'cluster-outside-file'),
                (0x00fffffffffff000, 'cluster-outside-file'),
                (image.places['l1'], 'overlapping-metadata'),
                (image.places['l2-0'], 'overlapping-metadata'),
                (image.places['refcount'], 'overlapping-metadata'),
                (image.places['refblock'], 'overlapping-metadata'),
                (image.places['snapshots'], 'overlapping-metadata'),
                (COMPRESSED | 0, 'overlapping-metadata'),
                (COMPRESSED | end, 'cluster-outside-file'),
                (COMPRESSED | (1 << 58) - 1, 'cluster-outside-file'),
                (COMPRESSED | 15 << 58 | end - 512, 'truncated'),
                (COMPRESSED | data, 'bad-compressed-data')):
            with self.subTest(value=hex(value)):
                self.refused(reason, image.put(
                    image.l2_entries[0], 'Q', value))

    def test_header_as_data(self) -> None:
        # Offset 0 means "not allocated", so only a compressed one can try.
        image = mixed()
        self.refused('overlapping-metadata', image.put(
            image.l2_entries[0], 'Q', COMPRESSED | 104))

    def test_zero_clusters_in_version_2(self) -> None:
        image = Builder([Cluster('data', content(1)), Cluster()],
                        version=2).build()
        self.refused('reserved-bits', image.put(
            image.l2_entries[1], 'Q', 1))

    def test_subclusters(self) -> None:
        image = Builder(
            [Cluster('sub', content(1, 16384), 1, 2), Cluster(),
             Cluster('compressed', content(2, 16384))],
            bits=14, extended=True).build()
        for cluster, offset, value, reason in (
                (0, 8, 1 << 32 | 1, 'bad-table'),
                (1, 8, 1, 'bad-table'),
                (1, 0, COPIED, 'reserved-bits'),
                (1, 0, 1, 'reserved-bits'),
                (2, 8, 1, 'reserved-bits'),
                (2, 8, 1 << 63, 'reserved-bits')):
            with self.subTest(cluster=cluster, value=value):
                self.refused(reason, image.put(
                    image.l2_entries[cluster] + offset, 'Q', value))

    def test_one_data_cluster_for_many(self) -> None:
        image = Builder([Cluster('data', content(1))] + [Cluster()] * 99
                        ).build()
        entry, = struct.unpack_from('>Q', image.data, image.l2_entries[0])
        for index in range(1, 100):
            image = image.put(image.l2_entries[index], 'Q', entry)
        self.refused('overlapping-data', image)


class CompressedTest(RefusedTest):

    def replaced(self, stream: bytes, zstd: bool = False) -> Image:
        """An image whose only cluster has this compressed stream."""
        image = Builder([Cluster('compressed', content(1))],
                        zstd=zstd).build()
        start = len(image.data)
        image.data += stream + bytes(-len(stream) % 512)
        sectors = (len(stream) - 1) // 512
        return image.put(image.l2_entries[0], 'Q',
                         COMPRESSED | sectors << 58 | start)

    def test_deflate(self) -> None:
        good = builder.deflate(content(1))
        self.assertEqual(content(1), reading.decode(
            self.replaced(good).fd()))
        for stream in (good[:-30], b'\xff' * 100,
                       builder.deflate(b''),
                       builder.deflate(bytes(CS - 1)),
                       builder.deflate(bytes(CS + 1)),
                       builder.deflate(bytes(7 << 20))):
            self.refused('bad-compressed-data', self.replaced(stream))

    def test_zstd(self) -> None:
        def streamed(data: bytes) -> bytes:
            """A frame that does not declare its size."""
            stream = zstandard.ZstdCompressor().compressobj()
            return stream.compress(data) + stream.flush()

        for good in (zstandard.compress(content(1)), streamed(content(1))):
            self.assertEqual(content(1), reading.decode(
                self.replaced(good, True).fd()))
        huge = struct.pack('<IBQ', 0xfd2fb528, 0xe0, 1 << 60) + bytes(40)
        window = struct.pack('<IBB', 0xfd2fb528, 0, 17 << 3) + bytes(40)
        skippable = struct.pack('<II', 0x184d2a50, CS) + bytes(CS)
        for stream in (zstandard.compress(content(1))[:-60], b'\xff' * 100,
                       zstandard.compress(bytes(CS + 1)),
                       zstandard.compress(b''), streamed(bytes(CS + 1)),
                       streamed(bytes(7 << 20)), huge, window, skippable):
            self.refused('bad-compressed-data', self.replaced(stream, True))

    def test_zstd_frame_without_its_end(self) -> None:
        """All bytes of the cluster are there, and still QEMU refuses."""
        stream = zstandard.ZstdCompressor().compressobj()
        body = stream.compress(content(1))
        body += stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        frame = body + stream.flush()
        image = Builder([Cluster('compressed', content(1))],
                        zstd=True).build()
        # What the sectors hold ends with the last block but one.
        start = len(image.data) + -len(body) % 512
        image.data += bytes(-len(body) % 512) + frame + bytes(CS)
        sectors = len(body) // 512
        for count in (sectors + 1, sectors):
            spoilt = image.put(image.l2_entries[0], 'Q',
                               COMPRESSED | count << 58 | start)
            if count > sectors:
                self.assertEqual(spoilt.guest,
                                 reading.decode(spoilt.fd()))
            else:
                self.refused('bad-compressed-data', spoilt)


class DamageTest(unittest.TestCase):
    """Refused, or the right length; never another error.

    That the bytes are QEMU's is for the functional test.
    """

    def outcome(self, image: bytearray) -> bytes | None:
        damaged = Image(image, b'', CS, {}, {})
        try:
            return reading.decode(damaged.fd())
        except exceptions.ImageRefused:
            return None

    def test_truncation(self) -> None:
        for image in (mixed(), mixed(zstd=True), mixed(seed=3)):
            for size in range(0, len(image.data), 512):
                guest = self.outcome(image.data[:size])
                self.assertIn(guest, (None, image.guest))

    def test_flips(self) -> None:
        rng = random.Random(2)
        accepted = 0
        images = [
            Builder([Cluster('data', content(i, 512)) for i in range(70)],
                    bits=9).build(),
            mixed(), mixed(zstd=True),
            Builder([Cluster('sub', content(1, 16384), 0xffff0000, 0xff),
                     Cluster('compressed', content(1, 16384))],
                    bits=14, extended=True).build()]
        for _ in range(FLIPS):
            image = rng.choice(images)
            data = bytearray(image.data)
            # Most bytes of a qcow2 file are padding; aim.
            base = rng.choice([0, 0, *image.places.values()])
            data[base + rng.randrange(128)] ^= 1 << rng.randrange(8)
            guest = self.outcome(data)
            if guest is not None:
                accepted += 1
        self.assertLess(FLIPS // 10, accepted)
        self.assertLess(accepted, FLIPS * 9 // 10)
