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

"""The staged mode, and how the mode is chosen."""

import os
from typing import Any

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional.fixtures import web
from glance_lifecycle.tests.functional import plugin_case


class StagedTest(plugin_case.SharedApiTestCase):

    conf = {'lifecycle': {'mode': 'staged'}}

    def test_formats_and_stores(self) -> None:
        for disk_format in ('qcow2', 'raw', 'vmdk', 'vdi'):
            for stores in (['s2'], list(plugin_case.ALL)):
                with self.subTest(disk_format, stores=stores):
                    source = images.make(self.work / 'a', disk_format,
                                         size=16 * images.MIB)
                    image = self.import_one(source, disk_format,
                                            stores=stores)
                    self.assertEqual(
                        ('raw', 16 * images.MIB),
                        (image['disk_format'], image['virtual_size']))
                    self.assert_stored(
                        self.api, image,
                        images.reference(source, disk_format), *stores)
                    self.assert_lists(image)
        self.assert_nothing_left(self.api, *self.others(''))

    def test_web_download(self) -> None:
        source = images.make(self.work / 'a.qcow2', size=16 * images.MIB)
        server = self.useFixture(web.WebServer(self.work))
        made = self.user.create_image()
        self.user.import_image(made['id'], 'web-download', all_stores=True,
                               uri=f'{server.url}/a.qcow2')
        image = self.user.wait_import(made['id'])
        self.assert_stored(self.api, image,
                           images.reference(source, 'qcow2'),
                           *plugin_case.ALL)
        self.assert_nothing_left(self.api, *self.others(''))

    def test_glance_download(self) -> None:
        source = images.make(self.work / 'a.qcow2', size=16 * images.MIB)
        far = self.useFixture(glance.GlanceApi(stores={'one': 'file'}))
        there = far.user().create_image()
        far.user().upload(there['id'], source)
        user = self.api.user(regions={'far': far.url})
        made = user.create_image()
        user.import_image(made['id'], 'glance-download', region='far',
                          remote_image_id=there['id'])
        image = user.wait_import(made['id'])
        self.assert_stored(self.api, image,
                           images.reference(source, 'qcow2'), 's1')
        self.assert_nothing_left(self.api, *self.others(''))

    def test_refused(self) -> None:
        source = images.make(self.work / 'a.qcow2', size=16 * images.MIB)
        plugin_case.truncated(source, 100 * 1024)
        self.assert_refused(source, 'qcow2', 'truncated')

    def test_gpt(self) -> None:
        sector = bytes(510) + b'\x55\xaa'
        self.assert_refused(sector + bytes(images.MIB), 'raw', 'unsafe')


class StagedStoreFailsTest(plugin_case.PluginTestCase):

    def test_stock_upload_fails(self) -> None:
        """Glance's own upload fails after our conversion.

        What the user staged is still there, and can be imported again.
        """
        api = self.new_api(conf={'lifecycle': {'mode': 'staged'}})
        user = api.user()
        broken = api.store_dir('s2')
        os.rmdir(broken)
        broken.write_text('no directory')
        source = images.make(self.work / 'a.qcow2', size=16 * images.MIB)
        image_id = self.staged(user, source)
        user.import_image(image_id, all_stores=True)
        image = user.wait_import(image_id)
        self.assertEqual(('uploading', 'qcow2'),
                         (image['status'], image['disk_format']))
        self.assertEqual('', image.get('os_glance_importing_to_stores', ''))
        self.assertIn('s2', image['os_glance_failed_import'])
        # Nobody could say what is left in that store, so the journal is.
        transfer.until('only these are left', lambda: sorted(
            name.split('/')[1] for name in api.leftovers()
            ) == sorted([image_id, 'transfers']))
        os.unlink(broken)
        broken.mkdir()
        plans: list[dict[str, Any]] = []

        def recovered() -> bool:
            # An import ends for its user a moment before it ends.
            plans.extend(self.recover(api))
            return bool(plans)
        transfer.until('it is recovered', recovered)
        self.assertEqual([image_id], [plan['image_id'] for plan in plans])
        user.import_image(image_id, all_stores=True)
        self.assert_stored(api, user.wait_import(image_id),
                           images.reference(source, 'qcow2'),
                           *plugin_case.ALL)
        self.assert_nothing_left(api, image_id)


class ChosenModeTest(plugin_case.PluginTestCase):

    def test_single_store_is_staged(self) -> None:
        """Without multi-store there is no list that could be emptied."""
        api = self.new_api(stores={'only': 'file'}, autostart=False)
        api.conf = {
            'DEFAULT': {'enabled_backends': None},
            'glance_store': {
                'default_backend': None, 'stores': 'file',
                'default_store': 'file',
                'filesystem_store_datadir': api.base / 'only'}}
        api.configure(DEFAULT={
            'node_staging_uri': f'file://{api.staging}'})
        api.start()
        user = api.user()
        source = images.make(self.work / 'a.qcow2', size=16 * images.MIB)
        image_id = self.staged(user, source)
        user.import_image(image_id)
        image = user.wait_import(image_id)
        self.assertEqual(('active', 'raw'),
                         (image['status'], image['disk_format']),
                         self.message(user, image_id))
        self.assertEqual(images.reference(source, 'qcow2'),
                         images.digests(api.stored_copy(image_id, 'only')))
        self.assertIn('multi-store (enabled_backends) is not configured',
                      api.log_text())
        self.assert_nothing_left(api, image_id)

    def test_broken_configuration(self) -> None:
        """An unusable state directory fails imports, and says so."""
        blocked = self.work / 'file'
        blocked.touch()
        api = self.new_api(conf={'lifecycle': {'state_dir': blocked}})
        user = api.user()
        source = images.make(self.work / 'a.qcow2', size=16 * images.MIB)
        image_id = self.staged(user, source)
        user.import_image(image_id)
        image = user.wait_import(image_id)
        self.assertIn('state_dir', self.message(user, image_id))
        self.assertIn(image['status'], ('queued', 'uploading'))
        self.assert_lists(image, failed=['s1'])
