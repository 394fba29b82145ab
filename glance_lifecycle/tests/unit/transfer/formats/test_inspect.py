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

import os
import random
import tempfile

from oslotest import base

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer.formats.foreign import handmade
from glance_lifecycle.transfer.formats import detect
from glance_lifecycle.transfer.formats import inspect

MIB = handmade.MIB


class InspectTestCase(base.BaseTestCase):

    def file(self, content: bytes, size: int | None = None) -> int:
        handle = tempfile.TemporaryFile()
        self.addCleanup(handle.close)
        handle.write(content)
        handle.flush()
        if size is not None:
            handle.truncate(size)
        return handle.fileno()

    def look(self, content: bytes, rules: inspect.Rules = inspect.Rules(),
                declared: str | None = None) -> inspect.Inspection:
        return inspect.inspect(self.file(content), rules, declared=declared)

    def refused(self, reason: str, content: bytes,
                rules: inspect.Rules = inspect.Rules()
                ) -> exceptions.ImageRefused:
        error = self.assertRaises(exceptions.ImageRefused, self.look,
                                  content, rules)
        self.assertEqual(reason, error.reason)
        return error


class FormatTest(InspectTestCase):

    def test_formats(self) -> None:
        for content, name, detected, size in (
                (b'', 'raw', 'raw', 0),
                (b'x' * 7, 'raw', 'raw', 7),
                (bytes(MIB), 'raw', 'raw', MIB),
                (handmade.mbr(), 'raw', 'gpt', MIB),
                (handmade.iso(), 'iso', 'iso', 40960),
                (handmade.iso(boot=handmade.mbr()), 'iso', 'iso', 40960),
                (handmade.qcow2(size=5 * MIB), 'qcow2', 'qcow2', 5 * MIB),
                (handmade.vdi([None] * 3), 'vdi', 'vdi', 3 * MIB),
                (handmade.vhd([None] * 2), 'vhd', 'vhd', 4 * MIB),
                (handmade.vmdk([None] * 16), 'vmdk', 'vmdk', MIB)):
            found = self.look(content)
            self.assertEqual((name, detected, size, len(content)),
                             (found.format, found.detected,
                              found.virtual_size, found.file_size))

    def test_random_bytes_are_raw(self) -> None:
        found = self.look(random.Random(1).randbytes(MIB))
        self.assertEqual('raw', found.format)

    def test_a_short_header_is_no_raw_data(self) -> None:
        # oslo.utils wants 512 bytes before it recognises anything.
        found = self.look(handmade.qcow2()[:120])
        self.assertEqual('qcow2', found.format)

    def test_several_formats(self) -> None:
        content = bytearray(handmade.iso())
        content[:512] = handmade.qcow2()[:512]
        error = self.refused('format-ambiguous', bytes(content))
        self.assertIn('iso, qcow2', str(error))

    def test_an_inspector_that_breaks(self) -> None:
        # AttributeError in oslo.utils 10.2.
        self.refused('format-unknown', b'text\n' * 200 + b'\xe9' * 5000)

    def test_cut_short_in_the_header(self) -> None:
        self.refused('truncated', b'vhdxfile' + bytes(100 * 1024))

    def test_text_descriptor_of_a_vmdk(self) -> None:
        text = handmade.DESCRIPTOR % {'kind': 'monolithicFlat',
                                      'sectors': 100}
        for content in (text, text.replace('\n\n', '\n') * 5,
                        # As qemu-img pads it, and oslo.utils misses it.
                        text.ljust(512, '\0'), text.ljust(MIB, '\0'),
                        '\r\n'.join(text.splitlines()).ljust(900, '\0'),
                        text.replace('createType', 'x').ljust(512, '\0')):
            self.refused('vmdk-type', content.encode())

    def test_bad_descriptor(self) -> None:
        with_path = handmade.DESCRIPTOR.replace('disk.vmdk', '/etc/passwd')
        error = self.refused('unsafe', handmade.vmdk(
            [None], descriptor=with_path))
        self.assertEqual(['descriptor'], error.fields['checks'])
        self.assertNotIn('passwd', str(error))

    def test_type_of_a_vmdk(self) -> None:
        stream = handmade.vmdk([None], kind='streamOptimized')
        self.assertEqual('vmdk', self.look(stream).format)
        rules = inspect.Rules(vmdk_allowed_types=('monolithicSparse',))
        self.refused('vmdk-type', stream, rules)
        self.refused('vmdk-type', stream, inspect.Rules(
            vmdk_allowed_types=()))
        self.refused('vmdk-type', handmade.vmdk(
            [None], kind='twoGbMaxExtentSparse'))

    def test_vmdk_footer_that_is_not_there(self) -> None:
        self.refused('truncated', handmade.vmdk(
            [b'x'] * 64, directory=2 ** 64 - 1))


