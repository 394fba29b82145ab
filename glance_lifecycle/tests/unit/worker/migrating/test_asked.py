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

"""What operators ask of migrations: begun, paused, resumed, undone."""

from typing import Any

from glance_lifecycle.tests.unit.worker import image_api
from glance_lifecycle.tests.unit.worker.migrating import migrating_case
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import job_changes
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import moves
from glance_lifecycle.worker.migrating import asked
from glance_lifecycle.worker.migrating import driving


class PauseTest(migrating_case.MigratingCase):

    def test_pause(self) -> None:
        """What runs is finished; nothing else begins."""
        move_id = self.begin((10, 10, 10))
        self.driver.turn(migrating_case.NOW)
        runs, _waits = self.queued()
        fence = claims.claim(self.database, runs.id, 'w')
        assert fence is not None
        asked.pause(self.database, move_id, actor=migrating_case.WHO)
        self.assertEqual([], self.queued())
        self.assertEqual(['copying', 'waiting', 'waiting'],
                         self.steps(move_id))
        claims.finish(self.database, runs.id, fence, jobs.State.DONE,
                      proof={history.SECONDS: 1.0})
        for _turn in range(3):
            self.driver.turn(migrating_case.NOW)
        self.assertEqual([], self.queued())
        self.assertEqual(['copied', 'waiting', 'waiting'],
                         self.steps(move_id))
        # Twice is as good as once.
        asked.pause(self.database, move_id, actor=migrating_case.WHO)
        self.api.images[image_api.image_id(1)]['stores'] = 'bulk,fast'
        asked.resume(self.database, move_id, actor=migrating_case.WHO)
        self.go()
        self.assertEqual(['moved'] * 3, self.steps(move_id))

    def test_paused_between(self) -> None:
        """After it was found waiting, before its job was opened."""
        move_id = self.begin((10,))
        opened = driving.Driver._open

        def late(*args: Any, **values: Any) -> None:
            asked.pause(self.database, move_id, actor=migrating_case.WHO)
            opened(*args, **values)
        self.driver._open = late.__get__(  # type: ignore[method-assign]
            self.driver)
        self.driver.turn(migrating_case.NOW)
        self.assertEqual([], self.queued())
        self.assertEqual(['waiting'], self.steps(move_id))

    def test_not_running(self) -> None:
        move_id = self.begin((10,))
        self.assertRaises(errors.MoveStateError, asked.resume, self.database,
                          move_id, actor=migrating_case.WHO)
        self.go()
        for function in (
                lambda: asked.pause(self.database, move_id,
                                    actor=migrating_case.WHO),
                lambda: asked.resume(self.database, move_id,
                                     actor=migrating_case.WHO)):
            error = self.assertRaises(errors.MoveStateError, function)
            self.assertIn('is done', str(error))
        self.assertRaises(errors.MoveNotFound, asked.resume, self.database,
                          'none', actor=migrating_case.WHO)

    def test_killed_in_a_pause(self) -> None:
        """Between what it holds and what it cancels; then it goes on."""
        for hold in (True, False):
            move_id = self.begin((10, 10 + hold))
            self.driver.turn(migrating_case.NOW)
            asked_of = job_changes.hold if hold else job_changes.cancel
            for job in self.queued():
                asked_of(self.database, job.id, actor=migrating_case.WHO,
                         reason='The migration does not go on for now.')
            self.go()
            self.assertEqual(['moved'] * 2, self.steps(move_id))
            for number in (1, 2):
                self.api.images[image_api.image_id(number)]['stores'] = 'bulk'

    def test_killed_in_a_pause_and_resumed(self) -> None:
        move_id = self.begin((10, 10))
        self.driver.turn(migrating_case.NOW)
        for job in self.queued():
            job_changes.hold(self.database, job.id, actor=migrating_case.WHO,
                             reason='The migration does not go on for now.')
        moves.turn_to(self.database, moves.get(self.database, move_id),
                      moves.State.PAUSED)
        asked.resume(self.database, move_id, actor=migrating_case.WHO)
        self.assertEqual(['waiting'] * 2, self.steps(move_id))
        self.go()
        self.assertEqual(['moved'] * 2, self.steps(move_id))


