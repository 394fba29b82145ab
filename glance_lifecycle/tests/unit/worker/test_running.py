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

"""One job, from its claim to its end, on a real database and by real HTTP."""

import datetime
import math
import threading
from typing import Any
import unittest
from unittest import mock


from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.policy import test_checks
from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.tests.unit.worker import image_api
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker import circuits
from glance_lifecycle.worker import cloud as clouds
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import job_changes
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker import running

Outcome = running.Outcome
State = jobs.State

ID = image_api.image_id(1)
PATH = '/v2/images/' + ID
PROTECT: dict[str, Any] = {'protect': {'protected': True}}
OLD: dict[str, Any] = {
    'retain': {'delete_after': '1 day', 'only_unused': False}}
FAR: dict[str, Any] = {'place': {'later': ['far']}}


class RunningCase(cases.DatabaseTestCase):
    """One image that needs something, and what runs its jobs."""

    worker = 'w1'

    def setUp(self) -> None:
        super().setUp()
        self.api = self.useFixture(image_api.ImageApi(image_api.image(1)))
        self.deletions = running.Deletions()
        with self.deletions.look():
            pass
        self.stores = circuits.Circuits()
        self.stopping = threading.Event()
        self.policy = test_checks.policy(**PROTECT)
        self.copies: Any = lambda _resource: None
        self.runner = self.make_runner(self.database)

    def make_runner(self, database: engine.Database, **changes: Any
                    ) -> running.Runner:
        return running.Runner(
            database, self.worker, self.connect, lambda: self.policy,
            self.deletions, self.stores, **{
                'attempts': 3, 'retry_delay': 10.0,
                'stopping': self.stopping, **changes})

    def connect(self) -> clouds.Cloud:
        return self.api.cloud(copies=self.copies)

    def wanted(self, number: int = 1) -> actions.Action:
        """What the image needs, by the policy."""
        image = self.api.images[image_api.image_id(number)]
        return self.api.cloud().needs(
            image, self.policy, datetime.datetime.now(datetime.UTC)
        ).actions[0]

    def needed(self, number: int = 1) -> str:
        """The job for that."""
        action = self.wanted(number)
        job, _joined = jobs.open_job(self.database, jobs.Wanted(
            action.image_id, action.purpose, action.to_dict(), 'Needed.',
            project=action.project, policy_digest=self.policy.digest),
            actor='sweep')
        return job.id

    def retain(self, **policy: Any) -> str:
        self.policy = test_checks.policy(**policy)
        return self.needed()

    def story(self) -> list[tuple[str, str]]:
        return [(entry.event, entry.text) for entry in history.of_image(
            self.database, ID)][1:]

    def again(self, job_id: str) -> None:
        """Its next attempt is due."""
        job_changes.postpone(self.database, job_id, cases.START)

    def methods(self) -> list[str]:
        return [method for method, path in self.api.requests
                if path == PATH and method != 'GET']


