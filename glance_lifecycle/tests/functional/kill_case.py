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

"""Imports that are killed, and what must be so after that."""

import os
import signal

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import plugin_case


class KillTestCase(plugin_case.PluginTestCase):

    def wait_written(self, api: glance.GlanceApi, store: str) -> None:
        transfer.until('something is written', lambda: any(
            path.stat().st_blocks for path in api.store_dir(store).iterdir()),
            interval=0.001)

    def wait_no_survivors(self, api: glance.GlanceApi) -> None:
        """The child and what it started die with glance-api."""
        transfer.until('all processes are gone',
                       lambda: not api.survivors())

    def kill_both(self, api: glance.GlanceApi, store: str) -> None:
        """glance-api and its child at once: neither tidies up."""
        child = transfer.find(api)
        with transfer.Throttle(child):
            self.wait_written(api, store)
        with transfer.frozen(child):
            api.kill9()
            os.kill(child, signal.SIGKILL)
        self.wait_no_survivors(api)

    def kill_after_commit(self, api: glance.GlanceApi,
                          image_id: str) -> None:
        """All copies complete and visible in the stores, no row yet."""
        child = transfer.find(api)
        with transfer.Throttle(child):
            self.wait_written(api, 's1')
            with api.database_locked():
                os.kill(child, signal.SIGCONT)
                transfer.until('the copies are there', lambda: all(
                    api.stored_copy(image_id, store).exists()
                    for store in plugin_case.ALL))
                api.kill9()
        self.wait_no_survivors(api)

    def check_recovered(self, api: glance.GlanceApi, image_id: str,
                        expected: images.Reference,
                        status: str = 'uploading') -> None:
        """Recover by the command line, then import again."""
        user = api.user()
        plans = self.recover(api)
        self.assertEqual([image_id], [plan['image_id'] for plan in plans])
        self.check_put_right(api, image_id, status)
        user.import_image(image_id, all_stores=True)
        self.assert_stored(api, user.wait_import(image_id), expected,
                           *plugin_case.ALL)
        self.assert_nothing_left(api, image_id)

    def check_put_right(self, api: glance.GlanceApi, image_id: str,
                        status: str) -> None:
        user = api.user()
        image = user.get(image_id)
        self.assertEqual((status, []), (image['status'], image['locations']))
        self.assert_lists(image, failed=plugin_case.ALL)
        task = user.tasks(image_id)[0]
        self.assertEqual('failure', task['status'])
        self.assertIn('The glance-api process that ran this import ended',
                      task['message'])
        self.assertEqual(
            [f'staging/{image_id}'] if status == 'uploading' else [],
            api.leftovers())