class UndoTest(migrating_case.MigratingCase):

    def undo(self, move_id: str) -> str:
        return asked.undo(self.database, move_id, actor=migrating_case.WHO)

    def stores(self, number: int) -> str:
        return str(self.api.images[image_api.image_id(number)]['stores'])

    def test_undo(self) -> None:
        """The last wave first; what was in the target before stays there."""
        self.api.images[image_api.image_id(2)]['stores'] = 'bulk,fast'
        move_id = self.begin((10, 10), (10,))
        self.go()
        self.assertEqual(['fast'] * 3, [self.stores(n) for n in (1, 2, 3)])
        self.did = []
        undo_id = self.undo(move_id)
        self.go()
        self.assertEqual('done', self.state(undo_id))
        self.assertEqual('undone', self.state(move_id))
        self.assertEqual(['bulk', 'bulk,fast', 'bulk'],
                         [self.stores(n) for n in (1, 2, 3)])
        self.assertEqual(('migrate', 3), self.did[0])
        for again in (move_id, undo_id):
            self.assertRaises(errors.MoveStateError, self.undo, again)

    def test_half_way(self) -> None:
        """What was only copied is dropped, and what waits is left alone."""
        move_id = self.begin((10,), (10,), soak=60.0)
        self.go()
        self.assertRaises(errors.MoveStateError, self.undo, move_id)
        asked.pause(self.database, move_id, actor=migrating_case.WHO)
        _move, found = asked.undoing(self.database, move_id)
        self.assertEqual([image_api.image_id(1)],
                         [image.image_id for image in found])
        self.undo(move_id)
        self.go()
        self.assertEqual(['bulk', 'bulk'],
                         [self.stores(n) for n in (1, 2)])

    def paused_before_it_was_told(self, move_id: str) -> None:
        """The worker is killed when its job has done it, then: a pause."""
        self.driver.turn(migrating_case.NOW)
        job, = self.queued()
        self.done(job)
        asked.pause(self.database, move_id, actor=migrating_case.WHO)
        self.assertEqual([], self.queued())

    def test_copied_and_not_told(self) -> None:
        """That copy is the migration's own, and does not stay."""
        move_id = self.begin((10,))
        self.paused_before_it_was_told(move_id)
        self.assertEqual(['waiting'], self.steps(move_id))
        self.assertEqual('bulk,fast', self.stores(1))
        self.undo(move_id)
        self.go()
        self.assertEqual('bulk', self.stores(1))

    def test_dropped_and_not_told(self) -> None:
        """It comes back, also where the other copy was there before."""
        self.api.images[image_api.image_id(1)]['stores'] = 'bulk,fast'
        move_id = self.begin((10,))
        self.driver.turn(migrating_case.NOW)
        self.end(self.queued()[0])
        self.driver.turn(migrating_case.NOW)
        self.paused_before_it_was_told(move_id)
        self.assertEqual(['copied'], self.steps(move_id))
        self.assertEqual('fast', self.stores(1))
        self.undo(move_id)
        self.go()
        self.assertEqual('bulk,fast', self.stores(1))

    def test_still_copies(self) -> None:
        move_id = self.begin((10,))
        self.driver.turn(migrating_case.NOW)
        claims.claim(self.database, self.queued()[0].id, 'w')
        asked.pause(self.database, move_id, actor=migrating_case.WHO)
        error = self.assertRaises(errors.MoveStateError, self.undo, move_id)
        self.assertIn('still copies', str(error))


class RunTest(migrating_case.MigratingCase):

    def test_twice(self) -> None:
        move_id = self.begin((10,))
        error = self.assertRaises(errors.MoveStateError, self.begin, (10,))
        self.assertIn('was begun before', str(error))
        error = self.assertRaises(errors.MoveStateError, self.begin, (10, 10))
        self.assertIn('%s is not over' % move_id, str(error))
        self.go()
        self.begin((10, 10))

    def test_forecast(self) -> None:
        """What the first waves took changes what the others will."""
        move_id = self.begin((10,), (10,))
        view = asked.show(self.database)
        self.assertEqual([10.0, 10.0], [wave.revised for wave in view.waves])
        self.go(3)
        self.driver.turn(migrating_case.NOW)
        first, second = asked.show(self.database, move_id).waves
        self.assertEqual((1.5, None), (first.actual, first.revised))
        self.assertEqual(1.5, second.revised)
        shown = asked.show(self.database).to_dict()
        self.assertEqual(move_id, shown['id'])
        self.assertEqual({'moved': 1}, shown['waves'][0]['images'])
