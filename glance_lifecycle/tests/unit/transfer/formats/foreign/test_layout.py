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

import collections
import re
import struct
import tempfile
import zlib

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies
from oslotest import base

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer.formats.foreign import handmade
from glance_lifecycle.transfer.formats.foreign import layout
from glance_lifecycle.transfer.formats.foreign import tables

MIB = handmade.MIB


def check(content: bytes, disk_format: str) -> tables.Layout:
    with tempfile.TemporaryFile() as handle:
        handle.write(content)
        handle.flush()
        return layout.check(handle.fileno(), disk_format)


class CountingFile(tables.TableFile):
    """Knows how often it was read, and for what."""

    def __init__(self, fd: int, disk_format: str) -> None:
        super().__init__(fd, disk_format)
        self.reads: collections.Counter[str] = collections.Counter()

    def read(self, offset: int, length: int, what: str) -> bytes:
        self.reads[what] += 1
        return super().read(offset, length, what)


class LayoutTestCase(base.BaseTestCase):

    def refused(self, reason: str, content: bytes, disk_format: str) -> str:
        error = self.assertRaises(exceptions.ImageRefused, check, content,
                                  disk_format)
        self.assertEqual(reason, error.reason)
        return str(error)

    def counted(self, content: bytes, disk_format: str) -> CountingFile:
        """The file, after it was refused because things overlap in it."""
        with tempfile.TemporaryFile() as handle:
            handle.write(content)
            handle.flush()
            file = CountingFile(handle.fileno(), disk_format)
            error = self.assertRaises(exceptions.ImageRefused,
                                      layout.CHECKS[disk_format], file)
        self.assertEqual('overlapping-data', error.reason)
        return file

    def all_cuts_refused(self, content: bytes, disk_format: str) -> None:
        """However much is missing, down to the last byte."""
        for size in (len(content) - 1, len(content) - 512,
                     len(content) * 3 // 4, len(content) // 2, 1500, 600):
            self.refused('truncated', content[:size], disk_format)


class VdiTest(LayoutTestCase):
    full = b'x' * MIB

    def test_sound(self) -> None:
        self.assertEqual(
            tables.Layout((3 * MIB,), MIB),
            check(handmade.vdi([None, self.full, None]), 'vdi'))

    def test_cut(self) -> None:
        self.all_cuts_refused(handmade.vdi([self.full, None, self.full]),
                              'vdi')

    def test_the_last_block_may_end_with_the_disk(self) -> None:
        content = handmade.vdi([self.full, b'x' * 1000], disk=MIB + 700)
        # Rounded up to a sector, as qemu does.
        self.assertEqual((MIB + 1024,), check(
            content + bytes(24), 'vdi').sizes)
        self.refused('truncated', content[:-100], 'vdi')

    def test_hostile(self) -> None:
        for reason, options in (
                ('backing-file', {'parent': b'p' * 16}),
                ('unknown-feature', {'kind': 4}),
                ('unknown-feature', {'block': 0}),
                ('unknown-feature', {'block': 512}),
                ('bad-header', {'disk': 100 * MIB}),
                ('bad-header', {'disk': 2 ** 64 - 1})):
            self.refused(reason, handmade.vdi([self.full], **options), 'vdi')

    def test_blocks_that_overlap(self) -> None:
        content = bytearray(handmade.vdi([self.full] + [None] * 9))
        content[512:552] = bytes(40)
        self.refused('overlapping-data', bytes(content), 'vdi')


class VhdTest(LayoutTestCase):

    def test_sound(self) -> None:
        self.assertEqual(
            tables.Layout((6 * MIB,), 4 * MIB),
            check(handmade.vhd([b'x', None, b'y']), 'vhd'))

    def test_size_by_geometry(self) -> None:
        found = check(handmade.vhd([None], geometry=(60, 4, 17)), 'vhd')
        self.assertEqual((2 * MIB, 60 * 4 * 17 * 512), found.sizes)

    def test_fixed(self) -> None:
        content = handmade.fixed_vhd(b'x' * MIB)
        self.assertEqual(tables.Layout((MIB,), MIB), check(content, 'vhd'))
        self.refused('truncated', content[512:], 'vhd')
        # A footer in front is the one that qemu goes by.
        self.refused('bad-header', handmade.fixed_vhd(
            handmade.vhd([b'x'])[:MIB]), 'vhd')

    def test_cut(self) -> None:
        self.all_cuts_refused(handmade.vhd([b'x', None]), 'vhd')

    def test_differencing(self) -> None:
        self.refused('backing-file', handmade.vhd([b'x'], kind=4), 'vhd')

    def test_hostile(self) -> None:
        self.refused('unknown-feature', handmade.vhd([b'x'], kind=9), 'vhd')
        sound = handmade.vhd([b'x'])
        for offset, value, reason in (
                (512, b'y', 'bad-header'),
                (512 + 28, b'\0\0\0\0', 'bad-header'),
                (512 + 32, b'\0\0\2\0', 'unknown-feature'),
                (512 + 32, b'\0\0\0\0', 'unknown-feature'),
                (512 + 16, b'\1', 'truncated'),
                (16, b'\1', 'bad-header'),
                (1536, b'\0\0\0\5', 'overlapping-data')):
            if offset == 1536:
                content = bytearray(handmade.vhd([None, None, b'x']))
                content[1536:1548] = value * 3
            else:
                content = bytearray(sound)
                content[offset:offset + len(value)] = value
            self.refused(reason, bytes(content), 'vhd')


class VmdkTest(LayoutTestCase):
    full = b'x' * 65536

    def test_sound(self) -> None:
        self.assertEqual(
            tables.Layout((3 * 65536,), 65536),
            check(handmade.vmdk([None, self.full, None]), 'vmdk'))

    def test_cut(self) -> None:
        self.all_cuts_refused(handmade.vmdk([self.full, None, self.full]),
                              'vmdk')

    def test_compressed(self) -> None:
        content = handmade.vmdk([zlib.compress(self.full)] * 3,
                                kind='streamOptimized', compression=1)
        self.assertEqual(3 * 65536, check(content, 'vmdk').data)
        self.refused('truncated', content[:-512], 'vmdk')
        self.refused('truncated', content[:70000 - 4096], 'vmdk')

    def test_footer(self) -> None:
        front = handmade.vmdk([self.full], directory=2 ** 64 - 1)
        footer = handmade.vmdk([self.full])[:512]
        marker = struct.pack('<QII', 1, 0, 3).ljust(512, b'\0')
        self.assertEqual(
            (65536,),
            check(front + marker + footer + bytes(512), 'vmdk').sizes)
        self.refused('truncated', front, 'vmdk')
        self.refused('truncated', front + footer + bytes(511), 'vmdk')
        # Inspected as small, converted as large.
        larger = handmade.vmdk([self.full], capacity=1 << 30)[:512]
        self.refused('bad-header', front + marker + larger + bytes(512),
                     'vmdk')
        self.refused('bad-header', front + marker + front[:512] + bytes(512),
                     'vmdk')

    def test_other_files(self) -> None:
        # Capacity 0: qemu follows the descriptor.
        self.refused('vmdk-type', handmade.vmdk([None], capacity=0), 'vmdk')
        self.refused('vmdk-type', b'# Disk DescriptorFile\n' * 50, 'vmdk')
        line = 'RW %(sectors)d SPARSE "disk.vmdk"'
        for other in ('', line + '\n' + line,
                      line + '\nRW 1 FLAT "5" 0', 'RW 128 FLAT "other" 0'):
            self.refused('vmdk-type', handmade.vmdk(
                [None], descriptor=handmade.DESCRIPTOR.replace(line, other)),
                'vmdk')

    def test_parent(self) -> None:
        for old, new in (('ffffffff', '12345678'), ('parentCID', 'other'),
                         ('#DDB', 'parentFileNameHint="5"'),
                         ('#DDB', 'x\0parentFileNameHint="5"')):
            self.refused('backing-file', handmade.vmdk(
                [None], descriptor=handmade.DESCRIPTOR.replace(old, new)),
                'vmdk')

    def test_parent_after_the_descriptor(self) -> None:
        """Where the header says it ends, and qemu reads on."""
        for sectors in (1, 2, 19):
            self.refused('backing-file', handmade.vmdk_hint(
                '/etc/passwd', sectors=sectors), 'vmdk')
        # Nor may there be a second one of these, of which qemu takes the
        # first.
        self.refused('backing-file', handmade.vmdk(
            [None], descriptor='#parentCID=1\n' + handmade.DESCRIPTOR), 'vmdk')

    def test_descriptor_as_qemu_reads_it(self) -> None:
        sound = handmade.vmdk([self.full])
        # Without an end, what comes after it is text as well.
        endless = bytearray(sound)
        endless[512:1536] = sound[512:1536].replace(b'\0', b'#')
        self.refused('bad-header', bytes(endless), 'vmdk')
        # qemu looks at 0x200 only.
        moved = bytearray(sound) + sound[512:1536]
        struct.pack_into('<Q', moved, 28, len(sound) // 512)
        self.assertEqual(65536, check(bytes(moved), 'vmdk').data)
        moved[512:514] = b'RW'
        self.refused('bad-header', bytes(moved), 'vmdk')

    def test_long_descriptor(self) -> None:
        """From each newline, a search went on to the last."""
        text = handmade.DESCRIPTOR % {'kind': 'x', 'sectors': 2048}
        sound = text.ljust(10000, '\n') + '#\n'
        self.assertEqual(0, check(handmade.vmdk_text(
            sound, sectors=2047), 'vmdk').data)
        self.refused('backing-file', handmade.vmdk_text(
            sound.replace('ffffffff', '0'), sectors=2047), 'vmdk')
        for old, new, reason in (('', '', 'bad-header'),
                                 ('ffffffff', '0', 'bad-header'),
                                 ('parentCID', 'other', 'backing-file')):
            long = text.replace(old, new).ljust(1000000, '\n') + '#\n'
            said = self.refused(reason, handmade.vmdk_text(
                long, sectors=2047), 'vmdk')
            self.assertEqual(reason == 'bad-header',
                             'is longer than 10240 bytes' in said)
        for word in (b'', b'parentcid', b'rw', b'rw 1'):
            lines_only = word + b'\n' * 300000 + b'#\n'
            self.assertIsNone(layout.VMDK_NO_PARENT.search(lines_only))
            self.assertEqual([], layout.VMDK_EXTENT.findall(lines_only))

    def test_white_space_in_a_descriptor(self) -> None:
        """What C takes for it, and so sscanf() in qemu."""
        parent = 'parentCID=ffffffff'
        for line in ('\n\n \t\v\f\r' + parent, 'x\n\n\n ' + parent,
                     'parentCID\t=\v ffffffff \r', 'parentCID=\nFFFFFFFF'):
            check(handmade.vmdk([None], descriptor=handmade.DESCRIPTOR.replace(
                parent, line)), 'vmdk')
        for line in ('#' + parent, 'x' + parent, '\x85' + parent,
                     '\x1c' + parent, parent + 'f', parent + ' x',
                     parent + '\v;', 'parentCID ffffffff',
                     'parentCID=ffff\nffff', '\v\f\r parentCID=1\n',
                     parent + '\n\v' + parent):
            self.refused('backing-file', handmade.vmdk(
                [None], descriptor=handmade.DESCRIPTOR.replace(parent, line)),
                'vmdk')
        for line in ('\v\f\r RW 1 FLAT', '\n\nRW\n1\nFLAT',
                     'RDONLY\v1\fZERO', 'NOACCESS\t1\rSPARSE'):
            self.refused('vmdk-type', handmade.vmdk(
                [None], descriptor=handmade.DESCRIPTOR + line + ' "x"\n'),
                'vmdk')

    def test_one_grain_for_all(self) -> None:
        """Four bytes each in the table, and one read each of the file."""
        content = bytearray(handmade.vmdk(
            [zlib.compress(self.full)] + [None] * 511,
            kind='streamOptimized', compression=1))
        content[2048:4096] = content[2048:2052] * 512
        file = self.counted(bytes(content), 'vmdk')
        self.assertEqual(file.size // 512 + 2,
                         file.reads['compressed grain'])

    def test_one_table_for_all(self) -> None:
        check(handmade.vmdk_directory([4, 0, 12, 8]), 'vmdk')
        for pointers in ([4] * 32, [4, 8] * 16, [8, 4, 0, 4]):
            file = self.counted(handmade.vmdk_directory(pointers), 'vmdk')
            self.assertEqual(len({*pointers} - {0}),
                             file.reads['grain table'])

    def test_large_grains(self) -> None:
        """Compressed ones would take three times as much memory."""
        for compression, grain, reason in (
                (0, 1 << 21, ''), (0, 1 << 22, 'bad-header'),
                (1, 1 << 17, ''), (1, 1 << 18, 'unknown-feature'),
                (2, 128, 'unknown-feature')):
            content = bytearray(handmade.vmdk([None],
                                              compression=compression))
            struct.pack_into('<Q', content, 20, grain)
            if reason:
                self.refused(reason, bytes(content), 'vmdk')
            else:
                self.assertEqual(0, check(bytes(content), 'vmdk').data)
        unmarked = bytearray(handmade.vmdk([None], compression=1))
        struct.pack_into('<I', unmarked, 8, 0x10003)
        self.refused('unknown-feature', bytes(unmarked), 'vmdk')

    def test_hostile(self) -> None:
        sound = handmade.vmdk([self.full])
        for offset, layout_, value, reason in (
                (20, '<Q', 0, 'bad-header'), (20, '<Q', 3, 'bad-header'),
                (20, '<Q', 1 << 40, 'bad-header'), (44, '<I', 0, 'bad-header'),
                (44, '<I', 513, 'bad-header'),
                (56, '<Q', 1 << 50, 'truncated'),
                (12, '<Q', 1 << 50, 'truncated'),
                (28, '<Q', 1 << 50, 'truncated'),
                (1536, '<I', 0xffffffff, 'truncated'),
                (2048, '<I', 0xffffffff, 'truncated'),
                (2048, '<I', 129, 'truncated')):
            content = bytearray(sound)
            struct.pack_into(layout_, content, offset, value)
            self.refused(reason, bytes(content), 'vmdk')


class DescriptorTest(base.BaseTestCase):
    """The patterns, which do not go back and forth, say what these do."""

    parent = re.compile(rb'^\s*parentcid\s*=\s*f{8}\s*$', re.M)
    extent = re.compile(
        rb'^\s*(?:rw|rdonly|noaccess)\s+\d+\s+(\w+)', re.M)
    words = strategies.sampled_from((
        b'\n', b'\r', b'\t', b'\v', b'\f', b' ', b'\x85', b'\x1c', b'=',
        b'parentcid', b'f' * 8, b'rw', b'rdonly', b'12', b'sparse',
        b'flat', b'#'))

    @given(strategies.lists(strategies.one_of(
        words, strategies.just(b'\n'),
        strategies.just(b'parentcid=ffffffff'),
        strategies.just(b'rw 1 flat')), max_size=12).map(b''.join))
    @settings(max_examples=100)
    def test_same(self, text: bytes) -> None:
        self.assertEqual(self.parent.search(text) is None,
                         layout.VMDK_NO_PARENT.search(text) is None)
        self.assertEqual(self.extent.findall(text),
                         layout.VMDK_EXTENT.findall(text))


class TablesTest(base.BaseTestCase):

    def test_blocks_are_counted_as_they_come(self) -> None:
        with tempfile.TemporaryFile() as handle:
            handle.truncate(10 * 512)
            file = tables.TableFile(handle.fileno(), 'vdi')
            self.assertEqual(11, tables.check_blocks(
                file, ((index, 0) for index in range(11)), 11 * 512, 512))
            starts = ((index, 0) for index in range(100000))
            self.assertRaises(exceptions.ImageRefused, tables.check_blocks,
                              file, starts, 100000 * 512, 512)
            self.assertEqual((12, 0), next(starts))

    def test_sectors(self) -> None:
        sectors = tables.Sectors()
        for sector in (0, 4095, 4096, 1, 2 ** 32 - 1):
            self.assertFalse(sectors.again(sector))
            self.assertTrue(sectors.again(sector))
        self.assertFalse(sectors.again(4097))


class AnyBytesTest(base.BaseTestCase):
    """Whatever is in the metadata: a layout or a refusal."""

    images = {'vdi': handmade.vdi([b'x' * MIB]), 'vhd': handmade.vhd([b'x']),
              'vmdk': handmade.vmdk([b'x'])}

    @given(strategies.sampled_from(sorted(images)),
           strategies.lists(strategies.tuples(
               strategies.integers(0, 2600), strategies.binary(
                   min_size=1, max_size=8)), max_size=4))
    @settings(max_examples=100)
    def test_damage(self, name: str,
                    changes: list[tuple[int, bytes]]) -> None:
        content = bytearray(self.images[name])
        for offset, value in changes:
            content[offset:offset + len(value)] = value
        try:
            found = check(bytes(content), name)
        except exceptions.ImageRefused:
            return
        self.assertLessEqual(found.data, len(content) + 2 * MIB)
