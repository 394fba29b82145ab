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

"""What a worker does for migrations, on a real database; jobs end at once."""

import datetime
import itertools
import threading
from typing import Any

from glance_lifecycle.planning import waves
from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.tests.unit.worker import image_api
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import moves
from glance_lifecycle.worker.migrating import asked
from glance_lifecycle.worker.migrating import driving
from glance_lifecycle.worker.migrating import plan as plans

NOW = datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.UTC)
WHO = 'operator me'


def plan(*sizes_of_waves: tuple[int, ...], canary: bool = False,
         **settings: Any) -> plans.Plan:
    """Images 1, 2, ... of 1000 bytes, so many in each wave."""
    numbers = iter(range(1, 1000))
    return plans.Plan(
        NOW.isoformat(), 'bulk', 'fast', '', plans.Settings(**{
            'keep': False, 'read_back': True, 'soak': 0.0, 'parallel': 2,
            'max_errors': 0, 'windows': (), **settings}),
        plans.Forecast(100.0, 1.0, 'given', None),
        tuple(waves.Wave(tuple(waves.Candidate(
            image_api.image_id(next(numbers)), 'name', 'p', size)
            for size in sizes), 10.0, canary and number == 0)
            for number, sizes in enumerate(sizes_of_waves)))


class MigratingCase(cases.DatabaseTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.api = self.useFixture(image_api.ImageApi(*(
            image_api.image(number, stores='bulk')
            for number in range(1, 10))))
        self.driver = self.new_driver()
        # Purpose and number of what has been done.
        self.did: list[tuple[str, int]] = []

    def new_driver(self) -> driving.Driver:
        """Such as that of another worker, or of one after a death."""
        return driving.Driver(self.database, self.api.cloud, 'worker w',
                              threading.Event(), lambda: None)

    def begin(self, *waves_: tuple[int, ...], **settings: Any) -> str:
        return asked.run(self.database, plan(*waves_, **settings), actor=WHO)

    def queued(self) -> list[jobs.Job]:
        return sorted(jobs.list_jobs(self.database, state=jobs.State.QUEUED),
                      key=lambda job: job.image_id)

    def end(self, job: jobs.Job, error: str = '', **proof: Any) -> None:
        """As a runner would."""
        fence = claims.claim(self.database, job.id, 'w')
        assert fence is not None
        number = int(job.image_id[-12:])
        kind = job.action['kind']
        store, other = job.action['arguments']['stores'][0], (
            job.action['arguments']['other'])
        self.did.append((kind, number))
        if error:
            claims.finish(self.database, job.id, fence, jobs.State.FAILED,
                          error=error)
            return
        if not proof.get('stays'):
            image = self.api.images[job.image_id]
            there = {*image['stores'].split(',')}
            image['stores'] = ','.join(sorted(
                there | {store} if kind == actions.MIGRATE
                else there - {store}))
            self.assertIn(other, image['stores'])
        claims.finish(self.database, job.id, fence, jobs.State.DONE,
                      text='Done.', proof={history.SECONDS: 1.5, **proof})

    def go(self, turns: int = 30) -> None:
        """Until nothing is left to be done."""
        for _turn in range(turns):
            self.driver.turn(NOW)
            for job in self.queued():
                self.end(job)

    def state(self, move_id: str) -> moves.State:
        return moves.get(self.database, move_id).state

    def steps(self, move_id: str) -> list[str]:
        return [image.state.value
                for image in moves.images(self.database, move_id)]


class DriverTest(MigratingCase):

    def test_waves(self) -> None:
        """All of a wave is copied before anything of it is dropped."""
        move_id = self.begin((10, 10, 10), (10,))
        self.go()
        self.assertEqual('done', self.state(move_id))
        self.assertEqual(['moved'] * 4, self.steps(move_id))
        self.assertEqual(
            [*(('migrate', n) for n in (1, 2, 3)),
             *(('migrate-drop', n) for n in (1, 2, 3)),
             ('migrate', 4), ('migrate-drop', 4)], self.did)
        for wave in moves.waves(self.database, move_id):
            self.assertIsNotNone(wave.actual)
            self.assertIsNotNone(wave.ended_at)

    def test_parallel(self) -> None:
        self.begin((10, 10, 10), parallel=2)
        for _turn in range(3):
            self.driver.turn(NOW)
            self.assertEqual(2, len(self.queued()))
        self.end(self.queued()[0])
        self.driver.turn(NOW)
        self.assertEqual(2, len(self.queued()))

    def test_another_driver(self) -> None:
        """However many there are, an image has one job."""
        move_id = self.begin((10, 10, 10), (10,))
        others = [self.new_driver() for _ in range(3)]
        for _turn in range(10):
            for driver in others:
                driver.turn(NOW)
            for job in self.queued():
                self.end(job)
        self.assertEqual('done', self.state(move_id))
        self.assertEqual(8, len(self.did))

    def test_killed_before_the_job(self) -> None:
        """The next one opens it, and knows whose copy it will be."""
        move_id = self.begin((10,))
        image, = moves.images(self.database, move_id)
        moves.step(self.database, move_id, image, moves.Step.COPYING,
                   made=True)
        self.driver.turn(NOW)
        job, = self.queued()
        self.assertTrue(job.action['arguments']['made'])

    def test_purged_job(self) -> None:
        move_id = self.begin((10,))
        image, = moves.images(self.database, move_id)
        moves.step(self.database, move_id, image, moves.Step.COPYING,
                   made=True, job_id='gone')
        self.go()
        self.assertEqual(['moved'], self.steps(move_id))

    def test_soak(self) -> None:
        move_id = self.begin((10,), soak=60.0)
        self.go()
        self.assertEqual([('migrate', 1)], self.did)
        self.assertEqual(moves.Phase.SOAK,
                         moves.get(self.database, move_id).phase)
        self.driver.turn(NOW + datetime.timedelta(seconds=59))
        self.assertEqual([], self.queued())
        for _turn in range(2):
            self.driver.turn(NOW + datetime.timedelta(seconds=60))
        self.assertEqual(['migrate-drop:bulk'],
                         [job.purpose for job in self.queued()])

    def test_window(self) -> None:
        self.begin((10,), windows=('22:00-06:00',))
        self.driver.turn(NOW)
        self.assertEqual([], self.queued())
        self.driver.turn(NOW.replace(hour=23))
        self.assertEqual(1, len(self.queued()))

    def test_stays(self) -> None:
        """What hangs on the copy is named, and that is no error."""
        move_id = self.begin((10,), (10,))
        self.driver.turn(NOW)
        self.end(self.queued()[0])
        for _turn in range(2):
            self.driver.turn(NOW)
        self.end(self.queued()[0], stays='a clone hangs on it')
        self.go()
        self.assertEqual(['stays', 'moved'], self.steps(move_id))
        self.assertEqual('done', self.state(move_id))
        image, = asked.show(self.database, move_id).attention
        self.assertEqual('a clone hangs on it.', image.detail)

    def test_keep(self) -> None:
        move_id = self.begin((10, 10), (10,), keep=True, soak=9999.0)
        self.go()
        self.assertEqual('done', self.state(move_id))
        self.assertEqual([('migrate', n) for n in (1, 2, 3)], self.did)

    def test_gone(self) -> None:
        """Before it began, and while it was copied."""
        del self.api.images[image_api.image_id(1)]
        self.api.images[image_api.image_id(2)]['stores'] = 'far'
        move_id = self.begin((10, 10, 10), parallel=4)
        self.driver.turn(NOW)
        job, = self.queued()
        jobs.over(self.database, job.id, actor='sweep', reason='It is gone.')
        self.go()
        self.assertEqual(['gone'] * 3, self.steps(move_id))
        self.assertEqual('done', self.state(move_id))

    def fail(self, number: int = 1) -> None:  # type: ignore[override]
        self.driver.turn(NOW)
        for job in self.queued()[:number]:
            self.end(job, error='Store fast is full.')

    def test_too_many_errors(self) -> None:
        """It stops, lets nothing begin, and says why; and goes on then."""
        move_id = self.begin((10,) * 5, parallel=3, max_errors=1)
        self.fail(2)
        self.driver.turn(NOW)
        self.assertEqual('stopped', self.state(move_id))
        error = moves.get(self.database, move_id).error
        self.assertIn('2 images failed, which is more than 1.', error)
        self.assertIn('Store fast is full.', error)
        self.assertEqual([], self.queued())
        self.assertEqual(['failed', 'failed', *['waiting'] * 3],
                         self.steps(move_id))
        asked.resume(self.database, move_id)
        self.go()
        self.assertEqual(['moved'] * 5, self.steps(move_id))

    def test_few_errors(self) -> None:
        move_id = self.begin((10, 10), (10,), max_errors=1)
        self.fail()
        self.go()
        self.assertEqual('done', self.state(move_id))
        self.assertEqual(['failed', 'moved', 'moved'], self.steps(move_id))
        asked.resume(self.database, move_id)
        self.go()
        self.assertEqual(['moved'] * 3, self.steps(move_id))

    def test_canary(self) -> None:
        """Of the first wave none may fail."""
        move_id = asked.run(self.database, plan(
            (10,), (10,), canary=True, max_errors=100), actor=WHO)
        self.fail()
        self.driver.turn(NOW)
        self.assertEqual('stopped', self.state(move_id))
        self.assertIn('first wave',
                      moves.get(self.database, move_id).error)

    def test_cancelled_by_an_operator(self) -> None:
        move_id = self.begin((10,))
        self.driver.turn(NOW)
        job, = self.queued()
        jobs.cancel(self.database, job.id, actor=WHO)
        self.driver.turn(NOW)
        self.assertEqual('stopped', self.state(move_id))
        self.assertIn('was cancelled',
                      moves.get(self.database, move_id).error)


class _Dead(Exception):
    """It was killed."""


class KilledTest(MigratingCase):

    def dying(self, writes: int) -> driving.Driver:
        """One that dies before so many changes of its database."""
        database = self.open()
        alive = iter(range(1, writes))

        def write(work: Any) -> Any:
            if next(alive, None) is None:
                raise _Dead
            return self.database.write(work)
        database.write = write  # type: ignore[method-assign]
        return driving.Driver(database, self.api.cloud, 'worker dead',
                              threading.Event(), lambda: None)

    def test_at_each_change(self) -> None:
        """The next one goes on; what was done is not done again."""
        for point in itertools.count(1):
            self.did = []
            self.api.images[image_api.image_id(1)]['stores'] = 'bulk'
            move_id = self.begin((point,))
            self.driver, died = self.dying(point), False
            try:
                self.go(6)
            except _Dead:
                died = True
            self.driver = self.new_driver()
            self.go(6)
            self.assertEqual(
                ('done', ['moved']),
                (self.state(move_id), self.steps(move_id)), str(point))
            self.assertEqual(['migrate', 'migrate-drop'], sorted({
                kind for kind, _number in self.did}))
            self.assertTrue(moves.image(
                self.database, move_id, image_api.image_id(1)).made)
            self.assertEqual([], jobs.list_jobs(
                self.database, state=jobs.OPEN))
            if not died:
                break
        self.assertGreater(point, 8)


class PauseTest(MigratingCase):

    def test_pause(self) -> None:
        """What runs is finished; nothing else begins."""
        move_id = self.begin((10, 10, 10))
        self.driver.turn(NOW)
        runs, _waits = self.queued()
        fence = claims.claim(self.database, runs.id, 'w')
        assert fence is not None
        asked.pause(self.database, move_id, actor=WHO)
        self.assertEqual([], self.queued())
        self.assertEqual(['copying', 'waiting', 'waiting'],
                         self.steps(move_id))
        claims.finish(self.database, runs.id, fence, jobs.State.DONE,
                      proof={history.SECONDS: 1.0})
        for _turn in range(3):
            self.driver.turn(NOW)
        self.assertEqual([], self.queued())
        self.assertEqual(['copied', 'waiting', 'waiting'],
                         self.steps(move_id))
        # Twice is as good as once.
        asked.pause(self.database, move_id, actor=WHO)
        self.api.images[image_api.image_id(1)]['stores'] = 'bulk,fast'
        asked.resume(self.database, move_id)
        self.go()
        self.assertEqual(['moved'] * 3, self.steps(move_id))

    def test_paused_between(self) -> None:
        """After its step was noted, before its job was opened."""
        move_id = self.begin((10,))
        opened = driving.Driver._open

        def late(*args: Any) -> None:
            asked.pause(self.database, move_id, actor=WHO)
            opened(*args)
        self.driver._open = late.__get__(  # type: ignore[method-assign]
            self.driver)
        self.driver.turn(NOW)
        self.assertEqual([], self.queued())
        self.assertEqual(['waiting'], self.steps(move_id))

    def test_not_running(self) -> None:
        move_id = self.begin((10,))
        self.assertRaises(errors.MoveStateError, asked.resume, self.database,
                          move_id)
        self.go()
        for function in (
                lambda: asked.pause(self.database, move_id, actor=WHO),
                lambda: asked.resume(self.database, move_id)):
            error = self.assertRaises(errors.MoveStateError, function)
            self.assertIn('is done', str(error))
        self.assertRaises(errors.MoveNotFound, asked.resume, self.database,
                          'none')


class UndoTest(MigratingCase):

    def undo(self, move_id: str) -> str:
        return asked.undo(self.database, move_id, actor=WHO)

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
        asked.pause(self.database, move_id, actor=WHO)
        _move, found = asked.undoing(self.database, move_id)
        self.assertEqual([image_api.image_id(1)],
                         [image.image_id for image in found])
        self.undo(move_id)
        self.go()
        self.assertEqual(['bulk', 'bulk'],
                         [self.stores(n) for n in (1, 2)])

    def test_still_copies(self) -> None:
        move_id = self.begin((10,))
        self.driver.turn(NOW)
        claims.claim(self.database, self.queued()[0].id, 'w')
        asked.pause(self.database, move_id, actor=WHO)
        error = self.assertRaises(errors.MoveStateError, self.undo, move_id)
        self.assertIn('still copies', str(error))


class RunTest(MigratingCase):

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
        self.driver.turn(NOW)
        first, second = asked.show(self.database, move_id).waves
        self.assertEqual((1.5, None), (first.actual, first.revised))
        self.assertEqual(1.5, second.revised)
        shown = asked.show(self.database).to_dict()
        self.assertEqual(move_id, shown['id'])
        self.assertEqual({'moved': 1}, shown['waves'][0]['images'])
