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

from collections.abc import Iterable
import threading

from alembic import autogenerate
from alembic.runtime import migration as alembic_migration
from oslo_db import exception as db_exception
import sqlalchemy as sa

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import migration
from glance_lifecycle.worker.database import models
from glance_lifecycle.worker.database import waiting

State = cases.State


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
                 'alter table lifecycle_jobs drop column stores',
                 'delete from lifecycle_alembic_version')
        if not self.database.is_sqlite:
            # Whose columns with an index stay.
            self.sql(self.database,
                     'alter table lifecycle_jobs drop column running')
        migration.sync(self.database)
        self.assertEqual([], self.differences(self.database))
        self.assertFalse(migration.outdated(self.database))

    def back_to(self, revision: str) -> None:
        """As the release before has left it."""
        self.sql(self.database,
                 'alter table lifecycle_jobs drop column stores',
                 'update lifecycle_alembic_version '
                 "set version_num = '%s'" % revision)

    def test_jobs_of_the_release_before(self) -> None:
        """What waits or runs gets its stores; what is over needs none."""
        stores = {'arguments': {'stores': ['s1', 's2']}}
        waits = self.job('waits', action=stores)
        held = self.job('held', held=True, action=stores)
        runs, _fence = self.claimed('runs', action=stores)
        over, fence = self.claimed('over', action=stores)
        claims.finish(self.database, over, fence, State.DONE)
        odd = [self.job(f'odd{number}', action=action)
               for number, action in enumerate((
                   {}, {'arguments': 1}, {'arguments': {'stores': 'x'}}))]
        self.back_to('8d2f6b41c7e9')
        migration.sync(self.database)
        self.assertEqual([], self.differences(self.database))
        self.assertEqual([('s1', 's2')] * 3, [
            self.get(job_id).stores for job_id in (waits.id, held.id, runs)])
        self.assertEqual([()] * 4, [self.get(job_id).stores for job_id in (
            over, *(job.id for job in odd))])
        self.assertEqual(waits, self.get(waits.id))

    def test_killed_in_filling(self) -> None:
        """The column is there, and not all of it."""
        job = self.job(action={'arguments': {'stores': ['s1']}})
        self.sql(self.database, 'update lifecycle_jobs set stores = null',
                 'update lifecycle_alembic_version '
                 "set version_num = '8d2f6b41c7e9'")
        migration.sync(self.database)
        self.assertEqual(('s1',), self.get(job.id).stores)

    def test_many_jobs_of_the_release_before(self) -> None:
        """More than are read at once."""
        self.copies(self.job(action={'arguments': {'stores': ['s1']}}),
                    map(str, range(1200)))
        self.back_to('8d2f6b41c7e9')
        migration.sync(self.database)
        self.assertEqual(1201, waiting.at_store(self.database, 's1'))

    def test_worker_of_the_release_before(self) -> None:
        """It runs on, beside new ones: its statements are still good."""
        self.copies(self.job(action={'arguments': {'stores': ['s1']}}),
                    ['old'])
        self.assertEqual((), self.get('old').stores)
        fence = claims.claim(self.database, 'old', 'w1', cases.at(0),
                             {'s1': 1})
        assert fence is not None
        claims.finish(self.database, 'old', fence, State.DONE)

    def copies(self, job: jobs.Job, ids: Iterable[str]) -> None:
        """The same job of other images, as the release before opens it."""
        def work(connection: sa.Connection) -> None:
            row = connection.execute(sa.select(models.JOBS).where(
                models.JOBS.c.id == job.id)).one()
            same = {name: value for name, value in row._mapping.items()
                    if name != 'stores'}
            connection.execute(sa.insert(models.JOBS), [
                {**same, 'id': one, 'image_id': one, 'open_key': one}
                for one in ids])
        self.database.write(work)

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