class MarkTest(InspectTestCase):
    """What qemu guesses and oslo.utils does not know."""

    def test_vmdk_of_esx(self) -> None:
        self.refused('vmdk-type', b'COWD'.ljust(MIB, b'\0'))

    def test_parallels(self) -> None:
        content = b'WithouFreSpacExt'.ljust(MIB, b'\0')
        error = self.refused('unsafe', content)
        self.assertIn('like a parallels image', str(error))
        self.assertEqual('raw', self.look(content, declared='ploop').format)

    def test_text_in_front_of_an_iso(self) -> None:
        self.refused('vmdk-type', handmade.iso(
            boot=b'# x\nversion=1\n'.ljust(512, b'\0')))

    def test_footers(self) -> None:
        for kind in (2, 3, 4):
            data = bytes(MIB) + handmade.vhd_footer(MIB, kind)
            if kind == inspect.VHD_FIXED:
                self.assertTrue(self.look(data).fixed_vhd)
            else:
                self.refused('format-ambiguous', data)
            # A checksum that is wrong, and another format's end.
            self.look(data[:-1] + b'x')
            self.look(handmade.qcow2() + data)


class CostTest(InspectTestCase):

    def test_little_is_read_of_a_large_file(self) -> None:
        for content, limit in (
                (bytes(4096), 512 * 1024),
                (handmade.mbr(), 512 * 1024),
                (handmade.qcow2(), 512 * 1024),
                (handmade.vdi([None]), 512 * 1024)):
            found = inspect.inspect(self.file(content, 10 << 30))
            self.assertLess(found.bytes_read, limit)

    def test_a_footer_is_looked_for_at_the_end_only(self) -> None:
        fd = self.file(handmade.vmdk([None], directory=2 ** 64 - 1), 10 << 30)
        self.assertRaises(exceptions.ImageRefused, inspect.inspect, fd)
        detector = detect.Detector(10 << 30)
        read = 0
        while (at := detector.position) is not None:
            data = os.pread(fd, detect.CHUNK, at)
            detector.feed(data)
            read += len(data)
        self.assertLess(read, 3 * MIB)

    def test_metadata_at_the_other_end_are_not_waited_for(self) -> None:
        # A raw file that pretends to have a VHDX region table.
        entry = bytes.fromhex('06a27c8b90479a4bb8fe575f050f886e') + (
            (9 << 30).to_bytes(8, 'little') + b'\0\0\1\0\1\0\0\0')
        content = bytes(192 * 1024) + b'regi' + bytes(4) + (
            b'\1\0\0\0\0\0\0\0') + entry
        found = inspect.inspect(self.file(content, 10 << 30))
        self.assertEqual('raw', found.format)
        self.assertLessEqual(found.bytes_read, detect.HEAD + 1024)

    def test_the_position_is_left_alone(self) -> None:
        fd = self.file(handmade.qcow2())
        os.lseek(fd, 123, os.SEEK_SET)
        inspect.inspect(fd)
        self.assertEqual(123, os.lseek(fd, 0, os.SEEK_CUR))

    def test_unreadable(self) -> None:
        fd = os.open(os.devnull, os.O_WRONLY)
        self.addCleanup(os.close, fd)
        self.assertRaises(exceptions.SourceError, inspect.inspect, fd)


