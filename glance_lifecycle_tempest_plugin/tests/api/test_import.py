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

"""What an import makes of an image, and where it puts it."""

from tempest import config
from tempest.lib import decorators

from glance_lifecycle_tempest_plugin.common import qcow2
from glance_lifecycle_tempest_plugin.tests import base

CONF = config.CONF


class ImportTest(base.LifecycleTest):

    @decorators.idempotent_id('b3ae26fb-bd24-4373-b245-81f8e6b08e4b')
    def test_raw(self) -> None:
        content = base.disk()
        image_id = self.create_image()
        image = self.import_data(image_id, content)
        self.assert_active(image, content)
        self.assertEqual(set(self.stores[:1]), self.stores_of(image_id))

    @decorators.idempotent_id('50eb0630-c35f-43a9-9d21-e0fa389c8632')
    def test_qcow2_becomes_raw(self) -> None:
        if not base.converts():
            raise self.skipException('Imports do not convert.')
        content = base.disk()
        image_id = self.create_image(disk_format='qcow2')
        image = self.import_data(image_id, qcow2.encode(content))
        self.assert_active(image, content)
        self.assertEqual(len(content), image['virtual_size'])

    @decorators.idempotent_id('fafa2ff0-5cef-48e1-8650-9058d4933ce6')
    def test_web_download(self) -> None:
        """What lies there is taken as it is, or converted."""
        if 'web-download' not in self.client.info_import()[
                'import-methods']['value']:
            raise self.skipException('Glance has no web-download.')
        image_id = self.create_image(disk_format='qcow2')
        image = self.import_image(
            image_id, method='web-download',
            import_params={'uri': CONF.image.http_qcow2_image})
        wanted = 'raw' if base.converts() else 'qcow2'
        self.assertEqual(('active', wanted),
                         (image['status'], image['disk_format']),
                         self.task(image_id)['message'])
        # Of what lies there only Glance knows; size and hash are of that.
        self.assert_active(image, self.download(image_id), wanted)


class SeveralStoresTest(base.LifecycleTest):

    @classmethod
    def resource_setup(cls) -> None:
        super().resource_setup()
        if len(cls.stores) < 2:
            raise cls.skipException('Glance has but one store.')

    @decorators.idempotent_id('f13cde10-c5ea-4850-9b3c-423f0896ed3b')
    def test_all_stores(self) -> None:
        """One import writes each, and each can be read by itself."""
        content = base.disk()
        data, held, disk_format = base.stored(content)
        image_id = self.create_image(disk_format='qcow2')
        image = self.import_data(image_id, data, all_stores=True,
                                 all_stores_must_succeed=True)
        self.assertEqual(set(self.stores), self.stores_of(image_id))
        self.assertFalse(image.get('os_glance_failed_import'))
        self.assert_active(image, held, disk_format)
        for store in self.stores[:-1]:
            self.admin.delete_image_from_store(image_id, store)
            self.assertEqual(held, self.download(image_id))
        self.assertEqual(set(self.stores[-1:]), self.stores_of(image_id))

    @decorators.idempotent_id('40de1e96-4d31-4607-9ea8-ce71ba2ebc70')
    def test_stores_of_the_policy(self) -> None:
        """Those are written too, whichever was asked for."""
        if not CONF.lifecycle.everywhere_tag:
            raise self.skipException('The policy places no image.')
        content = base.disk()
        image_id = self.create_image(tags=[CONF.lifecycle.everywhere_tag])
        image = self.import_data(image_id, content)
        self.assert_active(image, content)
        self.assertEqual(set(self.stores), self.stores_of(image_id))
