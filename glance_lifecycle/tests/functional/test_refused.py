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

"""Bad images: refused before any work, with a reason the user can act on.

Each is a row of the table of events that stock Glance handles badly: it says
"Internal Error", leaves the image importing, or stores the wrong bytes.
"""

import os
import pathlib
import socket
import struct

from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import web
from glance_lifecycle.tests.functional import fuzz_foreign
from glance_lifecycle.tests.functional import hostile
from glance_lifecycle.tests.functional import plugin_case
from glance_lifecycle.tests.unit.transfer.formats.foreign import handmade


class RefusedTest(plugin_case.SharedApiTestCase):

    def qcow2(self, size: int = 16 * images.MIB) -> pathlib.Path:
        return images.make(self.work / 'a.qcow2', size=size)

    def test_truncated_qcow2(self) -> None:
        """Truncated, an L2 entry past the end: stock stores wrong data."""
        source = plugin_case.truncated(self.qcow2(), 100 * 1024)
        image = self.assert_refused(source, 'qcow2', 'truncated')
        self.check_usable(image['id'])

    def check_usable(self, image_id: str) -> None:
        """The same image takes a good file, and imports it."""
        good = images.make(self.work / 'good.qcow2')
        self.user.stage(image_id, good)
        self.user.import_image(image_id, all_stores=True)
        image = self.user.wait_import(image_id)
        self.assert_stored(self.api, image,
                           images.reference(good, 'qcow2'),
                           *plugin_case.ALL)
        self.assert_lists(image)

    def test_backing_file(self) -> None:
        source = self.work / 'b.qcow2'
        plugin_case.qemu_img('create', '-f', 'qcow2', '-u', '-F', 'raw',
                             '-b', '/etc/passwd', source, '1M')
        image = self.assert_refused(source, 'qcow2', 'backing-file')
        self.check_usable(image['id'])

    def test_data_file(self) -> None:
        source = self.work / 'd.qcow2'
        plugin_case.qemu_img('create', '-f', 'qcow2', '-o', 'data_file='
                             + str(self.work / 'data'), source, '1M')
        self.assert_refused(source, 'qcow2', 'data-file')

    def test_vmdk_parent_after_its_descriptor(self) -> None:
        """What qemu reads of a descriptor is more than the header says.

        Without a check the image would become active, with the bytes of a
        file of this host: by way of a description that was staged before.
        """
        secret = self.work / 'secret'
        secret.write_bytes(b'SECRET--' * (images.MIB // 8))
        described = self.work / 'described'
        described.write_bytes(hostile.descriptor(str(secret)))
        server = socket.create_server(('127.0.0.1', 0))
        server.setblocking(False)
        self.addCleanup(server.close)
        os.mkfifo(self.work / 'fifo')
        for parent in (
                str(described), str(secret),
                'nbd://127.0.0.1:%d/x' % server.getsockname()[1],
                str(self.work / 'fifo')):
            self.assert_refused(handmade.vmdk_hint(parent), 'vmdk',
                                'backing-file')
            self.assertRaises(BlockingIOError, server.accept)
        # As it was found: the description is what another member staged.
        other = self.api.user('mallory', 'other')
        staged = self.staged(other, described, 'vmdk')
        made = self.import_one(handmade.vmdk_hint(
            str(self.api.staging / staged)), 'vmdk')
        self.assertEqual('queued', made['status'])
        self.assertIn('Image refused (backing-file): ',
                      self.message(self.user, made['id']))
        other.delete(staged)
        self.assert_nothing_left(self.api, *self.others(made['id']))

    def test_corpus(self) -> None:
        """Every way to name another file, in every format that has one."""
        watch = fuzz_foreign.Watch(self.work / 'bait')
        os.mkfifo(self.work / 'fifo')
        corpus = list(hostile.corpus(
            self.work, str(self.work / 'bait/secret'),
            str(self.work / 'bait/described'),
            watch.bait[-1].removeprefix('nbd://').removesuffix('/x')))
        # By qemu-img, perhaps, as it made them.
        watch.touched()
        for name, disk_format, content in corpus:
            with self.subTest(name):
                # Glance knows no qed.
                image = self.import_one(
                    content, 'raw' if disk_format == 'qed' else disk_format)
                self.assertEqual('queued', image['status'])
                self.assertIn('Image refused (',
                              self.message(self.user, image['id']))
                self.assertFalse(watch.touched())
        self.assert_nothing_left(self.api, *self.others(''))

    def test_bomb(self) -> None:
        """100 GiB virtual in a 196 KB file: stock fills the store."""
        source = self.work / 'bomb.qcow2'
        plugin_case.qemu_img('create', '-f', 'qcow2', source, '100G')
        self.assertLess(source.stat().st_size, 200 * 1024)
        image = self.assert_refused(source, 'qcow2', 'expansion-ratio')
        self.assertIn('max_expansion_ratio',
                      self.message(self.user, image['id']))

    def test_gpt(self) -> None:
        """55AA at 510, no partitions: stock refuses only after converting.
        """
        sector = bytes(510) + b'\x55\xaa'
        image = self.assert_refused(sector + bytes(images.MIB), 'raw',
                                    'unsafe')
        self.assertIn('gpt_safety_checks_nonfatal',
                      self.message(self.user, image['id']))

    def test_wrong_declared_format(self) -> None:
        qcow2 = self.qcow2()
        self.assert_refused(qcow2, 'raw', 'format-mismatch')
        self.assert_refused(qcow2, 'vmdk', 'format-mismatch')
        self.assert_refused(b'z' * images.MIB, 'qcow2', 'format-mismatch')

    def test_bad_table(self) -> None:
        """An L1 entry that points into the header."""
        source = self.qcow2()
        with source.open('r+b') as handle:
            l1 = struct.unpack('>Q', os.pread(handle.fileno(), 8, 40))[0]
            os.pwrite(handle.fileno(),
                      struct.pack('>Q', (1 << 63) | 0x200), l1)
        made = self.import_one(source, all_stores=True)
        self.assertEqual('queued', made['status'])
        self.assertIn('Image refused (', self.message(self.user, made['id']))
        self.assert_nothing_left(self.api, *self.others(made['id']))

    def test_vmdk_that_names_files(self) -> None:
        source = self.work / 'flat.vmdk'
        source.write_bytes(
            b'# Disk DescriptorFile\nversion=1\nCID=0\nparentCID=ffffffff\n'
            b'createType="monolithicFlat"\n'
            b'RW 1024 FLAT "/etc/passwd" 0\n' + bytes(1024))
        made = self.import_one(source, 'vmdk')
        self.assertEqual('queued', made['status'])
        self.assertIn('Image refused (', self.message(self.user, made['id']))

    def test_signed(self) -> None:
        """What claims a signature is never imported unverified."""
        image_id = self.staged(self.user, self.qcow2(), img_signature='x')
        self.user.import_image(image_id)
        image = self.user.wait_import(image_id)
        self.assertEqual('queued', image['status'])
        self.assertIn('Image refused (signature-incomplete): ',
                      self.message(self.user, image_id))

    def test_downloaded(self) -> None:
        """A download is refused as anything else is, and no lock leaks."""
        plugin_case.truncated(self.qcow2(), 100 * 1024)
        server = self.useFixture(web.WebServer(self.work))
        made = self.user.create_image()
        self.user.import_image(made['id'], 'web-download',
                               uri=f'{server.url}/a.qcow2')
        image = self.user.wait_import(made['id'])
        self.assertEqual('queued', image['status'])
        self.assertIn('Image refused (truncated): ',
                      self.message(self.user, made['id']))
        self.assert_lists(image, failed=['s1'])
        self.assert_nothing_left(self.api, *self.others(made['id']))
        images.make(self.work / 'a.qcow2', size=16 * images.MIB)
        self.user.import_image(made['id'], 'web-download',
                               uri=f'{server.url}/a.qcow2')
        self.assertEqual('active',
                         self.user.wait_import(made['id'])['status'])


class FormatsOfTheOperatorTest(plugin_case.SharedApiTestCase):

    conf = {'lifecycle': {'formats': 'raw,qcow2', 'max_virtual_size': 1}}

    def test_format_not_allowed(self) -> None:
        source = images.make(self.work / 'a.vdi', 'vdi')
        self.assert_refused(source, 'vdi', 'format-not-allowed')

    def test_size_limit(self) -> None:
        source = self.work / 'a.qcow2'
        plugin_case.qemu_img('create', '-f', 'qcow2', source, '2G')
        self.assert_refused(source, 'qcow2', 'size-limit')


class StorageQuotaTest(plugin_case.SharedApiTestCase):

    conf = {'DEFAULT': {'user_storage_quota': str(100 * images.MIB)}}

    def test_user_storage_quota(self) -> None:
        source = images.make(self.work / 'a.qcow2', size=64 * images.MIB)
        image = self.import_one(source, all_stores=True)
        self.assertEqual('queued', image['status'])
        message = self.message(self.user, image['id'])
        self.assertIn('Image refused (quota): ', message)
        self.assert_nothing_left(self.api)
        # One copy fits.
        self.user.stage(image['id'], source)
        self.user.import_image(image['id'], stores=['s2'])
        image = self.user.wait_import(image['id'])
        self.assertEqual('active', image['status'],
                         self.message(self.user, image['id']))
        self.assertNotIn('s2', image.get('os_glance_failed_import', ''))
        # Another one then does not.
        other = self.import_one(source)
        self.assertIn('Image refused (quota): ',
                      self.message(self.user, other['id']))


class CapsTest(plugin_case.SharedApiTestCase):

    conf = {'DEFAULT': {'image_size_cap': str(32 * images.MIB),
                        'image_location_quota': '2'}}

    def test_image_size_cap(self) -> None:
        source = images.make(self.work / 'a.qcow2', size=64 * images.MIB)
        self.assert_refused(source, 'qcow2', 'size-limit')

    def test_image_location_quota(self) -> None:
        source = images.make(self.work / 'a.qcow2', size=16 * images.MIB)
        image = self.import_one(source, all_stores=True)
        self.assertEqual('queued', image['status'])
        self.assertIn('image_location_quota',
                      self.message(self.user, image['id']))
        image = self.import_one(source, stores=['s1', 's3'])
        self.assertEqual('active', image['status'])
