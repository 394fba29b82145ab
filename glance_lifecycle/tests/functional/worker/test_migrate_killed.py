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

"""kill -9 of the worker at the changes that it makes for a migration.

Of all of them a few are chosen anew each time, by a seed that a failure tells;
OS_TEST_KILLS is how many, and 0 for all. OS_TEST_SEED chooses the same again.
"""

import json
import os
import pathlib
import random

from oslo_utils import uuidutils

from glance_lifecycle.tests.functional.fixtures import forking
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests.functional.worker import test_migrate
from glance_lifecycle.tests.functional.worker import worker_case
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import moves
from glance_lifecycle.worker.migrating import asked

KILLS = int(os.environ.get('OS_TEST_KILLS', '5'))
_DATA = b'bytes' * 1000


class DyingWorker(worker.Worker):
    """See ``dying_migrating``."""

    origin = forking.Origin(
        'glance_lifecycle.tests.functional.worker.dying_migrating')

    def _setUp(self) -> None:
        self.directory = self.api.base / 'deaths'
        self.directory.mkdir()
        self.seed = os.environ.get('OS_TEST_SEED') or str(
            random.randrange(10 ** 6))  # noqa: S311 - it is told
        (self.directory / 'how').write_text(json.dumps(
            {'seed': self.seed, 'most': KILLS or None}))
        super()._setUp()

    def argv(self) -> list[str]:
        python, _script, *rest = super().argv()
        return [python, '-m', 'glance_lifecycle.tests.functional.worker'
                '.dying_migrating', str(self.directory), *rest]

    def points(self) -> list[str]:
        """That it has died at."""
        path = self.directory / 'points'
        return path.read_text().splitlines() if path.exists() else []

    def again(self) -> None:
        """With what it has died at forgotten, and of as many more."""
        (self.directory / 'points').unlink(missing_ok=True)


class MigrateKilledTest(worker_case.WorkerCase):

    def setUp(self) -> None:
        super().setUp()
        self.expected = images.digests(self.file(_DATA))
        self.moved = [self.image(_DATA, name='moved')]
        self.both = self.image(_DATA, name='both')
        self.run_store('copy', self.both, '--to', 's2')
        self.daemon = self.useFixture(DyingWorker(
            self.api, test_migrate.POLICY, attempts=100))

    def file(self, data: bytes) -> pathlib.Path:
        path = self.work / 'expected'
        path.write_bytes(data)
        return path

    def begin_all(self) -> str:
        move_id = uuidutils.generate_uuid(dashed=False)[:16]
        moves.begin(
            self.daemon.database, move_id, 's1', 's2',
            {'keep': False, 'read_back': True, 'soak': 0, 'parallel': 2,
             'max_errors': 0, 'windows': []},
            [moves.Wave(1, False, 1.0)],
            [moves.Image(image_id, self.admin.get(image_id)['name'], 'p', 1,
                         turn, len(_DATA))
             for turn, image_id in enumerate([*self.moved, self.both])],
            actor='operator')
        return move_id

    def through(self, move_id: str) -> None:
        """Started again after each death, until the migration has ended."""
        daemon = self.daemon

        def ended() -> bool:
            return moves.get(daemon.database, move_id).state not in (
                moves.State.RUNNING, moves.State.PAUSED)
        said = f'seed {daemon.seed}'
        while True:
            waiting.until(f'{said}: it dies, or all is done',
                          lambda: ended() or not daemon.running)
            if daemon.running:
                break
            self.assert_good(f'{said}: {daemon.points()[-1]}')
            if ended():
                daemon.start()
                break
            daemon.start()
        self.assertEqual('done', moves.get(daemon.database, move_id).state,
                         said)
        self.assertEqual([], jobs.list_jobs(
            daemon.database, state=jobs.OPEN), said)
        if not KILLS:
            self.assertGreater(len(daemon.points()), 30)

    def assert_good(self, said: str) -> None:
        """Each image has a copy that Glance knows, and that is whole."""
        for image_id in (*self.moved, self.both):
            good = [store for store in self.stores_of(image_id)
                    if self.api.stored_copy(image_id, store).exists()
                    and self.api.stored_copy(
                        image_id, store).read_bytes() == _DATA]
            self.assertNotEqual([], good, said)

    def assert_in(self, image_id: str, *stores: str) -> None:
        self.assert_stored(self.api, self.admin.get(image_id), self.expected,
                           *stores)
        self.assert_nothing_left(self.api, *self.moved, self.both)

    def test_there_and_back(self) -> None:
        move_id = self.begin_all()
        self.through(move_id)
        for image_id in (*self.moved, self.both):
            self.assert_in(image_id, 's2')
        self.daemon.again()
        self.through(asked.undo(self.daemon.database, move_id,
                                actor='operator'))
        for image_id in self.moved:
            self.assert_in(image_id, 's1')
        # What was there before stays there.
        self.assert_in(self.both, 's1', 's2')
