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

"""Every import method and every format, to one store and to three."""

import gzip
import os

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional.fixtures import web
from glance_lifecycle.tests.functional import plugin_case

# disk_format, options of qemu-img, compressed
FORMATS = [
    ('qcow2', '', False),
    ('qcow2', '', True),
    ('qcow2', 'compression_type=zstd', True),
    ('qcow2', 'compat=0.10,cluster_size=4096', False),
    ('qcow2', 'extended_l2=on,cluster_size=128k', False),
    ('raw', '', False),
    ('vmdk', 'subformat=monolithicSparse', False),
    ('vmdk', 'subformat=streamOptimized', False),
    ('vhd', '', False),
    ('vhdx', '', False),
    ('vdi', '', False),
]


class FormatsTest(plugin_case.SharedApiTestCase):

    def test_formats(self) -> None:
        for disk_format, options, compress in FORMATS:
            with self.subTest(disk_format, options=options):
                self.check(disk_format, options, compress)

    def check(self, disk_format: str, options: str, compress: bool) -> None:
        source = images.make(self.work / 'image', disk_format,
                             options=options, compress=compress,
                             size=32 * images.MIB)
        expected = images.reference(source, disk_format)
        image = self.import_one(source, disk_format, all_stores=True)
        self.assertEqual(('raw', expected.size),
                         (image['disk_format'], image['virtual_size']),
                         self.message(self.user, image['id']))
        self.assert_stored(self.api, image, expected, *plugin_case.ALL)
        self.assert_lists(image)
        task = self.user.tasks(image['id'])[0]
        self.assertEqual(('success', {'image_id': image['id']}),
                         (task['status'], task['result']))
        self.assertIn('32.0 MiB in ', task['message'])
        self.assert_nothing_left(self.api, *self.others(''))
        self.user.delete(image['id'])
        self.assert_nothing_left(self.api, *self.others(''))

    def test_iso_is_stored_as_it_is(self) -> None:
        # The least that is a CD: a primary volume descriptor at 32 KiB.
        source = self.work / 'cd.iso'
        source.write_bytes(bytes(32768) + b'\x01CD001\x01' + bytes(2041)
                           + b'\xffCD001\x01' + bytes(2041) + b'x' * 4096)
        image = self.import_one(source, 'iso')
        self.assertEqual('iso', image['disk_format'])
        self.assert_stored(self.api, image, images.digests(source), 's1')

    def test_odd_sizes(self) -> None:
        for size in (1, 511, 65537, 2 * images.MIB + 1):
            with self.subTest(size):
                source = self.work / 'odd'
                source.write_bytes(b'\x5a' * size)
                image = self.import_one(source, 'raw', stores=['s2', 's3'])
                self.assert_stored(self.api, image, images.digests(source),
                                   's2', 's3')

    def test_all_zero(self) -> None:
        source = self.work / 'empty.qcow2'
        plugin_case.qemu_img('create', '-f', 'qcow2', source, '64M')
        image = self.import_one(source, all_stores=True)
        self.assert_stored(self.api, image,
                           images.reference(source, 'qcow2'),
                           *plugin_case.ALL)
        for store in plugin_case.ALL:
            copy = self.api.stored_copy(image['id'], store)
            self.assertEqual(0, copy.stat().st_blocks)

    def test_stores_hold_no_more_than_the_data(self) -> None:
        source = images.make(self.work / 'a.qcow2', size=64 * images.MIB)
        image = self.import_one(source, all_stores=True)
        for store in plugin_case.ALL:
            copy = self.api.stored_copy(image['id'], store)
            self.assertLessEqual(512 * copy.stat().st_blocks,
                                 source.stat().st_size)

    def test_download_gives_the_same(self) -> None:
        source = images.make(self.work / 'a.qcow2', size=16 * images.MIB)
        image = self.import_one(source, stores=['s3'])
        expected = images.reference(source, 'qcow2')
        (self.work / 'got').write_bytes(self.user.download(image['id']))
        self.assertEqual(expected, images.digests(self.work / 'got'))

    def test_copy_image_afterwards(self) -> None:
        source = images.make(self.work / 'a.qcow2', size=16 * images.MIB)
        image = self.import_one(source, stores=['s1'])
        admin = self.api.admin()
        admin.import_image(image['id'], 'copy-image', stores=['s2'])
        image = admin.wait_import(image['id'])
        self.assert_stored(self.api, image,
                           images.reference(source, 'qcow2'), 's1', 's2')


