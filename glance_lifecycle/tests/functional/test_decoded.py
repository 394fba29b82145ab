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


"""What a decoded image holds is refused as a raw image with it would be.

The raw image that comes of it is probed by whoever opens it without a format:
qemu-img stands for them here.
"""

import json
import os
import pathlib
import subprocess
import sys

from glance_lifecycle.tests.functional import base
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional import plugin_case
from glance_lifecycle.tests.unit.transfer.formats.foreign import handmade
from glance_lifecycle.tests.unit.transfer.formats import test_content

OUTER = ('qcow2', 'vdi', 'vmdk', 'vhd', 'vhdx')


def backed(path: pathlib.Path) -> pathlib.Path:
    """A qcow2 that shows a file of the host to who opens it."""
    plugin_case.qemu_img('create', '-f', 'qcow2', '-u', '-F', 'raw', '-b',
                         '/etc/shadow', path, '8M')
    return path


class DecodedTestCase(plugin_case.SharedApiTestCase):

    def inside(self, content: bytes, disk_format: str = 'qcow2',
               size: int = 8 * images.MIB, *, compress: bool = False
               ) -> pathlib.Path:
        """An image whose disk begins with that."""
        disk = self.work / 'disk'
        disk.write_bytes(content)
        os.truncate(disk, max(size, len(content)))
        made = self.work / ('a.' + disk_format)
        images.convert(disk, 'raw', made, disk_format, compress=compress)
        return made

    def assert_inside_refused(self, source: pathlib.Path, disk_format: str,
                              reason: str) -> None:
        image = self.assert_refused(source, disk_format, reason)
        said = self.message(self.user, image['id'])
        self.assertIn('the disk in the %s file' % disk_format, said)
        self.assertNotIn('shadow', said)


class DecodedTest(DecodedTestCase):

    def test_backing_file_in_every_format(self) -> None:
        content = backed(self.work / 'b.qcow2').read_bytes()
        for disk_format in OUTER:
            with self.subTest(disk_format):
                self.assert_inside_refused(
                    self.inside(content, disk_format), disk_format,
                    'backing-file')

    def test_compressed(self) -> None:
        content = backed(self.work / 'b.qcow2').read_bytes()
        self.assert_inside_refused(self.inside(content, compress=True),
                                   'qcow2', 'backing-file')

    def test_each_look(self) -> None:
        """Some of those that the unit tests have all of."""
        for name in ('vdi', 'vhdx', 'vmdk', 'vmdk, of ESX', 'iso',
                     'iso, hybrid', 'iso and qcow2', 'boot sector', 'luks 2',
                     'parallels', 'statement'):
            content, reason = test_content.LOOKS[name]
            assert reason is not None
            with self.subTest(name):
                size = -(-len(content) // 512) * 512
                self.assert_inside_refused(self.inside(content, size=size),
                                           'qcow2', reason)

    def test_what_qemu_guesses(self) -> None:
        """Whatever comes in is raw to who guesses."""
        for name in ('zeros', 'disk', 'disk of FAT', 'vhd, fixed'):
            content, reason = test_content.LOOKS[name]
            self.assertIsNone(reason)
            size = -(-len(content) // 512) * 512
            image = self.import_one(self.inside(content, size=size))
            with self.subTest(name):
                self.assertEqual('active', image['status'],
                                 self.message(self.user, image['id']))
                path = self.api.stored_copy(image['id'], 's1')
                said = subprocess.run(
                    ['qemu-img', 'info', '--output=json', path], check=True,
                    capture_output=True).stdout
                self.assertEqual('raw', json.loads(said)['format'])

    def test_text_that_names_files(self) -> None:
        text = test_content.TEXT.ljust(512, '\0').encode()
        for disk_format in ('qcow2', 'vdi'):
            self.assert_inside_refused(self.inside(text, disk_format),
                                       disk_format, 'vmdk-type')

    def test_footers_at_the_very_end(self) -> None:
        size = 8 * images.MIB
        for kind in (3, 4):
            self.assert_inside_refused(
                self.inside(bytes(size - 512) + handmade.vhd_footer(size, kind)
                            ), 'qcow2', 'format-ambiguous')
        # A fixed VHD is a disk, and its footer; it comes in as raw, too.
        fixed = handmade.fixed_vhd(handmade.mbr())
        for source, disk_format in ((self.inside(fixed, size=0), 'qcow2'),
                                    (fixed, 'raw')):
            image = self.import_one(source, disk_format)
            self.assertEqual('active', image['status'])

    def test_as_raw_itself(self) -> None:
        """The form of ESX: oslo.utils takes it for raw, qemu does not."""
        self.assert_refused(test_content.esx(), 'raw', 'vmdk-type')
        self.assert_refused(
            bytes(images.MIB) + handmade.vhd_footer(images.MIB, 4), 'raw',
            'format-ambiguous')

    def test_no_store_was_written(self) -> None:
        """It ends early: nothing of 64 MiB of data lies anywhere."""
        content = backed(self.work / 'b.qcow2').read_bytes().ljust(
            images.MIB, b'\0') + os.urandom(images.MIB) * 63
        image = self.import_one(self.inside(content), all_stores=True)
        self.assertEqual('queued', image['status'])
        self.assertIn('(backing-file)', self.message(self.user, image['id']))
        self.assert_nothing_left(self.api, *self.others(image['id']))


class StagedDecodedTest(DecodedTestCase):

    conf = {'lifecycle': {'mode': 'staged'}}

    def test_backing_file(self) -> None:
        content = backed(self.work / 'b.qcow2').read_bytes()
        for disk_format in ('qcow2', 'vdi'):
            self.assert_inside_refused(self.inside(content, disk_format),
                                       disk_format, 'backing-file')


class ToleratedTest(DecodedTestCase):
    """Glance's options, which reach the child process."""

    conf = {'image_format': {'gpt_safety_checks_nonfatal': 'mbr',
                             'require_image_format_match': 'False'}}

    def test_as_for_raw(self) -> None:
        for content, reason in (
                (handmade.mbr(partitions=False), None),
                (handmade.vdi([None]), None),
                (backed(self.work / 'b.qcow2').read_bytes(),
                 'backing-file')):
            for source, disk_format in ((self.inside(content), 'qcow2'),
                                        (content, 'raw')):
                if reason:
                    self.assert_refused(source, disk_format, reason)
                else:
                    image = self.import_one(source, disk_format)
                    self.assertEqual('active', image['status'], self.message(
                        self.user, image['id']))


class CommandTest(base.FunctionalTestCase):

    def test_by_hand(self) -> None:
        source = self.work / 'a.qcow2'
        images.convert(backed(self.work / 'b.qcow2'), 'raw', source, 'qcow2')
        found = subprocess.run(
            [sys.executable, sys.prefix + '/bin/glance-lifecycle-transfer',
             source, '--to', 'null:'], text=True, capture_output=True,
            check=False)
        self.assertEqual(3, found.returncode, found.stderr)
        self.assertIn('(backing-file)', found.stderr)