class RunnerTest(RunningCase):

    def outcome(self, job_id: str) -> Outcome:
        return self.runner.run(job_id)[1]

    def test_done(self) -> None:
        job_id = self.needed()
        job, outcome = self.runner.run(job_id)
        self.assertEqual((job_id, Outcome.DONE, 'w1', 1), (
            job.id, outcome, job.worker, job.attempts))
        self.assertTrue(self.api.images[ID]['protected'])
        self.assertEqual([('done', 'Protected = true.')], self.story())
        last = history.of_job(self.database, job_id)[-1]
        self.assertGreaterEqual(last.proof.pop('seconds'), 0)
        self.assertEqual({
            'before': {'protected': False}, 'updated_at': [
                '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z']}, last.proof)
        self.assertEqual(State.DONE, self.get(job_id).state)

    def test_not_needed(self) -> None:
        job_id = self.needed()
        self.api.images[ID]['protected'] = True
        self.assertEqual(Outcome.NOT_NEEDED, self.outcome(job_id))
        self.assertEqual([('done', 'It was not needed any more.')],
                         self.story())
        self.assertEqual([], self.methods())

    def test_told_anew(self) -> None:
        """While it waited: what it is told last counts."""
        job_id = self.needed()
        self.policy = test_checks.policy(
            **PROTECT, metadata={'set_tags': ['golden']})
        self.assertEqual(job_id, self.needed())
        self.assertEqual(Outcome.DONE, self.outcome(job_id))
        self.assertEqual(['golden'], self.api.images[ID]['tags'])

    def test_missed(self) -> None:
        job_id = self.needed()
        claims.claim(self.database, job_id, 'w2')
        self.assertEqual(Outcome.MISSED, self.outcome(job_id))
        self.assertEqual(('w2', 1), (self.get(job_id).worker,
                                     self.get(job_id).attempts))

    def test_gone(self) -> None:
        """Its owner deleted it: that is no failure that anybody mends."""
        job_id = self.needed()
        del self.api.images[ID]
        self.assertEqual(Outcome.NOT_NEEDED, self.outcome(job_id))
        self.assertEqual(State.DONE, self.get(job_id).state)

    def test_gone_meanwhile(self) -> None:
        job_id = self.needed()

        def delete(method: str, _path: str) -> None:
            if method == 'PATCH':
                del self.api.images[ID]
        self.api.hook = delete
        self.assertEqual(Outcome.NOT_NEEDED, self.outcome(job_id))

    def test_changed(self) -> None:
        """It needs something else by now: nothing is done."""
        job_id = self.needed()
        self.policy = test_checks.policy(
            **PROTECT, metadata={'set_tags': ['golden']})
        self.assertEqual(Outcome.FAILED, self.outcome(job_id))
        self.assertIn('add tag golden', self.get(job_id).error)
        self.assertEqual([], self.methods())

    def test_refused(self) -> None:
        """Once: the next time, it would be refused as well."""
        job_id = self.needed()
        self.api.hook = lambda method, _path: self.api.fail.update(
            {PATH: 403} if method == 'PATCH' else {})
        self.assertEqual(Outcome.FAILED, self.outcome(job_id))
        self.assertEqual(1, self.get(job_id).attempts)

    def test_service_away(self) -> None:
        """It is tried as often as is wished, and later each time."""
        job_id = self.needed()
        self.api.fail = {PATH: 500}
        for outcome in (Outcome.RETRIED, Outcome.RETRIED, Outcome.FAILED):
            self.assertEqual(outcome, self.outcome(job_id))
            if outcome is Outcome.RETRIED:
                self.assertEqual(Outcome.MISSED, self.outcome(job_id))
                self.again(job_id)
        self.assertEqual(['put back', 'put back', 'failed'],
                         [event for event, _text in self.story()])
        self.assertEqual(Outcome.MISSED, self.outcome(job_id))

    def test_stores_unknown(self) -> None:
        """Whoever took them for none would see nothing to do."""
        job_id = self.retain(**FAR)
        self.api.fail = {'/v2/info/stores/detail': 500}
        self.assertEqual(Outcome.RETRIED, self.outcome(job_id))
        self.assertIn('list its stores', self.get(job_id).error)

    def test_next_attempt(self) -> None:
        job_id = self.needed()
        self.api.fail = {PATH: 500}
        before = datetime.datetime.now(datetime.UTC)
        self.outcome(job_id)
        self.assertGreaterEqual(self.get(job_id).not_before, before
                                + datetime.timedelta(seconds=7.5))

    def test_unexpected(self) -> None:
        """What nobody has thought of is told, and does not end a thread."""
        job_id = self.needed()
        self.policy = None  # type: ignore[assignment]
        for outcome in (Outcome.RETRIED, Outcome.RETRIED, Outcome.FAILED):
            self.assertEqual(outcome, self.outcome(job_id))
            self.again(job_id)
        self.assertIn('AttributeError, see the log of the worker',
                      self.get(job_id).error)

    def test_no_action(self) -> None:
        """Of another release, or of a hand in the database."""
        job = self.job(ID)
        self.assertEqual(Outcome.RETRIED, self.outcome(job.id))
        self.assertIn('no action of a plan', self.get(job.id).error)

    def test_no_places(self) -> None:
        """Of the host: users may read it."""
        job_id = self.needed()
        with mock.patch.object(
                self.runner, '_connect',
                side_effect=exceptions.ConfigurationError(
                    detail='/etc/hidden and http://host:5000/hidden')):
            self.outcome(job_id)
        self.assertNotIn('hidden', self.get(job_id).error)

    def test_ends_its_worker(self) -> None:
        """It does not end one after the other for ever."""
        job_id = self.needed()
        for _each in range(3):
            fence = claims.claim(self.database, job_id, 'w0')
            assert fence is not None
            claims.take_back_one(self.database, job_id, fence, actor='w2')
        self.assertEqual(Outcome.FAILED, self.outcome(job_id))
        self.assertIn('begun 3 times', self.get(job_id).error)
        self.assertEqual([], self.methods())
        job_changes.requeue(self.database, job_id, actor='operator')
        self.assertEqual(Outcome.DONE, self.outcome(job_id))


