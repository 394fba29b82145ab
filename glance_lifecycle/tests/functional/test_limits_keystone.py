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

"""Keystone's unified limits, counted with the size of the stored image."""

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import keystone
from glance_lifecycle.tests.functional import plugin_case


class UnifiedLimitsTest(plugin_case.PluginTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.identity = self.useFixture(keystone.Keystone())
        self.api = self.useFixture(glance.GlanceApi(
            plugins=['lifecycle'], identity=self.identity, autostart=False))
        endpoint = self.identity.register('image', self.api.url)
        self.identity.set_limits(
            endpoint['service_id'], image_size_total=10, image_stage_total=10,
            image_count_total=10, image_count_uploading=10)
        self.api.configure(
            DEFAULT={'use_keystone_limits': True},
            oslo_limit={**self.identity.credentials('glance'),
                        'endpoint_id': endpoint['id']})
        self.api.start()
        self.user = self.api.keystone_user('demo')

    def test_size_of_the_raw_image_counts(self) -> None:
        source = images.make(self.work / 'a.qcow2', size=16 * images.MIB)
        self.assertLess(source.stat().st_size, 10 * images.MIB)
        image_id = self.staged(self.user, source)
        self.user.import_image(image_id, all_stores=True)
        image = self.user.wait_import(image_id)
        self.assertEqual(('queued', []),
                         (image['status'], image['locations']))
        message = self.message(self.user, image_id)
        self.assertIn('Image refused (quota): ', message)
        self.assertIn('image_size_total', message)
        self.assert_nothing_left(self.api)

        self.identity.change_limit('image_size_total', 20)
        self.user.stage(image_id, source)
        self.user.import_image(image_id, all_stores=True)
        self.assert_stored(self.api, self.user.wait_import(image_id),
                           images.reference(source, 'qcow2'),
                           *plugin_case.ALL)
