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

"""The worker's database on real servers, with many at work, and dying.

The unit tests' contract runs on each of them, too.
"""

from collections import Counter
import concurrent.futures
import importlib
import pathlib
import threading
import types
from typing import ClassVar
from typing import Protocol

from oslotest import base
import sqlalchemy as sa

from glance_lifecycle.tests.functional.fixtures import mariadb
from glance_lifecycle.tests.functional.fixtures import postgresql
from glance_lifecycle.tests.functional import test_database
from glance_lifecycle.tests.functional.worker import database_races
from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.tests.unit.worker.database import test_claims
from glance_lifecycle.tests.unit.worker.database import test_dropped
from glance_lifecycle.tests.unit.worker.database import test_durations
from glance_lifecycle.tests.unit.worker.database import test_ended
from glance_lifecycle.tests.unit.worker.database import test_engine
from glance_lifecycle.tests.unit.worker.database import test_history
from glance_lifecycle.tests.unit.worker.database import test_job_changes
from glance_lifecycle.tests.unit.worker.database import test_jobs
from glance_lifecycle.tests.unit.worker.database import test_marks
from glance_lifecycle.tests.unit.worker.database import test_members
from glance_lifecycle.tests.unit.worker.database import test_migration
from glance_lifecycle.tests.unit.worker.database import test_move_turns
from glance_lifecycle.tests.unit.worker.database import test_moves
from glance_lifecycle.tests.unit.worker.database import test_purging
from glance_lifecycle.tests.unit.worker.database import test_store_jobs
from glance_lifecycle.tests.unit.worker.database import test_uses
from glance_lifecycle.tests.unit.worker.database import test_waiting
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import models

State = jobs.State

CONTRACT = (
    test_claims.ClaimsTest, test_dropped.DroppedTest,
    test_durations.DurationsTest, test_ended.EndedTest, test_engine.EngineTest,
    test_history.HistoryTest, test_job_changes.JobChangesTest,
    test_jobs.JobsTest, test_marks.MarksTest, test_members.MembersTest,
    test_migration.MigrationTest,
    test_move_turns.MoveTurnsTest, test_moves.MovesTest,
    test_purging.PurgingTest, test_store_jobs.StoreJobsTest,
    test_uses.UsesTest, test_waiting.WaitingTest)


class Server(Protocol):
    port: int

    def database(self) -> str:
        raise NotImplementedError

    def kill9(self) -> None:
        raise NotImplementedError

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError


class ServerCase(*CONTRACT, database_races.Races):  # type: ignore[misc]
    """The contract on a server, and what only servers do."""

    server: ClassVar[Server]

    def new_url(self) -> str:
        return self.server.database()

    def run_job(self, image_id: str) -> None:
        job, _joined = jobs.open_job(
            self.database, jobs.Wanted(image_id, 'copy', {}, 'Away.'),
            actor='sweep')
        fence = claims.claim(self.database, job.id, 'w1')
        assert fence is not None
        claims.check(self.database, job.id, fence)
        claims.finish(self.database, job.id, fence, State.DONE)

    def test_killed_and_started(self) -> None:
        """Each job is done once, and told once, whatever it was cut off in.
        """
        count, done = 300, []

        def work(number: int) -> None:
            for image in range(number, count, 2):
                self.run_job(f'i{image}')
                done.append(image)

        def kill() -> None:
            for end in (self.server.kill9, self.server.stop,
                        self.server.kill9):
                so_far = len(done)
                waiting.until('more is done', lambda: len(
                    done) > so_far + 10 or any(
                        each.done() for each in working))
                end()
                self.server.start()

        # By this thread: a server dies with the thread that started it.
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            working = [pool.submit(work, number) for number in range(2)]
            kill()
            for each in working:
                each.result()
        for image in range(count):
            self.assertEqual(['queued', 'done'], self.events(f'i{image}'))
        found = jobs.list_jobs(self.database, limit=count + 1)
        self.assertEqual({(State.DONE, 1)}, {
            (job.state, job.attempts) for job in found})
        self.assertEqual(count, len(found))

    def test_deadlock(self) -> None:
        """Two transactions that the server must choose between."""
        for name in 'ab':
            jobs_id = self.job(name).id
            setattr(self, name, jobs_id)
        both = threading.Barrier(2)
        tries: Counter[int] = Counter()

        def work(number: int) -> None:
            order = [self.a, self.b] if number else [self.b, self.a]

            def change(connection: sa.Connection) -> None:
                tries[number] += 1
                first, second = (sa.update(models.JOBS).where(
                    models.JOBS.c.id == job_id).values(
                        attempts=models.JOBS.c.attempts + 1)
                    for job_id in order)
                connection.execute(first)
                if tries[number] == 1:
                    both.wait()
                connection.execute(second)
            self.database.write(change)

        database_races.in_threads(work, 2)
        self.assertEqual(3, sum(tries.values()))
        self.assertEqual((2, 2), (self.get(self.a).attempts,
                                  self.get(self.b).attempts))

    a: str
    b: str

    def losing(self, marker: bytes) -> tuple[test_database.LostAnswer, str]:
        """A way to the server that loses the answer to one commit."""
        net = self.useFixture(
            test_database.LostAnswer(self.server.port, marker))
        return net, self.url.replace(f':{self.server.port}/',
                                     f':{net.port}/')

    def test_answer_lost(self) -> None:
        """It was done, and is not done twice, nor taken for another's."""
        for marker, step in ((b'INSERT INTO lifecycle_jobs', 0),
                             (b'claim=', 1), (b'error=', 2)):
            net, url = self.losing(marker)
            mine = self.database
            shaky = self.open(url=url)
            image = f'i{step}'
            job, joined = jobs.open_job(
                mine if step else shaky,
                jobs.Wanted(image, 'copy', {}, 'Away.'), actor='sweep')
            self.assertFalse(joined)
            fence = claims.claim(shaky if step == 1 else mine, job.id, 'w1')
            self.assertEqual(1, fence)
            claims.finish(shaky if step == 2 else mine, job.id, 1,
                          State.DONE)
            self.assertTrue(net.lost.is_set(), marker)
            self.assertEqual(['queued', 'done'], self.events(image))
            self.assertEqual(1, self.get(job.id).attempts)


_PARTS = (*CONTRACT, database_races.Races, ServerCase)


class SqliteTest(database_races.Races):
    pass


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


class ContractTest(base.BaseTestCase):

    def test_no_test_hides_another(self) -> None:
        names = Counter(
            name for cls in _PARTS
            for name, found in vars(cls).items()
            if isinstance(found, (types.FunctionType, staticmethod)))
        self.assertEqual([], [
            name for name, number in names.items() if number > 1])

    def test_all_are_here(self) -> None:
        """Whatever unit test has a database runs on servers, too."""
        found = set()
        for path in pathlib.Path(cases.__file__).parent.glob('test_*.py'):
            module = importlib.import_module(
                f'{cases.__package__}.{path.stem}')
            found |= {cls for cls in vars(module).values()
                      if isinstance(cls, type)
                      and issubclass(cls, cases.DatabaseTestCase)
                      and cls.__module__ == module.__name__}
        # What no server has.
        self.assertEqual(
            found - {test_engine.SqliteTest, test_engine.UrlTest},
            set(CONTRACT))

    def test_none_prepares_the_others(self) -> None:
        self.assertEqual([], [
            cls.__name__ for cls in CONTRACT if 'setUp' in vars(cls)])


# What loads tests by class would run these without a server.
del ServerCase
