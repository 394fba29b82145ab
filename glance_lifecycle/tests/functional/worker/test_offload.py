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

"""Imports that a worker runs for glance-api."""

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional import plugin_case
from glance_lifecycle.tests.functional import store_case
from glance_lifecycle.tests.functional.worker import worker_case
from glance_lifecycle.tests import waiting


class OffloadTest(worker_case.WorkerCase):

    def setUp(self) -> None:
        self.api = self.useFixture(glance.GlanceApi(
            plugins=['lifecycle'],
            conf={'lifecycle_transfer': {'run_in': 'worker'}}))
        # Not that of the class above, which has no plugin.
        store_case.StoreCase.setUp(self)
        self.user = self.api.user()
        self.beside = self.worker('version: 1\nrules: []\n', mode='observe')

    def test_import(self) -> None:
        source = images.make(self.work / 'image', size=32 * images.MIB)
        image_id = self.staged(self.user, source)
        self.user.import_image(image_id, all_stores=True)
        image = self.user.wait_import(image_id)
        self.assert_stored(self.api, image, images.reference(source, 'qcow2'),
                           *plugin_case.ALL)
        self.assert_lists(image)
        task = self.user.tasks(image_id)[0]
        self.assertEqual(('success', {'image_id': image_id}),
                         (task['status'], task['result']))
        self.assertIn('32.0 MiB in ', task['message'])
        self.assert_nothing_left(self.api, image_id)
        self.assertEqual(
            ['queued', 'done'],
            [line.partition(':')[0] for line in self.beside.story(image_id)])

    def test_refused(self) -> None:
        image_id = self.staged(self.user, b'QFI\xfb' + bytes(4092))
        self.user.import_image(image_id)
        image = self.user.wait_import(image_id)
        print(image, self.message(self.user, image_id))

    def test_kill_api(self) -> None:
        source = self.noise(64 * images.MIB)
        image_id = self.staged(self.user, source, 'raw')
        self.user.import_image(image_id, all_stores=True)
        waiting.until('it runs', lambda: 'running' in self.beside.states(
            image_id).values())
        self.api.kill9()
        self.api.start()
        waiting.until('it is over', lambda: self.user.get(image_id)[
            'status'] == 'active')
        self.user.wait_import(image_id)
        self.assert_nothing_left(self.api, image_id)
        print(self.beside.story(image_id), self.user.tasks(image_id))
