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

"""Jobs that are due, in real threads."""

import datetime
import threading
from typing import Any
from unittest import mock

import fixtures
import sqlalchemy as sa

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.policy import test_checks
from glance_lifecycle.tests.unit.worker import dispatching_case
from glance_lifecycle.tests.unit.worker import image_api
from glance_lifecycle.tests.unit.worker import test_running
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker import circuits
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import models
from glance_lifecycle.worker.database import store_jobs
from glance_lifecycle.worker import dispatching
from glance_lifecycle.worker import running

Outcome = running.Outcome
State = jobs.State


class DispatcherTest(dispatching_case.DispatcherCase):

    def test_all(self) -> None:
        """No more at once than there is room for."""
        ids = self.images(1, 2, 3)
        self.gate.clear()
        self.assertEqual(2, self.dispatcher.turn())
        self.assertEqual(set(ids[:2]), self.dispatcher.running())
        waiting.until('two change an image', lambda: len(self.entered) == 2)
        self.assertEqual(0, self.dispatcher.turn())
        self.gate.set()
        self.quiet()
        self.assertTrue(self.wake.is_set())
        self.assertEqual(1, self.dispatcher.turn())
        self.quiet()
        self.assertEqual(0, self.dispatcher.turn())
        self.assertEqual(
            sorted((image_api.image_id(number), Outcome.DONE)
                   for number in (1, 2, 3)), sorted(self.outcomes))

    def test_not_claimed_yet(self) -> None:
        """It is begun once, also where its thread has not come to that."""
        self.images(1)
        started, go = threading.Event(), threading.Event()
        run = self.runner.run

        def slow(job_id: str) -> Any:
            started.set()
            go.wait(waiting.BOUND)
            return run(job_id)
        self.useFixture(fixtures.MockPatchObject(self.runner, 'run', slow))
        self.addCleanup(go.set)
        self.assertEqual(1, self.dispatcher.turn())
        started.wait(waiting.BOUND)
        self.assertEqual(0, self.dispatcher.turn())
        go.set()
        self.quiet()
        self.assertEqual([Outcome.DONE], [o for _image, o in self.outcomes])

    def test_one_of_an_image(self) -> None:
        self.policy = test_checks.policy(
            protect={'protected': True}, place={'stores': ['far', 'fast']})
        self.needed()
        copy = self.api.cloud().needs(
            self.api.images[test_running.ID], self.policy,
            datetime.datetime.now(
                datetime.UTC)).actions[1]
        jobs.open_job(self.database, jobs.Wanted(
            copy.image_id, copy.purpose, copy.to_dict(), 'Needed.'),
            actor='sweep')
        self.gate.clear()
        self.assertEqual(1, self.dispatcher.turn())
        waiting.until('it is changed', lambda: self.entered)
        self.assertEqual(0, self.dispatcher.turn())
        self.assertEqual({State.RUNNING: 1, State.QUEUED: 1}, {
            state: count for state, count in jobs.counts(
                self.database).items() if count})

    def test_deletions(self) -> None:
        """They wait, and others do not wait for them."""
        delete = self.retain(**test_running.OLD)
        self.policy = test_checks.policy(**test_running.PROTECT)
        self.images(2, 3)
        self.deletions.stop('No.')
        self.assertEqual(2, self.dispatcher.turn())
        self.quiet()
        self.assertEqual(0, self.dispatcher.turn())
        self.assertEqual(State.QUEUED, self.get(delete).state)
        with self.deletions.look():
            pass
        self.policy = test_checks.policy(**test_running.OLD)
        self.assertEqual(1, self.dispatcher.turn())
        self.quiet()
        self.assertNotIn(test_running.ID, self.api.images)

    def test_store_away(self) -> None:
        """However many wait for it: the job of another is begun at once."""
        self.policy = test_checks.policy(**test_running.FAR)
        self.images(*range(1, 8))
        self.policy = test_checks.policy(**test_running.PROTECT)
        last, = self.images(8)
        for _each in range(circuits.FAILURES):
            self.stores.failed('far')
        self.assertEqual(1, self.dispatcher.turn())
        self.quiet()
        self.assertEqual(State.DONE, self.get(last).state)
        self.assertEqual(7, jobs.counts(self.database)[State.QUEUED])
        self.assertEqual(0, self.dispatcher.turn())

    def limited(self, room: int = 8, **limits: int
                ) -> dispatching.Dispatcher:
        """One that knows limits of stores, and whose jobs take for ever."""
        self.gate.clear()
        found = dispatching.Dispatcher(
            self.database, self.make_runner(self.database, limits=limits),
            self.deletions, self.stores, self.worker, room, self.wake,
            self.ended, limits=limits)
        self.addCleanup(found.stop, waiting.BOUND)
        self.addCleanup(self.gate.set)
        return found

    def at(self, number: int, store: str, project: str = 'p') -> str:
        """A job that is said to touch a store."""
        self.api.add(image_api.image(number, owner=project))
        job_id = self.needed(number)
        self.database.write(lambda connection: connection.execute(
            sa.update(models.JOBS).where(models.JOBS.c.id == job_id).values(
                stores=store_jobs.dump([store]))))
        return job_id

    def settled(self, dispatcher: dispatching.Dispatcher, running: int
                ) -> set[str]:
        """Ids of its jobs, when as many are claimed."""
        waiting.until('they are claimed', lambda: jobs.counts(
            self.database)[State.RUNNING] == running)
        return dispatcher.running()

    def test_store_is_full(self) -> None:
        """However many wait for it, those of others run, all at once."""
        far = [self.at(number, 'far') for number in range(1, 20)]
        other = [self.at(number, 'bulk') for number in range(20, 23)]
        dispatcher = self.limited(far=2)
        self.assertEqual(5, dispatcher.turn())
        self.assertEqual({*far[:2], *other}, self.settled(dispatcher, 5))
        # And does nothing more, before one of them ends.
        self.wake.clear()
        self.assertEqual(0, dispatcher.turn())
        self.assertFalse(self.wake.is_set())
        self.assertEqual([], self.outcomes)
        self.assertEqual([0] * 17, [self.get(job_id).attempts
                                    for job_id in far[2:]])
        self.gate.set()
        waiting.until('they end', lambda: not dispatcher.running())
        self.assertEqual(2, dispatcher.turn())

    def test_store_is_full_elsewhere(self) -> None:
        """By a job of another worker."""
        first, second = self.at(1, 'far'), self.at(2, 'far')
        dispatcher = self.limited(far=1)
        fence = claims.claim(self.database, first, 'w2')
        self.assertEqual(0, dispatcher.turn())
        claims.finish(self.database, first, fence or 0, State.DONE)
        self.assertEqual(1, dispatcher.turn())
        self.assertEqual({second}, self.settled(dispatcher, 1))

    def test_turns_at_a_store(self) -> None:
        """Of each project, also where others come between."""
        number = iter(range(1, 40))
        of = {self.at(next(number), 'far', project): project
              for project in 'ab' for _each in range(4)}
        dispatcher = self.limited(room=2, far=1)
        turns = []
        for _each in range(6):
            other = self.at(next(number), 'bulk', 'c')
            self.gate.clear()
            self.assertEqual(2, dispatcher.turn())
            running = self.settled(dispatcher, 2)
            self.assertIn(other, running)
            turns += [of[job_id] for job_id in running - {other}]
            self.gate.set()
            waiting.until('they end', lambda: not dispatcher.running())
        self.assertEqual([*'ababab'], turns)

    def test_all_room_at_a_store(self) -> None:
        """Of one project at once, also before they are claimed."""
        made = {self.at(number, 'far') for number in range(1, 9)}
        dispatcher = self.limited(room=5, far=9)
        self.assertEqual(5, dispatcher.turn())
        self.assertLess(self.settled(dispatcher, 5), made)

    def test_fails(self) -> None:
        """A thread that dies of one job takes no room for good."""
        for error in (errors.WorkerDatabaseError(detail='away'),
                      exceptions.InternalError(detail='x'), KeyError('x')):
            self.images(1)

            def run(_job_id: str) -> Any:
                raise error
            with mock.patch.object(self.runner, 'run', run), \
                    mock.patch.object(dispatching, 'REST', 0.0):
                self.assertEqual(1, self.dispatcher.turn())
                self.quiet()
        self.assertEqual([], self.outcomes)

    def test_rests(self) -> None:
        """One that fails at once is not tried at once, nor in others' way."""
        broken = self.images(1, 2)
        run = self.runner.run
        tried: list[str] = []

        def breaks(job_id: str) -> Any:
            tried.append(job_id)
            if job_id in broken:
                raise errors.WorkerDatabaseError(detail='read-only')
            return run(job_id)
        self.useFixture(fixtures.MockPatchObject(self.runner, 'run', breaks))
        self.assertEqual(2, self.dispatcher.turn())
        self.quiet()
        self.assertEqual(0, self.dispatcher.turn())
        whole, = self.images(3)
        self.assertEqual(1, self.dispatcher.turn())
        self.quiet()
        self.assertEqual(sorted([*broken, whole]), sorted(tried))
        self.assertEqual(State.DONE, self.get(whole).state)

    def test_imports(self) -> None:
        """They have a dispatcher of their own, of their own host."""
        done: list[str] = []

        class Importer:
            def run(inner, job_id: str) -> tuple[jobs.Job, Outcome]:
                done.append(job_id)
                fence = claims.claim(self.database, job_id, self.worker)
                claims.finish(self.database, job_id, fence or 0, State.DONE)
                return jobs.get(self.database, job_id), Outcome.DONE
        importers = dispatching.Dispatcher(
            self.database, Importer(), self.deletions, self.stores,
            self.worker, 1, self.wake, self.ended, host='here')
        self.addCleanup(importers.stop, waiting.BOUND)
        made = {purpose: jobs.open_job(self.database, jobs.Wanted(
            'image', purpose, {'kind': 'import'}, 'Asked for.'),
            actor='x')[0].id
            for purpose in ('import:here:t1', 'import:there:t2')}
        self.assertEqual(0, self.dispatcher.turn())
        copy, = self.images(1)
        self.assertEqual(1, importers.turn())
        waiting.until('it has ended', lambda: not importers.running())
        self.assertEqual([made['import:here:t1']], done)
        self.assertEqual(0, importers.turn())
        self.assertEqual(State.QUEUED, self.get(copy).state)

    def test_take_back_lost_of_imports(self) -> None:
        """Each takes back its own."""
        importers = dispatching.Dispatcher(
            self.database, self.runner, self.deletions, self.stores,
            self.worker, 1, self.wake, self.ended, host='here')
        self.addCleanup(importers.stop, waiting.BOUND)
        lost = jobs.open_job(self.database, jobs.Wanted(
            'image', 'import:here:t', {'kind': 'import'}, 'Asked for.'),
            actor='x')[0].id
        claims.claim(self.database, lost, self.worker)
        self.dispatcher.take_back_lost()
        self.assertEqual(State.RUNNING, self.get(lost).state)
        importers.take_back_lost()
        self.assertEqual(State.QUEUED, self.get(lost).state)

    def test_take_back_lost(self) -> None:
        """What it could not tell the database of."""
        mine, runs, other = self.images(1, 2, 3)
        claims.claim(self.database, mine, 'w1')
        claims.claim(self.database, other, 'w2')
        self.gate.clear()
        self.assertEqual(1, self.dispatcher.turn())
        waiting.until('it is changed', lambda: self.entered)
        self.dispatcher.take_back_lost()
        self.assertEqual(
            [State.QUEUED, State.RUNNING, State.RUNNING],
            [self.get(job_id).state for job_id in (mine, runs, other)])
        self.assertEqual([2, 1, 1], [
            self.get(job_id).fence for job_id in (mine, runs, other)])

    def test_stop(self) -> None:
        """It waits for what runs, and begins nothing any more."""
        first, = self.images(1)
        self.gate.clear()
        self.dispatcher.turn()
        waiting.until('it is changed', lambda: self.entered)
        self.assertFalse(self.dispatcher.stop(0))
        second, = self.images(2)
        self.dispatcher.turn()
        self.assertEqual({first}, self.dispatcher.running())
        self.gate.set()
        self.assertTrue(self.dispatcher.stop(waiting.BOUND))
        self.assertEqual([State.DONE, State.QUEUED], [
            self.get(job_id).state for job_id in (first, second)])

    def test_nothing_to_stop(self) -> None:
        self.assertTrue(self.dispatcher.stop(0))
        self.images(1)
        self.assertEqual(0, self.dispatcher.turn())
