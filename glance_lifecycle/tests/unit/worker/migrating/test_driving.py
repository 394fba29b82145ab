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

"""What a worker does for migrations, turn by turn."""

import datetime
import itertools
import threading
from typing import Any
from unittest import mock

import sqlalchemy as sa

from glance_lifecycle.tests.unit.policy import test_checks
from glance_lifecycle.tests.unit.worker import image_api
from glance_lifecycle.tests.unit.worker.migrating import migrating_case
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker import carrying_out
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import job_changes
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import models
from glance_lifecycle.worker.database import moves
from glance_lifecycle.worker.migrating import asked
from glance_lifecycle.worker.migrating import driving


class DriverTest(migrating_case.MigratingCase):

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
            self.driver.turn(migrating_case.NOW)
            self.assertEqual(2, len(self.queued()))
        self.end(self.queued()[0])
        self.driver.turn(migrating_case.NOW)
        self.assertEqual(2, len(self.queued()))

    def test_another_driver(self) -> None:
        """However many there are, an image has one job."""
        move_id = self.begin((10, 10, 10), (10,))
        others = [self.new_driver() for _ in range(3)]
        for _turn in range(10):
            for driver in others:
                driver.turn(migrating_case.NOW)
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
        self.driver.turn(migrating_case.NOW)
        job, = self.queued()
        self.assertTrue(job.action['arguments']['made'])

    def test_purged_job(self) -> None:
        move_id = self.begin((10,))
        image, = moves.images(self.database, move_id)
        moves.step(self.database, move_id, image, moves.Step.COPYING,
                   made=True, job_id='gone')
        self.go()
        self.assertEqual(['moved'], self.steps(move_id))

    def test_purged_history(self) -> None:
        """The purge was killed between the two: that is no lost image."""
        move_id = self.begin((10,))
        self.driver.turn(migrating_case.NOW)
        self.end(self.queued()[0])
        self.database.write(lambda connection: connection.execute(
            sa.delete(models.HISTORY)))
        self.go()
        self.assertEqual(['moved'], self.steps(move_id))

    def test_job_of_another_migration(self) -> None:
        """Which an operator had requeued: it copies to another store."""
        self.api.images[image_api.image_id(1)]['stores'] = 'bulk,far'
        old, _joined = jobs.open_job(self.database, jobs.Wanted(
            image_api.image_id(1), 'migrate', {'kind': 'migrate', 'arguments':
            {'stores': ['far'], 'other': 'bulk'}}, 'It.'), actor='operator')
        fence = claims.claim(self.database, old.id, 'w')
        assert fence is not None
        move_id = self.begin((10,))
        self.driver.turn(migrating_case.NOW)
        self.assertEqual(old.id, moves.images(self.database,
                                              move_id)[0].job_id)
        claims.finish(self.database, old.id, fence, jobs.State.DONE,
                      proof={'stores': ['far']})
        self.go()
        self.assertEqual(['moved'], self.steps(move_id))
        self.assertEqual('far,fast',
                         self.api.images[image_api.image_id(1)]['stores'])

    def test_taken_back_by_another(self) -> None:
        """Who read the migration before the pause does not take it amiss."""
        move_id = self.begin((10, 10))
        self.driver.turn(migrating_case.NOW)
        before = moves.get(self.database, move_id)
        take_back = driving.take_back

        def late(*args: Any) -> None:
            for image in moves.images(self.database, move_id):
                assert image.job_id is not None
                driving._cancel(self.database, image.job_id, 'me')
            driving.settle(self.database, before)
            take_back(*args)
        with mock.patch.object(driving, 'take_back', late):
            asked.pause(self.database, move_id, actor=migrating_case.WHO)
        self.assertEqual(['waiting'] * 2, self.steps(move_id))

    def test_reads_little(self) -> None:
        """However many images there are, a turn asks for a few of them."""
        self.begin((10,) * 50, (10,) * 50, parallel=2)
        images, read = moves.images, []

        def counted(*args: Any, **options: Any) -> list[moves.Image]:
            found = images(*args, **options)
            read.append(len(found))
            return found
        with mock.patch.object(moves, 'images', counted):
            for _turn in range(5):
                self.driver.turn(migrating_case.NOW)
                self.end(self.queued()[0])
        self.assertLessEqual(max(read), 2)

    def test_soak(self) -> None:
        move_id = self.begin((10,), soak=60.0)
        self.go()
        self.assertEqual([('migrate', 1)], self.did)
        self.assertEqual(moves.Phase.SOAK,
                         moves.get(self.database, move_id).phase)
        self.driver.turn(migrating_case.NOW + datetime.timedelta(seconds=59))
        self.assertEqual([], self.queued())
        for _turn in range(2):
            self.driver.turn(migrating_case.NOW + datetime.timedelta(
                seconds=60))
        self.assertEqual(['migrate-drop:bulk'],
                         [job.purpose for job in self.queued()])

    def test_window(self) -> None:
        self.begin((10,), windows=('22:00-06:00',))
        self.driver.turn(migrating_case.NOW)
        self.assertEqual([], self.queued())
        self.driver.turn(migrating_case.NOW.replace(hour=23))
        self.assertEqual(1, len(self.queued()))

    def test_stays(self) -> None:
        """What hangs on the copy is named, and that is no error."""
        move_id = self.begin((10,), (10,))
        self.driver.turn(migrating_case.NOW)
        self.end(self.queued()[0])
        for _turn in range(2):
            self.driver.turn(migrating_case.NOW)
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

    def test_keep_what_the_policy_wants(self) -> None:
        """Only what is to go may be wanted where it is."""
        wants = test_checks.policy(place={'stores': ['bulk']})
        for keep, why in ((True, ''), (False, 'the policy wants a copy in')):
            self.begin((10,), keep=keep)
            self.driver.turn(migrating_case.NOW)
            job, = self.queued()
            found = carrying_out.look(actions.Action.from_dict(job.action),
                                      self.api.cloud(), wants)
            self.assertEqual(keep, found[0] is not None)
            self.assertEqual(why, found[1][:len(why)])
            self.end(job)
            self.go()

    def test_gone(self) -> None:
        """Before it began, and while it was copied."""
        del self.api.images[image_api.image_id(1)]
        self.api.images[image_api.image_id(2)]['stores'] = 'far'
        move_id = self.begin((10, 10, 10), parallel=4)
        self.driver.turn(migrating_case.NOW)
        job, = self.queued()
        job_changes.over(self.database, job.id, actor='sweep',
                         reason='It is gone.')
        self.go()
        self.assertEqual(['gone'] * 3, self.steps(move_id))
        self.assertEqual('done', self.state(move_id))

    def fail(self, number: int = 1) -> None:  # type: ignore[override]
        self.driver.turn(migrating_case.NOW)
        for job in self.queued()[:number]:
            self.end(job, error='Store fast is full.')

    def test_too_many_errors(self) -> None:
        """It stops, lets nothing begin, and says why; and goes on then."""
        move_id = self.begin((10,) * 5, parallel=3, max_errors=1)
        self.fail(2)
        self.driver.turn(migrating_case.NOW)
        self.assertEqual('stopped', self.state(move_id))
        error = moves.get(self.database, move_id).error
        self.assertIn('2 images failed, which is more than 1.', error)
        self.assertIn('Store fast is full.', error)
        self.assertEqual([], self.queued())
        self.assertEqual(['failed', 'failed', *['waiting'] * 3],
                         self.steps(move_id))
        asked.resume(self.database, move_id, actor=migrating_case.WHO)
        self.go()
        self.assertEqual(['moved'] * 5, self.steps(move_id))

    def test_few_errors(self) -> None:
        move_id = self.begin((10, 10), (10,), max_errors=1)
        self.fail()
        self.go()
        self.assertEqual('done', self.state(move_id))
        self.assertEqual(['failed', 'moved', 'moved'], self.steps(move_id))
        asked.resume(self.database, move_id, actor=migrating_case.WHO)
        self.go()
        self.assertEqual(['moved'] * 3, self.steps(move_id))

    def test_canary(self) -> None:
        """Of the first wave none may fail."""
        move_id = asked.run(self.database, migrating_case.plan(
            (10,), (10,), canary=True, max_errors=100),
            actor=migrating_case.WHO)
        self.fail()
        self.driver.turn(migrating_case.NOW)
        self.assertEqual('stopped', self.state(move_id))
        self.assertIn('first wave',
                      moves.get(self.database, move_id).error)

    def test_cancelled_by_an_operator(self) -> None:
        move_id = self.begin((10,))
        self.driver.turn(migrating_case.NOW)
        job, = self.queued()
        job_changes.cancel(self.database, job.id, actor=migrating_case.WHO)
        self.driver.turn(migrating_case.NOW)
        self.assertEqual('stopped', self.state(move_id))
        self.assertIn('was cancelled',
                      moves.get(self.database, move_id).error)


class _Dead(Exception):
    """It was killed."""


class KilledTest(migrating_case.MigratingCase):

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
            self.assertEqual([True], [one.made for one in moves.images(
                self.database, move_id)])
            self.assertEqual([], jobs.list_jobs(
                self.database, state=jobs.OPEN))
            if not died:
                break
        self.assertGreater(point, 6)