class DeletionsTest(unittest.TestCase):

    def test_to_come(self) -> None:
        """Of a worker whose clock is wrong: no look after what failed."""
        deletions = running.Deletions()
        deletions.stop('It failed.')
        now = datetime.datetime.now(datetime.UTC)
        deletions.looked(now + datetime.timedelta(hours=1))
        self.assertFalse(deletions.allowed)
        deletions.looked(now)
        self.assertTrue(deletions.allowed)


class ClaimTest(RunningCase):
    """What comes between a job and its act."""

    def act(self, job_id: str, between: Any) -> Outcome:
        """Run it, with something just before it may act."""
        cloud = self.api.cloud()
        real = cloud.guarded

        def guarded(may_act: Any, note: Any) -> clouds.Cloud:
            def check() -> None:
                between()
                may_act()
            return real(check, note)
        with mock.patch.object(cloud, 'guarded', guarded), \
                mock.patch.object(self.runner, '_connect', lambda: cloud):
            return self.runner.run(job_id)[1]

    def taken(self, job_id: str) -> None:
        claims.take_back_one(self.database, job_id, 1, actor='w2')

    def test_taken_away(self) -> None:
        """Who was frozen meanwhile does nothing, and writes nothing."""
        job_id = self.needed()
        self.assertEqual(Outcome.FENCED, self.act(
            job_id, lambda: self.taken(job_id)))
        self.assertEqual([], self.methods())
        self.assertEqual((State.QUEUED, 2, ''), (
            self.get(job_id).state, self.get(job_id).fence,
            self.get(job_id).error))

    def test_taken_away_and_failed(self) -> None:
        """Nor does it tell what went wrong after that."""
        def between() -> None:
            self.taken(job_id)
            raise exceptions.ServiceError(what='do it', detail='no')
        job_id = self.needed()
        self.assertEqual(Outcome.FENCED, self.act(job_id, between))
        self.assertEqual('', self.get(job_id).error)

    def test_cancelled(self) -> None:
        job_id = self.needed()
        self.assertEqual(Outcome.CANCELLED, self.act(
            job_id, lambda: job_changes.cancel(self.database, job_id,
                                               actor='operator')))
        self.assertEqual([], self.methods())
        self.assertEqual(State.CANCELLED, self.get(job_id).state)

    def test_cancelled_and_failed(self) -> None:
        """It is not tried again, and says so."""
        def between() -> None:
            job_changes.cancel(self.database, job_id, actor='operator')
            raise exceptions.ServiceError(what='do it', detail='no')
        job_id = self.needed()
        self.assertEqual(Outcome.CANCELLED, self.act(job_id, between))
        self.assertEqual(State.CANCELLED, self.get(job_id).state)

    def test_stopping(self) -> None:
        """It is given back, and that was no attempt."""
        job_id = self.needed()
        self.assertEqual(Outcome.GIVEN_BACK,
                         self.act(job_id, self.stopping.set))
        self.assertEqual([], self.methods())
        self.assertEqual((State.QUEUED, 0), (self.get(job_id).state,
                                             self.get(job_id).attempts))
        self.stopping.clear()
        self.assertEqual(Outcome.DONE, self.runner.run(job_id)[1])

    def test_progress(self) -> None:
        """While bytes are copied, it looks now and then, or as it stops."""
        job_id, fence = self.claimed()
        claim = running.Claim(self.database, self.get(job_id), fence,
                               self.stopping, self.deletions)
        with mock.patch.object(running, '_CHECK', math.inf):
            self.taken(job_id)
            claim.progress('1 MiB read')
            self.stopping.set()
            self.assertRaises(running.Stopped, claim.progress, '2 MiB read')
        self.stopping.clear()
        with mock.patch.object(running, '_CHECK', -1):
            self.assertRaises(errors.Fenced, claim.progress, '3 MiB read')
