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

"""``glance-lifecycle-status upgrade check`` on a host of a real Glance."""

import json
import sqlite3

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests.functional import plugin_case
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker import presence


class UpgradeCheckTest(plugin_case.PluginTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.api = self.useFixture(glance.GlanceApi(autostart=False))

    def check(self, code: int = 0) -> dict[str, tuple[int, str]]:
        """Name -> result and details."""
        answer = self.api.run('glance-lifecycle-status', 'upgrade', 'check',
                              '--json')
        self.assertEqual(code, answer.returncode,
                         answer.stdout + answer.stderr)
        return {one['check']: (one['result'], one['details'] or '')
                for one in json.loads(answer.stdout)['checks']}

    def manage(self, *argv: str) -> None:
        answer = self.api.run('glance-lifecycle-manage', *argv)
        self.assertEqual(0, answer.returncode, answer.stderr)

    def test_all_well(self) -> None:
        found = self.check()
        self.assertIn('no worker has run here',
                      found['Database of the worker'][1])
        self.assertFalse((self.api.state_dir / 'worker.db').exists())
        self.manage('db', 'sync')
        self.assertEqual({(0, '')}, set(self.check().values()) - {
            (0, 'None is configured.')})

    def test_old_database(self) -> None:
        self.manage('db', 'sync')
        with sqlite3.connect(self.api.state_dir / 'worker.db') as database:
            database.execute('update lifecycle_alembic_version '
                             "set version_num = 'old'")
        result, details = self.check(2)['Database of the worker']
        self.assertEqual(2, result)
        self.assertIn('glance-lifecycle-manage db sync', details)

    def test_broken_policy(self) -> None:
        policy = self.api.etc / 'lifecycle-policy.yaml'
        policy.write_text('version: 2')
        self.api.configure(lifecycle={'policy_file': policy})
        self.assertEqual(2, self.check(2)['Lifecycle policy'][0])

    def test_imports(self) -> None:
        """They would wait for a worker that is not there, or not be its."""
        self.api.configure(lifecycle_transfer={'run_in': 'worker'})
        self.manage('db', 'sync')
        result, details = self.check(1)['Imports in a worker']
        self.assertEqual(1, result)
        self.assertIn('none has told of itself', details)
        daemon = self.useFixture(worker.Worker(
            self.api, 'version: 1\nrules: []\n', mode='observe'))
        waiting.until('it has told of itself',
                      lambda: presence.workers(daemon.database))
        self.assertEqual((0, ''), self.check()['Imports in a worker'])
        self.api.configure(lifecycle={'mode': 'staged'})
        self.assertIn('without effect',
                      self.check(1)['Imports in a worker'][1])

    def test_limits_of_stores(self) -> None:
        """One that is not there has none, and nobody would notice."""
        self.manage('db', 'sync')
        self.api.configure(lifecycle_worker={
            'store_jobs': 's1:2', 'store_rates': 's2:50'})
        self.assertEqual((0, ''), self.check()['Limits of stores'])
        self.api.configure(lifecycle_worker={
            'store_jobs': 's1:2,S2:1', 'store_rates': 's2:50'})
        result, details = self.check(1)['Limits of stores']
        self.assertEqual(1, result)
        self.assertIn('store_jobs: S2 is no store of this cloud', details)
        self.assertIn('The stores are s1, s2, s3.', details)

    def test_no_state_dir(self) -> None:
        self.api.state_dir.rmdir()
        self.assertEqual(1, self.check(1)['State directory'][0])
