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

"""Two workers at one migration: one database, and no step done twice."""

import contextlib
from typing import Any

from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import mariadb
from glance_lifecycle.tests.functional.fixtures import postgresql
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests.functional.worker import stopped_worker
from glance_lifecycle.tests.functional.worker import test_migrate
from glance_lifecycle.tests.functional.worker import worker_case
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import migration
from glance_lifecycle.worker.database import moves
from glance_lifecycle.worker import presence

PARALLEL = 2
IMAGES = 6


class MigrateBothTest(worker_case.WorkerCase):

    def setUp(self) -> None:
        super().setUp()
        source = self.noise(4 * images.MIB)
        self.expected = images.digests(source)
        self.images = [self.image(source, name=f'moves-{number}')
                       for number in range(IMAGES)]

    def both(self, **options: Any) -> list[worker.Worker]:
        """Each does one job at once, and none is over in a moment."""
        found = [self.worker(test_migrate.POLICY, jobs=1, store_rates='s2:4',
                             **options) for _each in range(2)]
        waiting.until('both are there', lambda: len(
            presence.workers(found[0].database)) == 2)
        return found

    def begin_all(self, daemon: worker.Worker) -> None:
        moves.begin(
            daemon.database, 'both', 's1', 's2',
            {'keep': False, 'read_back': True, 'soak': 0,
             'parallel': PARALLEL, 'max_errors': 0, 'windows': []},
            [moves.Wave(1, False, 1.0), moves.Wave(2, False, 1.0)],
            [moves.Image(image_id, 'name', 'p', 1 + turn // 4, turn,
                         4 * images.MIB)
             for turn, image_id in enumerate(self.images)],
            actor='operator')
        waiting.until('both copy', lambda: len({
            job.worker for job in jobs.list_jobs(
                daemon.database, state=jobs.State.RUNNING)}) == 2)

    def wait(self, daemon: worker.Worker) -> None:
        """And no more are in flight than may be, whoever looks."""
        def done() -> bool:
            self.assertLessEqual(len(moves.images(
                daemon.database, 'both', states=moves.IN_FLIGHT)), PARALLEL)
            return moves.get(daemon.database, 'both').state not in (
                moves.State.RUNNING,)
        waiting.until('it has ended', done)
        self.assertEqual('done', moves.get(daemon.database, 'both').state)

    def check(self, daemon: worker.Worker) -> None:
        """Each was copied once, and dropped once."""
        for image_id in self.images:
            self.assert_stored(self.api, self.admin.get(image_id),
                               self.expected, 's2')
            self.assertEqual(['DELETE /v2/stores/s1/IMAGE'],
                             stopped_worker.writes(self.api, image_id))
            found = jobs.list_jobs(daemon.database, image_id=image_id)
            self.assertEqual(
                [('migrate', 'done'), ('migrate-drop:s1', 'done')],
                sorted((job.purpose, job.state.value) for job in found))
            written = [entry.proof['written'] for entry in history.of_image(
                daemon.database, image_id)
                if entry.proof and 'written' in entry.proof]
            self.assertEqual([4 * images.MIB], written)
        self.assert_nothing_left(self.api, *self.images)

    def test_one_killed(self) -> None:
        """What it had is the other's, and nothing is done twice."""
        first, second = self.both()
        self.begin_all(first)
        first.kill()
        self.wait(second)
        for image_id in self.images:
            self.assert_stored(self.api, self.admin.get(image_id),
                               self.expected, 's2')
            self.assertEqual(['DELETE /v2/stores/s1/IMAGE'],
                             stopped_worker.writes(self.api, image_id))
        self.assertIn('taken back', str([second.story(one)
                                         for one in self.images]))
        self.assert_nothing_left(self.api, *self.images)

    def test_on_one_file(self) -> None:
        first, second = self.both()
        self.begin_all(first)
        self.wait(second)
        self.check(first)

    def test_on_mariadb(self) -> None:
        self.on_server(self.useFixture(mariadb.MariaDb()).database())

    def test_on_postgresql(self) -> None:
        self.on_server(self.useFixture(postgresql.Postgresql()).database())

    def on_server(self, url: str) -> None:
        with contextlib.closing(engine.Database(url)) as database:
            migration.sync(database)
        first, second = self.both(connection=url)
        self.begin_all(first)
        self.wait(second)
        self.check(first)
