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

"""Images of a real Glance that are stuck, and what the command says of it."""

import datetime
import json
import os
import signal
from typing import Any

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import plugin_case


class DiagnoseCase(plugin_case.PluginTestCase):

    def diagnose(self, api: glance.GlanceApi, *argv: object, code: int = 1
                 ) -> list[dict[str, Any]]:
        """The rows, as an administrator sees them."""
        answer = openstack.OpenStack(api, 'admin', 'admin', 'admin').run(
            'image', 'lifecycle', 'diagnose', '-f', 'json',
            *map(str, argv))
        self.assertEqual(code, answer.code, str(answer))
        self.assertNotIn('Traceback', answer.stderr)
        rows: list[dict[str, Any]] = json.loads(answer.stdout)
        return rows

    def causes(self, api: glance.GlanceApi, *argv: object, code: int = 1
               ) -> dict[str, dict[str, Any]]:
        return {row['Cause']: row
                for row in self.diagnose(api, *argv, code=code)}

    def here(self, api: glance.GlanceApi) -> list[object]:
        return ['--config-dir', api.etc]

    def hours_ago(self, api: glance.GlanceApi, hours: int) -> None:
        """Let it be so long that the tasks last changed."""
        then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(
            hours=hours)
        api.sql("update tasks set updated_at = '%s'" % then.strftime(
            '%Y-%m-%d %H:%M:%S.%f'))


class StagedTest(DiagnoseCase):

    def test_never_imported(self) -> None:
        api = self.new_api()
        image_id = self.staged(api.user(), b'x' * 1000, 'raw')
        found = self.causes(api, image_id, code=4)['never-imported']
        self.assertEqual(('certain', 'no', 'no'), (
            found['Confidence'], found['Waiting helps'],
            found['Destructive']))
        self.assertIn('has no tasks', found['Evidence'])
        self.assertEqual('openstack image import --method glance-direct '
                         + image_id, found['Command'])
        found = self.causes(api, image_id, *self.here(api), code=4)
        self.assertEqual(['never-imported'], list(found))
        self.assertIn('%s/%s holds 1000 B' % (api.staging, image_id),
                      found['never-imported']['Evidence'])
        # What it says is what helps.
        api.user().import_image(image_id)
        api.user().wait_import(image_id)
        self.assertEqual(['well'], list(self.causes(
            api, image_id, *self.here(api), code=0)))

    def test_failed_conversion(self) -> None:
        api = self.new_api()
        source = images.make(self.work / 'a.qcow2', size=8 * images.MIB)
        plugin_case.truncated(source, 70000)
        image_id = self.staged(api.user(), source)
        api.user().import_image(image_id)
        api.user().wait_import(image_id)
        found = self.causes(api, image_id)['data-corrupt']
        self.assertEqual('certain', found['Confidence'])
        self.assertIn('Image refused (', found['Evidence'])
        self.assertIn('of request req-', found['Evidence'])


class KilledTest(DiagnoseCase):

    def killed(self, api: glance.GlanceApi) -> str:
        user = api.user()
        image_id = self.staged(user, self.noise(64 * images.MIB), 'raw')
        user.import_image(image_id, all_stores=True)
        child = transfer.find(api)
        with transfer.frozen(child):
            self.assertEqual('import-runs', self.diagnose(
                api, image_id, *self.here(api), code=0)[0]['Cause'])
            api.kill9()
            os.kill(child, signal.SIGKILL)
        transfer.until('all processes are gone',
                       lambda: not api.survivors())
        api.start()
        return image_id

    def test_ours(self) -> None:
        api = self.new_api()
        image_id = self.killed(api)
        found = self.causes(api, image_id, *self.here(api))['import-dead']
        self.assertEqual(('certain', 'no'), (
            found['Confidence'], found['Waiting helps']))
        self.assertEqual('glance-lifecycle-manage recover --dry-run',
                         found['Command'])
        self.assertTrue(found['Host'])
        # From afar, all that is known is that nothing is heard of it.
        self.hours_ago(api, 2)
        self.assertEqual({'import-silent': 'likely'}, {
            name: row['Confidence']
            for name, row in self.causes(api, image_id).items()})
        self.assertEqual([image_id], [plan['image_id']
                                      for plan in self.recover(api)])
        self.assertEqual(['import-undone'], list(self.causes(api, image_id)))
