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

"""What died without a journal is found by its age; what lives, is not."""

import pathlib

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import kill_case
from glance_lifecycle.tests.functional import plugin_case


class StaleTest(kill_case.KillTestCase):
    """Imports without a journal, by ``recover --stale-after``."""

    def test_copy_image(self) -> None:
        """kill -9 in copy-image: stock is Duplicate for ever."""
        api = self.new_api()
        admin = api.admin()
        source = self.noise()
        image_id = self.staged(admin, source, 'raw')
        admin.import_image(image_id, stores=['s1'])
        admin.wait_import(image_id)
        admin.import_image(image_id, 'copy-image', stores=['s2'])
        copy = api.stored_copy(image_id, 's2')
        transfer.until('it copies', copy.exists, interval=0.001)
        api.kill9()
        api.start()
        self.assertEqual([], self.recover(api))
        self.check_asks_first(api, copy)
        plans = self.recover(api, '--stale-after', '0', '--yes')
        self.assertEqual([(image_id, ['s2'])], [
            (plan['image_id'], plan['undo']) for plan in plans])
        self.assertFalse(copy.exists())
        image = admin.get(image_id)
        self.assert_lists(image, failed=['s2'])
        self.assert_stored(api, image, images.digests(source), 's1')
        self.assert_nothing_left(api, image_id)
        admin.import_image(image_id, 'copy-image', stores=['s2'])
        self.assert_stored(api, admin.wait_import(image_id),
                           images.digests(source), 's1', 's2')

    def check_asks_first(self, api: glance.GlanceApi,
                         copy: pathlib.Path) -> None:
        result = api.run('glance-lifecycle-manage', 'recover',
                         '--stale-after', '0', '--dry-run')
        self.assertIn('would be recovered: ', result.stdout)
        self.assertTrue(copy.exists())

    def test_stock_import(self) -> None:
        """A stock import that died before the plugin was switched on."""
        api = self.new_api(plugins=[])
        user = api.user()
        source = self.noise()
        image_id = self.staged(user, source, 'raw')
        user.import_image(image_id, all_stores=True)
        transfer.until('it uploads', api.stored_copy(image_id, 's1').exists,
                       interval=0.001)
        api.kill9()
        api.plugins = ['lifecycle']
        api.configure()
        api.start()
        plans = self.recover(api, '--stale-after', '0', '--yes')
        self.assertEqual([image_id], [plan['image_id'] for plan in plans])
        self.check_put_right(api, image_id, 'uploading')
        user.import_image(image_id, all_stores=True)
        self.assert_stored(api, user.wait_import(image_id),
                           images.digests(source), *plugin_case.ALL)

    def test_waiting(self) -> None:
        """It waits for a thread of a glance-api that dies."""
        api = self.new_api(task_threads=1)
        user = api.user()
        source = self.noise()
        runs, waits = (self.staged(user, source, 'raw') for _two in range(2))
        user.import_image(runs, all_stores=True)
        user.import_image(waits, all_stores=True)
        transfer.until('it copies', api.stored_copy(runs, 's1').exists,
                       interval=0.001)
        task, = user.tasks(waits)
        self.assertEqual('pending', task['status'])
        api.kill9()
        api.start()
        self.assertEqual([runs], [
            plan['image_id'] for plan in self.recover(api)])
        user.delete(runs)
        self.assertTrue(user.get(waits)['os_glance_import_task'])
        plans = self.recover(api, '--stale-after', '0', '--yes')
        self.assertEqual([waits], [plan['image_id'] for plan in plans])
        self.check_put_right(api, waits, 'uploading')
        user.import_image(waits, all_stores=True)
        self.assert_stored(api, user.wait_import(waits),
                           images.digests(source), *plugin_case.ALL)


class TwoProcessesTest(kill_case.KillTestCase):

    def test_the_other_worker_goes_on(self) -> None:
        """Recovery leaves alone what another live worker is doing."""
        api = self.new_api()
        user = api.user()
        source = self.noise()
        image_id = self.staged(user, source, 'raw')
        user.import_image(image_id, all_stores=True)
        with transfer.Throttle(transfer.find(api)):
            self.wait_written(api, 's1')
            self.assertEqual([], self.recover(api))
        self.assert_stored(api, user.wait_import(image_id),
                           images.digests(source), *plugin_case.ALL)
