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

"""The worker's database is stopped, killed and started under the worker."""

import os
import signal
from typing import ClassVar

from glance_lifecycle.tests.functional.fixtures import mariadb
from glance_lifecycle.tests.functional.fixtures import postgresql
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional.worker import test_database
from glance_lifecycle.tests.functional.worker import worker_case
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import migration


class ServerCase(worker_case.WorkerCase):

    server: ClassVar[test_database.Server]

    def setUp(self) -> None:
        super().setUp()
        url = self.server.database()
        database = engine.Database(url)
        migration.sync(database)
        database.close()
        self.daemon = self.worker(connection=url, brake_percent=0)

    def assert_done_once(self, image_id: str) -> None:
        for purpose in ('copy', 'update'):
            self.daemon.wait_for_job(image_id, purpose)
            self.assertEqual(1, self.daemon.job(image_id, purpose).attempts)
        self.assertEqual(2, str(self.daemon.story(image_id)).count(
            "'done: "))
        self.assertEqual(['s1', 's2'], self.stores_of(image_id))

    def test_idle(self) -> None:
        """What changes meanwhile is found afterwards."""
        child = self.daemon.child
        for number, end in enumerate((self.server.stop, self.server.kill9)):
            before = self.daemon.log_text().count('is tried again')
            end()
            image_id = self.image(name=f'golden-{number}')
            waiting.until('the worker knows', lambda: (
                self.daemon.log_text().count('is tried again') > before))
            self.server.start()
            self.assert_done_once(image_id)
        self.assertEqual(child, self.daemon.child)

    def test_while_it_copies(self) -> None:
        """What was done is told when it is back."""
        golden = self.image(self.noise(), name='golden-1',
                            protected=True)
        child = transfer.find_below(self.daemon.pid)
        os.kill(child, signal.SIGSTOP)
        self.addCleanup(transfer.resume, child)
        self.server.kill9()
        transfer.resume(child)
        waiting.until('the worker knows', lambda: (
            'is tried again' in self.daemon.log_text()))
        self.server.start()
        self.daemon.wait_for_job(golden, 'copy')
        self.assertEqual(1, self.daemon.job(golden, 'copy').attempts)
        self.assertEqual(['s1', 's2'], self.stores_of(golden))
        self.assert_nothing_left(self.api, golden)


class MariaDbTest(ServerCase):

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.server = mariadb.MariaDb()
        cls.server.setUp()
        cls.addClassCleanup(cls.server.cleanUp)


class PostgresqlTest(ServerCase):

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.server = postgresql.Postgresql()
        cls.server.setUp()
        cls.addClassCleanup(cls.server.cleanUp)


# What loads tests by class would run these without a server.
del ServerCase
