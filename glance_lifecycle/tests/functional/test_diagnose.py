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

import contextlib
import datetime
import gzip
import json
import os
import signal
from typing import Any

from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import journald
from glance_lifecycle.tests.functional.fixtures import keystone
from glance_lifecycle.tests.functional.fixtures import loopfs
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
        image_id = self.staged(user, self.noise(), 'raw')
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

    def test_stock(self) -> None:
        api = self.new_api(plugins=[])
        user = api.user()
        image_id = self.staged(user, self.noise(), 'raw')
        user.import_image(image_id, all_stores=True)
        transfer.until('it uploads', api.stored_copy(image_id, 's1').exists,
                       interval=0.001)
        api.kill9()
        api.start()
        # Nobody can tell so soon, and so nobody does.
        found = self.causes(api, image_id, *self.here(api), code=3)
        self.assertEqual(['import-unseen'], list(found))
        self.assertEqual('unknown', found['import-unseen']['Waiting helps'])
        self.assertIn('This host has no journal of it',
                      found['import-unseen']['Evidence'])
        self.hours_ago(api, 2)
        found = self.causes(api, image_id)['import-silent']
        self.assertEqual(('likely', 'no'), (
            found['Confidence'], found['Waiting helps']))
        self.assertIn('--stale-after 3600 --dry-run', found['Command'])
        # What it says is what helps.
        api.plugins = ['lifecycle']
        api.configure()
        self.assertEqual([image_id], [plan['image_id'] for plan in
                                      self.recover(api, '--stale-after',
                                                   '3600', '--yes')])
        self.assertEqual(['import-undone'], list(self.causes(api, image_id)))


class FailedTest(DiagnoseCase):

    def test_store_full(self) -> None:
        small = self.useFixture(loopfs.LoopFs(48 * images.MIB))
        api = self.new_api(conf={
            's2': {'filesystem_store_datadir': small.path}})
        small.fill(leave=images.MIB)
        source = images.make(self.work / 'a.qcow2', size=64 * images.MIB)
        kept = self.staged(api.user(), source)
        api.user().import_image(kept, all_stores=True)
        api.user().wait_import(kept)
        found = self.causes(api, kept)['store-full']
        self.assertIn('Store s2 is full', found['Evidence'])
        self.assertIn('staged data are kept', found['Evidence'])
        self.assertEqual('openstack image import --method glance-direct '
                         + kept, found['Command'])
        partly = self.staged(api.user(), source)
        api.user().import_image(partly, all_stores=True,
                                all_stores_must_succeed=False)
        api.user().wait_import(partly)
        found = self.causes(api, partly, code=4)['copies-failed']
        self.assertEqual('openstack image import --method copy-image '
                         '--store s2 ' + partly, found['Command'])
        rows = self.diagnose(api, '--all-stuck')
        self.assertEqual({kept: 'store-full', partly: 'copies-failed'},
                         {row['Image']: row['Cause'] for row in rows})
        self.assertEqual([], self.diagnose(
            api, '--all-stuck', '--older-than', '2 hours', code=0))

    def test_lock_stolen(self) -> None:
        api = self.new_api(conf={
            'lifecycle_transfer': {'progress_interval': '1'}})
        user = api.user()
        image_id = self.staged(user, self.noise(), 'raw')
        user.import_image(image_id, all_stores=True)
        child = transfer.find(api)
        with transfer.Throttle(child):
            api.sql("update image_properties set value = 'other' "
                    "where name = 'os_glance_import_task'")
            transfer.until('the transfer stops',
                           lambda: not transfer.running(child))
        transfer.until('the task ends', lambda: user.tasks(image_id)[0][
            'status'] == 'failure')
        found = self.causes(api, image_id)['lock-taken']
        self.assertEqual(('certain', 'yes'), (
            found['Confidence'], found['Destructive']))
        self.assertIn('names task other', found['Evidence'])

    def test_policy(self) -> None:
        policy = self.work / 'policy.yaml'
        policy.write_text(json.dumps({'version': 1, 'rules': [{
            'name': 'small', 'require': {'max_virtual_size': '1 MiB'}}]}))
        os.utime(policy, (1, 1))
        api = self.new_api(conf={'lifecycle': {'policy_file': policy}})
        source = images.make(self.work / 'a.qcow2', size=8 * images.MIB)
        image_id = self.staged(api.user(), source)
        api.user().import_image(image_id)
        api.user().wait_import(image_id)
        found = self.causes(api, image_id)['policy-refused']
        self.assertIn('rule small', found['Evidence'])
        self.assertEqual('certain', found['Confidence'])