class DownloadTest(plugin_case.SharedApiTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.source = images.make(self.work / 'a.qcow2', compress=True)
        self.expected = images.reference(self.source, 'qcow2')

    def test_web_download(self) -> None:
        server = self.useFixture(web.WebServer(self.work))
        for stores in (['s2'], list(plugin_case.ALL)):
            with self.subTest(stores=stores):
                made = self.user.create_image()
                self.user.import_image(made['id'], 'web-download',
                                       uri=f'{server.url}/a.qcow2',
                                       stores=stores)
                image = self.user.wait_import(made['id'])
                self.assertEqual('raw', image['disk_format'])
                self.assert_stored(self.api, image, self.expected, *stores)
                self.assert_lists(image)
        self.assert_nothing_left(self.api, *self.others(''))

    def test_stores_shown_while_downloading(self) -> None:
        size = self.source.stat().st_size
        server = self.useFixture(web.WebServer(self.work, rate=size // 3))
        made = self.user.create_image()
        self.user.import_image(made['id'], 'web-download', all_stores=True,
                               uri=f'{server.url}/a.qcow2')
        staged = self.api.staging / made['id']
        transfer.until('the download goes on', staged.exists)
        self.assertEqual('s1,s2,s3', self.user.get(made['id'])[
            'os_glance_importing_to_stores'])
        self.assertLess(staged.stat().st_size, size)
        self.assert_lists(self.user.wait_import(made['id']))

    def test_glance_download(self) -> None:
        far = self.useFixture(glance.GlanceApi(stores={'one': 'file'}))
        there = far.user().create_image()
        far.user().upload(there['id'], self.source)
        user = self.api.user(regions={'far': far.url})
        for stores in (['s2'], list(plugin_case.ALL)):
            with self.subTest(stores=stores):
                made = user.create_image()
                user.import_image(made['id'], 'glance-download',
                                  region='far', stores=stores,
                                  remote_image_id=there['id'])
                image = user.wait_import(made['id'])
                self.assertEqual('raw', image['disk_format'])
                self.assert_stored(self.api, image, self.expected, *stores)
                self.assert_lists(image)
        self.assert_nothing_left(self.api, *self.others(''))


class AsItIsTest(plugin_case.SharedApiTestCase):

    conf = {'lifecycle': {'convert': False}}

    def test_not_converted(self) -> None:
        for disk_format in ('qcow2', 'raw', 'vmdk'):
            with self.subTest(disk_format):
                source = images.make(self.work / 'a', disk_format,
                                     size=32 * images.MIB)
                image = self.import_one(source, disk_format, all_stores=True)
                self.assertEqual(
                    (disk_format, 32 * images.MIB),
                    (image['disk_format'], image['virtual_size']))
                self.assert_stored(self.api, image, images.digests(source),
                                   *plugin_case.ALL)


class UnpackedTest(plugin_case.PluginTestCase):
    """Glance's own plugin unpacks first, where the staged file is."""

    def setUp(self) -> None:
        super().setUp()
        self.api = self.new_api(plugins=['image_decompression', 'lifecycle'])
        self.user = self.api.user()
        self.packed = self.work / 'a.gz'
        self.source = images.make(self.work / 'a', size=8 * images.MIB)
        self.packed.write_bytes(gzip.compress(self.source.read_bytes()))

    def test_unpacked(self) -> None:
        image_id = self.staged(self.user, self.packed)
        self.user.import_image(image_id, all_stores=True)
        image = self.user.wait_import(image_id)
        self.assert_stored(self.api, image, images.reference(
            self.source, 'qcow2'), *plugin_case.ALL)

    def test_cut(self) -> None:
        """What became shorter is no good, whoever unpacks."""
        image_id = self.staged(self.user, self.source)
        os.truncate(self.api.staging / image_id, images.MIB)
        self.user.import_image(image_id, all_stores=True)
        self.assertEqual('queued', self.user.wait_import(
            image_id)['status'])
        self.assertIn('Stage the image again',
                      self.message(self.user, image_id))
