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
"""Imports that stopped because the database was away, diagnosed."""

import os
import signal

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import mariadb
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional import test_database
from glance_lifecycle.tests.functional import test_diagnose


class DatabaseAwayTest(test_diagnose.DiagnoseCase,
                       test_database.DatabaseTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.server = self.useFixture(mariadb.MariaDb())

    def begun(self) -> tuple[glance.GlanceApi, str]:
        """An import that goes on while the database is away."""
        api = self.new_api(conf=self.conf(database_patience=1),
                           database=self.server.database())
        image_id, child = self.begin(api)
        self.server.stop()
        os.kill(child, signal.SIGCONT)
        return api, image_id

    def test_given_up(self) -> None:
        api, image_id = self.begun()
        self.wait_logged(api, 'the database failed for good')
        self.server.start()
        user = api.user()
        user.wait_import(image_id)
        found = self.causes(api, image_id, *self.here(api))
        self.assertEqual(['database'], list(found))
        self.assertEqual('certain', found['database']['Confidence'])
        command = found['database']['Command'].split()
        answer = openstack.OpenStack(api).run(*command[1:])
        self.assertEqual(0, answer.code, answer.stderr)
        self.assert_stored(api, user.wait_import(image_id), self.expected,
                           's1')

    def test_died_meanwhile(self) -> None:
        """Nobody could note that it has failed."""
        api, image_id = self.begun()
        self.wait_written(api, image_id)
        api.kill9()
        self.server.start()
        api.start()
        found = self.causes(api, image_id, *self.here(api))
        self.assertEqual(['import-dead'], list(found))
        self.assertEqual(('certain', 'no'), (
            found['import-dead']['Confidence'],
            found['import-dead']['Waiting helps']))
        # As it says: first with --dry-run, and then without.
        self.assertEqual('glance-lifecycle-manage recover --dry-run',
                         found['import-dead']['Command'])
        self.recover(api)
        self.assertEqual(['import-undone'], list(self.causes(
            api, image_id, *self.here(api))))