class LogTest(DiagnoseCase):
    """What stock Glance tells nobody but its log."""

    def setUp(self) -> None:
        super().setUp()
        self.api = self.new_api(plugins=['image_conversion'])
        source = images.make(self.work / 'a.qcow2', size=8 * images.MIB)
        # The header says that it is QCOW2, and qemu-img reads no further.
        with source.open('r+b') as file:
            file.seek(40)
            file.write(b'\xff' * 8)
        self.image_id = self.staged(self.api.user(), source)
        self.api.user().import_image(self.image_id)
        self.api.user().wait_import(self.image_id)

    def test_failed_conversion(self) -> None:
        found = self.causes(self.api, self.image_id)['task-failed']
        self.assertEqual('possible', found['Confidence'])
        self.assertIn('--read-log', found['Command'])
        found = self.causes(self.api, self.image_id, '--read-log',
                            self.api.log)['data-corrupt']
        self.assertEqual('likely', found['Confidence'])
        self.assertIn('glance-api.log:', found['Evidence'])

    def test_packed(self) -> None:
        packed = self.work / 'glance-api.log.1'
        packed.write_bytes(gzip.compress(self.api.log.read_bytes()))
        found = self.causes(self.api, self.image_id, '--read-log',
                            packed)['data-corrupt']
        self.assertIn('glance-api.log.1:', found['Evidence'])

    def test_journal(self) -> None:
        self.useFixture(journald.Journal('glance-api', self.api.log))
        found = self.causes(self.api, self.image_id, '--journal',
                            'glance-api')['data-corrupt']
        self.assertEqual('likely', found['Confidence'])
        self.assertIn('journal of glance-api:', found['Evidence'])
        # The journal has seen nothing of that unit: no log without errors.
        answer = openstack.OpenStack(self.api).run(
            'image', 'lifecycle', 'diagnose', self.image_id, '--journal',
            'glance-apis')
        self.assertEqual(1, answer.code)
        self.assertIn('no line of unit glance-apis', answer.stderr)
        task = self.api.user().tasks(self.image_id)[0]
        answer = openstack.OpenStack(self.api).run(
            'image', 'lifecycle', 'trace', '-f', 'json', task['request_id'],
            '--journal', 'glance-api')
        self.assertEqual(0, answer.code, answer.stderr)
        self.assertEqual({'glance-api'},
                         {row['Service'] for row in answer.json})

    def test_trace(self) -> None:
        task = self.api.user().tasks(self.image_id)[0]
        cloud = openstack.OpenStack(self.api)
        answer = cloud.run('image', 'lifecycle', 'trace', '-f', 'json',
                           task['request_id'], '--read-log',
                           f'api1={self.api.log}')
        # The thread that imports logs its errors without the request's id.
        self.assertEqual(0, answer.code, answer.stderr)
        self.assertEqual({'api1'}, {row['Host'] for row in answer.json})
        self.assertTrue(any(self.image_id in row['Line']
                            for row in answer.json))
        self.assertIn('ended here', answer.json[-1]['Mark'])
        times = [row['Time'] for row in answer.json]
        self.assertEqual(sorted(times), times)


class TwoHostsTest(DiagnoseCase):

    def test_staged_elsewhere(self) -> None:
        identity = self.useFixture(keystone.Keystone())
        first = self.new_api(plugins=[], identity=identity)
        second = self.new_api(
            plugins=[], identity=identity,
            database=f'sqlite:///{first.base}/glance.sqlite?timeout=30')
        identity.register('image', second.url)
        image_id = self.staged(first.keystone_user('demo'), b'x' * 1000, 'raw')
        found = self.causes(second, image_id, *self.here(second), code=4)
        self.assertEqual({'never-imported', 'staged-elsewhere'}, set(found))
        self.assertEqual('likely', found['staged-elsewhere']['Confidence'])
        self.assertEqual(['never-imported'], list(self.causes(
            second, image_id, *self.here(first), code=4)))
        # Asked there, it passes the request on, and its log says to whom.
        first.stop()
        with contextlib.suppress(client.HttpError):
            second.keystone_user('demo').import_image(image_id)
        found = self.causes(second, image_id, *self.here(second), '--read-log',
                            second.log, code=4)['staged-elsewhere']
        self.assertEqual(('certain', first.url), (
            found['Confidence'], found['Host']))
