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

"""Migrations make the tables that the models say, from whatever is there."""

import threading

from alembic import autogenerate
from alembic.runtime import migration as alembic_migration
from oslo_db import exception as db_exception
import sqlalchemy as sa

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import migration
from glance_lifecycle.worker.database import models


class MigrationTest(cases.DatabaseTestCase):

    def differences(self, database: engine.Database) -> list[object]:
        def compare(connection: sa.Connection) -> list[object]:
            context = alembic_migration.MigrationContext.configure(
                connection, opts={
                    'compare_type': True,
                    'include_object': models.include_object})
            return [*autogenerate.compare_metadata(context, models.METADATA)]
        return database.read(compare)

    def sql(self, database: engine.Database, *statements: str) -> None:
        def work(connection: sa.Connection) -> None:
            for statement in statements:
                connection.exec_driver_sql(statement)
        database.write(work)

    def test_models_and_migrations(self) -> None:
        self.assertEqual([], self.differences(self.database))
        # It finds what there is to find.
        self.sql(self.database,
                 'alter table lifecycle_jobs add column more integer',
                 'drop table lifecycle_marks')
        self.assertEqual(2, len(self.differences(self.database)))

    def test_version(self) -> None:
        new = self.open(url=self.new_url())
        self.assertIsNone(migration.version(new))
        self.assertTrue(migration.outdated(new))
        for _ in range(2):
            migration.sync(new)
            self.assertEqual(migration.head(), migration.version(new))
            self.assertFalse(migration.outdated(new))

    def test_others_tables_stay(self) -> None:
        """An operator shares the database, such as Glance's."""
        new = self.open(url=self.new_url())
        self.sql(new, 'create table alembic_version (version_num varchar(9))',
                 "insert into alembic_version values ('glance_x')",
                 'create table images (id varchar(36))')
        migration.sync(new)
        self.assertEqual([], self.differences(new))
        self.assertEqual('glance_x', new.read(
            lambda connection: connection.exec_driver_sql(
                'select version_num from alembic_version').scalar()))

    def test_newer(self) -> None:
        self.sql(self.database, 'update lifecycle_alembic_version '
                 "set version_num = 'fromfuture'")
        self.assertTrue(migration.outdated(self.database))
        error = self.assertRaises(exceptions.ConfigurationError,
                                  migration.sync, self.database)
        self.assertIn('fromfuture', str(error))
        self.assertEqual('fromfuture', migration.version(self.database))

    def test_killed_in_sync(self) -> None:
        """As MariaDB then has it, which commits each statement."""
        self.sql(self.database, 'drop table lifecycle_history',
                 'delete from lifecycle_alembic_version')
        if not self.database.is_sqlite:
            # Whose columns with an index stay.
            self.sql(self.database,
                     'alter table lifecycle_jobs drop column running')
        migration.sync(self.database)
        self.assertEqual([], self.differences(self.database))
        self.assertFalse(migration.outdated(self.database))

    def test_sync_at_once(self) -> None:
        url = self.new_url()
        failed: list[BaseException] = []

        def sync(database: engine.Database) -> None:
            try:
                migration.sync(database)
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=sync, args=(self.open(url=url),))
                   for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([], failed)
        self.assertEqual([], self.differences(self.open(url=url)))

    def test_not_synced(self) -> None:
        """That is said at once, not after a minute."""
        new = self.open(url=self.new_url())
        tried = []

        def work(connection: sa.Connection) -> None:
            tried.append(1)
            connection.execute(sa.select(models.MARKS))

        error = self.assertRaises(errors.WorkerDatabaseError, new.read, work)
        self.assertEqual([1], tried)
        self.assertIn('lifecycle_marks', error.for_operator())
        self.assertNotIsInstance(error.__cause__, db_exception.DBError)
