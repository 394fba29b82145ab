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

"""An image goes on with its job, or neither; and no more than may at once."""

import functools
from typing import Any

from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import job_changes
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import move_turns
from glance_lifecycle.worker.database import moves

Step, State = moves.Step, moves.State

PARALLEL = 2


def start(database: engine.Database, image: moves.Image,
          to: moves.Step = Step.COPYING, **values: Any) -> str | None:
    """The id of its job."""
    try:
        job, _joined = jobs.open_job(
            database, jobs.Wanted(image.image_id, 'migrate:b', {}, 'It.'),
            actor='me', first=functools.partial(
                move_turns.start, move_id='one', image=image, to=to,
                parallel=PARALLEL, values=values))
    except jobs.NotOpened:
        return None
    return job.id


class MoveTurnsTest(cases.DatabaseTestCase):

    def begin_turns(self) -> None:
        # No setUp(): on servers, one class has the tests of several.
        moves.begin(
            self.database, 'one', 'a', 'b', {},
            [moves.Wave(1, True, 1.5), moves.Wave(2, False, 2.5)],
            [moves.Image('image-%d' % n, 'name', 'p', 1 + n // 2, n, 10)
             for n in range(4)], actor='me')

    def in_turn(self, *states: moves.Step) -> list[moves.Image]:
        return moves.images(self.database, 'one', states=states)

    def start(self, image: moves.Image, *args: Any, **values: Any
              ) -> str | None:
        return start(self.database, image, *args, **values)

    def assert_no_job_but(self, *job_ids: str | None) -> None:
        self.assertEqual({*job_ids}, {
            job.id for job in jobs.list_jobs(self.database)})

    def test_start(self) -> None:
        """Its step and its job, and when the wave began."""
        self.begin_turns()
        image = self.in_turn()[0]
        job_id = self.start(image, made=True)
        found = self.in_turn()[0]
        self.assertEqual((Step.COPYING, job_id, True),
                         (found.state, found.job_id, found.made))
        first, second = moves.waves(self.database, 'one')
        self.assertIsNotNone(first.begun_at)
        self.assertIsNone(second.begun_at)
        self.assertIsNone(self.start(image), 'it is not as it was read')
        self.assert_no_job_but(job_id)
        self.start(self.in_turn()[1])
        self.assertEqual(first.begun_at, moves.waves(
            self.database, 'one')[0].begun_at, 'the first time counts')

    def test_parallel(self) -> None:
        self.begin_turns()
        one, two, three, _four = self.in_turn()
        began = [self.start(one), self.start(two)]
        self.assertIsNone(self.start(three))
        self.assert_no_job_but(*began)
        # A new job for the same is no other image.
        found = self.in_turn()[0]
        moves.step(self.database, 'one', found, Step.COPYING, job_id=None)
        job_changes.cancel(self.database, str(began[0]), actor='me')
        again = self.start(self.in_turn()[0])
        self.assertNotIn(again, (None, *began))

    def test_paused(self) -> None:
        self.begin_turns()
        moves.turn_to(self.database, moves.get(self.database, 'one'),
                      State.PAUSED)
        self.assertIsNone(self.start(self.in_turn()[0]))
        self.assert_no_job_but()
        self.assertEqual([Step.WAITING] * 4,
                         [image.state for image in self.in_turn()])

    def test_joins(self) -> None:
        """Such as one that an operator has requeued."""
        self.begin_turns()
        job, _joined = jobs.open_job(
            self.database, jobs.Wanted('image-0', 'migrate:b', {}, 'It.'),
            actor='operator')
        self.assertEqual(job.id, self.start(self.in_turn()[0]))
        self.assertEqual(job.id, self.in_turn()[0].job_id)

    def test_joins_what_ends(self) -> None:
        """Between the look and the change: then it is another job."""
        self.begin_turns()
        old, _joined = jobs.open_job(
            self.database, jobs.Wanted('image-0', 'migrate:b', {}, 'It.'),
            actor='operator')
        write = self.database.write

        def late(work: Any) -> Any:
            self.database.write = write  # type: ignore[method-assign]
            fence = claims.claim(self.database, old.id, 'w')
            assert fence is not None
            claims.finish(self.database, old.id, fence, jobs.State.DONE)
            return write(work)
        self.database.write = late  # type: ignore[method-assign]
        new = self.start(self.in_turn()[0])
        self.assertNotIn(new, (None, old.id))
        self.assertEqual(new, self.in_turn()[0].job_id)

    def test_failures(self) -> None:
        self.begin_turns()
        self.assertEqual(move_turns.Failures(0, False),
                         move_turns.failures(self.database, 'one'))
        for number, wanted in ((3, move_turns.Failures(1, False)),
                               (0, move_turns.Failures(2, True))):
            moves.step(self.database, 'one', self.in_turn()[number],
                       Step.FAILED)
            self.assertEqual(wanted, move_turns.failures(
                self.database, 'one'))

    def test_copies(self) -> None:
        self.begin_turns()
        for image, to in zip(self.in_turn(), (
                Step.COPYING, Step.GONE, Step.FAILED, Step.COPIED)):
            moves.step(self.database, 'one', image, to)
        self.assertEqual([True, False], [
            move_turns.copies(self.database, 'one', wave)
            for wave in (1, 2)])

    def test_last_wave(self) -> None:
        self.begin_turns()
        self.assertEqual(2, move_turns.last_wave(self.database, 'one'))
