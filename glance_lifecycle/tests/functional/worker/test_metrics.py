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

"""Metrics while a real server of the database is stopped and started."""

from typing import ClassVar

from glance_lifecycle.tests.functional.fixtures import mariadb
from glance_lifecycle.tests.functional.fixtures import postgresql
from glance_lifecycle.tests.functional.worker import test_database
from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker import metrics


class ServerCase(cases.DatabaseTestCase):

    server: ClassVar[test_database.Server]

    def new_url(self) -> str:
        return self.server.database()

    def value(self, name: str, **labels: str) -> float | None:
        value: float | None = self.metrics.registry.get_sample_value(
            metrics.PREFIX + name, labels)
        return value

    def test_stopped_and_started(self) -> None:
        self.metrics = metrics.Metrics()
        self.metrics.registry.register(
            metrics.JobStates(self.open(patience=0)))
        self.metrics.braked(1)
        self.job()
        self.assertEqual((1, 1), (self.value('database_up'),
                                  self.value('jobs', state='queued')))
        self.assertGreater(self.value('oldest_due_job_age_seconds') or 0, 0)
        for end in (self.server.stop, self.server.kill9):
            end()
            waiting.until('the end is told',
                          lambda: self.value('database_up') == 0)
            self.assertIsNone(self.value('jobs', state='queued'))
            self.assertEqual(1, self.value('jobs_held_total'))
            self.server.start()
            waiting.until('the start is told',
                          lambda: self.value('database_up') == 1)
            self.assertEqual(1, self.value('jobs', state='queued'))


class MariaDbTest(ServerCase):

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.server = server = mariadb.MariaDb()
        server.setUp()
        cls.addClassCleanup(server.cleanUp)


class PostgresqlTest(ServerCase):

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.server = server = postgresql.Postgresql()
        server.setUp()
        cls.addClassCleanup(server.cleanUp)


# What loads tests by class would run this without a server.
del ServerCase