class SafetyTest(InspectTestCase):

    def test_qcow2(self) -> None:
        for reason, options in (
                ('backing-file', {'backing': 512}),
                ('data-file', {'features': 4}),
                ('encryption', {'crypt': 1}),
                ('encryption', {'crypt': 2}),
                ('encryption', {'crypt': 1, 'version': 2}),
                ('unknown-feature', {'features': 32}),
                ('unknown-feature', {'features': 1 << 63}),
                ('unknown-feature', {'version': 1}),
                ('unknown-feature', {'version': 4, 'features': 16}),
                ('backing-file', {'backing': 1, 'features': 1 << 40})):
            self.refused(reason, handmade.qcow2(**options))

    def test_extended_l2(self) -> None:
        content = handmade.qcow2(features=16)
        found = self.look(content)
        self.assertEqual(('unknown_features',), found.tolerated)
        self.refused('unknown-feature', content,
                     inspect.Rules(extended_l2=False))

    def test_boot_sector_without_partitions(self) -> None:
        content = handmade.mbr(partitions=False)
        error = self.refused('unsafe', content)
        self.assertEqual(['mbr'], error.fields['checks'])
        self.assertIn('no partitions', str(error))
        self.assertIn('gpt_safety_checks_nonfatal', str(error))
        rules = inspect.Rules(gpt_safety_checks_nonfatal=('mbr',))
        self.assertEqual(('mbr',), self.look(content, rules).tolerated)
        self.assertEqual(('mbr',),
                         self.look(content, declared='aki').tolerated)

    def test_qed_is_banned(self) -> None:
        self.refused('unsafe', b'QED\0' + bytes(MIB))


class DeclaredTest(InspectTestCase):

    def declared(self, content: bytes, name: str,
                 rules: inspect.Rules = inspect.Rules()) -> tuple[str, str]:
        found = inspect.check_declared(
            self.look(content, rules, name), name, rules)
        return found.format, found.reader

    def mismatch(self, content: bytes, name: str) -> str:
        error = self.assertRaises(exceptions.ImageRefused, self.declared,
                                  content, name)
        self.assertEqual('format-mismatch', error.reason)
        return str(error)

    def test_equal(self) -> None:
        for content, name, reader in (
                (bytes(MIB), 'raw', 'raw'),
                (handmade.mbr(), 'raw', 'raw'),
                (handmade.mbr(), 'gpt', 'raw'),
                (handmade.qcow2(), 'qcow2', 'qcow2'),
                (handmade.vdi([None]), 'vdi', 'vdi'),
                (handmade.iso(), 'iso', 'raw'),
                (handmade.iso(boot=handmade.mbr()), 'iso', 'raw')):
            self.assertEqual(reader, self.declared(content, name)[1])

    def test_mismatch(self) -> None:
        for content, name in (
                (bytes(MIB), 'qcow2'), (handmade.qcow2(), 'raw'),
                (handmade.iso(), 'raw'), (handmade.qcow2(), 'vmdk'),
                (handmade.vdi([None]), 'vhd'), (handmade.qcow2(), 'ami'),
                (handmade.mbr(), 'iso')):
            self.mismatch(content, name)

    def test_message_says_what_to_do(self) -> None:
        text = self.mismatch(handmade.qcow2(), 'raw')
        self.assertIn('disk_format says raw, but the file is qcow2', text)
        self.assertIn('Set disk_format=qcow2', text)

    def test_types_that_cannot_be_recognised(self) -> None:
        for name in ('ami', 'aki', 'ari', 'ploop', 'whatever'):
            self.assertEqual(('raw', 'raw'),
                             self.declared(bytes(MIB), name))
        self.assertEqual(('raw', 'raw'), self.declared(
            handmade.mbr(partitions=False), 'aki'))

    def test_encrypted_volume_of_cinder(self) -> None:
        luks = (b'LUKS\xba\xbe\0\1'.ljust(104, b'\0')
                + (4096).to_bytes(4, 'big')).ljust(4 * MIB, b'\0')
        found = self.look(luks)
        self.assertEqual(('luks', 2 * MIB),
                         (found.format, found.virtual_size))
        for name in ('luks', 'raw'):
            self.assertEqual('raw', self.declared(luks, name)[1])

    def test_mismatch_allowed_is_never_decoded(self) -> None:
        rules = inspect.Rules(require_image_format_match=False)
        for content, name in ((handmade.qcow2(), 'raw'),
                              (handmade.qcow2(), 'vmdk'),
                              (bytes(MIB), 'qcow2')):
            found = inspect.check_declared(self.look(content), name, rules)
            self.assertEqual(('raw', len(content)),
                             (found.reader, found.virtual_size))

    def test_fixed_vhd(self) -> None:
        content = handmade.fixed_vhd(handmade.mbr())
        self.assertEqual(('vhd', 'vhd'), self.declared(content, 'vhd'))
        self.assertEqual(('raw', 'raw'), self.declared(content, 'raw'))
        broken = content[:-1] + b'x'
        self.mismatch(broken, 'vhd')
