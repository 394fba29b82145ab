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

"""From images to jobs: once, braked, and no more than is needed."""

from collections.abc import Iterator
import datetime
from typing import Any
from unittest import mock

import sqlalchemy as sa

from glance_lifecycle.policy import decision
from glance_lifecycle.tests.unit.policy import test_checks
from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.tests.unit.worker import image_api
from glance_lifecycle.tests.unit.worker import looking
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker import brake
from glance_lifecycle.worker import cloud as clouds
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import job_changes
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import models
from glance_lifecycle.worker.database import moves
from glance_lifecycle.worker import observing
from glance_lifecycle.worker import open_jobs
from glance_lifecycle.worker import reconcile

State = jobs.State
Images = dict[str, dict[str, Any]]

PROTECT = test_checks.policy(protect={'protected': True})
TAGGED = test_checks.policy(protect={'protected': True},
                            metadata={'set_tags': ['golden']})
# The same is done, by a document that differs.
AGAIN = test_checks.policy(protect={'protected': True},
                           metadata={'forbid_tags': ['never']})
NOTHING = test_checks.policy(protect={'protected': False},
                             match={'name': 'none'})
PLACED = test_checks.policy(
    place={'stores': ['bulk'], 'copies': 'exact', 'combine': 'policy-only'},
    retain={'hide_after': '1 day'})


class Cloud(clouds.Cloud):
    """Images as this process has them."""

    def __init__(self, images: Images) -> None:
        super().__init__(mock.Mock())
        self.images = images
        self.asked: list[str] = []
        self.__dict__['store_kinds'] = image_api.STORES

    def image(self, image_id: str) -> clouds.Image | None:
        self.asked.append(image_id)
        return self.images.get(image_id)


def now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat()


class ObservingCase(cases.DatabaseTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.images: Images = {}
        self.cloud = Cloud(self.images)
        self.brake = brake.Brake()
        self.add(1)

    def add(self, *numbers: int, **changes: Any) -> None:
        for number in numbers:
            image = image_api.image(number, **changes)
            self.images[image['id']] = image

    def change(self, number: int = 1, **changes: Any) -> None:
        self.images[image_api.image_id(number)] |= {
            'updated_at': now(), **changes}

    def look(self, policy: decision.Policy = PROTECT, *numbers: int,
             total: int | None = None) -> observing.Seen:
        """At some, or at all."""
        observer = observing.Observer(self.database, self.brake, 'sweep')
        images = [self.images[image_api.image_id(number)]
                  for number in numbers] or list(self.images.values())
        return looking.look(observer, iter(images), self.cloud, policy,
                            total if total is not None
                            else len(self.images) if numbers else None)

    def purposes(self) -> set[str]:
        return {job.purpose for job in jobs.list_jobs(self.database)}

    def only(self, number: int = 1) -> jobs.Job:
        job, = jobs.list_jobs(self.database,
                              image_id=image_api.image_id(number))
        return job

    def states(self, number: int = 1) -> list[str]:
        return [job.state.value for job in jobs.list_jobs(
            self.database, image_id=image_api.image_id(number))]

    def end(self, state: State, *, attempts: int = 1) -> None:
        job, = jobs.list_jobs(self.database, state=jobs.OPEN)
        for _each in range(attempts - 1):
            fence = claims.claim(self.database, job.id, 'w1')
            assert fence is not None
            claims.retry(self.database, job.id, fence, 'No.', cases.START)
        fence = claims.claim(self.database, job.id, 'w1')
        assert fence is not None
        claims.finish(self.database, job.id, fence, state, error='No.')

    def age(self, **passed: float) -> None:
        """All jobs were looked at so long before."""
        for job in jobs.list_jobs(self.database):
            self.database.write(lambda connection: connection.execute(
                sa.update(models.JOBS).where(
                    models.JOBS.c.id == job.id).values(
                        updated_at=job.updated_at
                        - datetime.timedelta(**passed))))


class LookTest(ObservingCase):

    def test_migrating(self) -> None:
        """Where its copies are is left to the migration, and nothing else."""
        moves.begin(
            self.database, 'move', 'fast', 'bulk', {'parallel': 1},
            [moves.Wave(1, False, 1.0)],
            [moves.Image(image_api.image_id(1), '', '', 1, 0, 10)],
            actor='me')
        self.look(PLACED)
        left = self.purposes()
        moves.turn_to(self.database, moves.get(self.database, 'move'),
                      moves.State.STOPPED)
        self.look(PLACED)
        self.assertEqual({actions.COPY}, self.purposes() - left)

    def test_opened(self) -> None:
        seen = self.look()
        self.assertEqual(observing.Seen(images=1, actions=1, opened=1), seen)
        job = self.only()
        self.assertEqual(
            ('update', State.QUEUED, 'golden', 'p', 'the-rule',
             PROTECT.digest), (
                job.purpose, job.state, job.image_name, job.project, job.rule,
                job.policy_digest))
        self.assertEqual('Protected = true, because of: protected: wanted '
                         'true, found false.', job.reason)
        self.assertEqual(PROTECT.digest, job.policy_digest)
        action = actions.Action.from_dict(job.action)
        self.assertEqual({'attributes': {'protected': True}},
                         action.arguments)

    def test_joined(self) -> None:
        """Nothing is written for what is known."""
        self.look()
        before = self.only()
        seen = self.look()
        self.assertEqual((0, 1), (seen.opened, seen.joined))
        self.assertEqual(before, self.only())

    def test_ended(self) -> None:
        self.look()
        self.change(protected=True)
        self.assertEqual(1, self.look().ended)
        self.assertEqual(['done'], self.states())
        self.assertEqual(0, self.look().ended)

    def test_held_and_ended(self) -> None:
        """A mistake in the policy that was corrected leaves nothing."""
        self.add(2, 3)
        self.brake = brake.Brake(images=2)
        self.assertEqual(3, self.look().held)
        self.assertEqual(3, self.look(NOTHING).ended)

    def test_another_action(self) -> None:
        """The job that waits is told."""
        self.look()
        self.look(TAGGED)
        job = self.only()
        self.assertEqual({'attributes': {'protected': True},
                          'add_tags': ['golden']}, job.action['arguments'])
        self.assertEqual(TAGGED.digest, job.policy_digest)

    def test_another_policy(self) -> None:
        """The same by another document: it fails under that one."""
        self.look()
        self.look(AGAIN)
        self.assertEqual(AGAIN.digest, self.only().policy_digest)
        self.end(State.FAILED)
        self.assertEqual(1, self.look(AGAIN).given_up)
        self.assertEqual(['failed'], self.states())

    def test_runs(self) -> None:
        """One that runs is left as it is."""
        self.look()
        claims.claim(self.database, self.only().id, 'w1')
        before = self.only()
        for policy in (TAGGED, NOTHING):
            self.look(policy)
            self.assertEqual(before, self.only())

    def test_locked(self) -> None:
        """Glance works on it: nothing is known of what it needs."""
        self.look()
        self.images[image_api.image_id(1)][reconcile.LOCK] = 't1'
        seen = self.look()
        self.assertEqual((0, 1, 0), (seen.actions, seen.left, seen.ended))
        self.assertEqual(['queued'], self.states())

    def test_gone(self) -> None:
        """What a whole look has not met is asked for."""
        self.add(2)
        self.look()
        gone = self.images.pop(image_api.image_id(1))
        self.look(PROTECT, 2)
        self.assertEqual(['queued'], self.states())
        self.assertEqual(1, self.look().ended)
        self.assertEqual(([gone['id']], ['done']),
                         (self.cloud.asked, self.states()))

    def test_imports(self) -> None:
        """No policy wants them, and no look ends them."""
        for number in (1, 2):
            jobs.open_job(self.database, jobs.Wanted(
                image_api.image_id(number), 'import:host:task',
                {'kind': 'import'}, 'Asked for.'), actor='a user')
        # The second image is not there.
        self.look(PROTECT)
        self.look(PROTECT, 1)
        for number in (1, 2):
            self.assertEqual(State.QUEUED, jobs.latest(
                self.database, image_api.image_id(number),
                'import:host:task').state)  # type: ignore[union-attr]

    def test_gone_and_runs(self) -> None:
        self.look()
        claims.claim(self.database, self.only().id, 'w1')
        del self.images[image_api.image_id(1)]
        self.assertEqual(0, self.look().ended)
        self.assertEqual(['running'], self.states())

    def test_not_met(self) -> None:
        """Listed on another page than was expected, or made meanwhile."""
        self.add(2)
        self.look()
        observing.Observer(self.database, self.brake, 'sweep').look(
            [self.images[image_api.image_id(1)]], self.cloud, PROTECT)
        self.assertEqual(['queued'], self.states(2))

    def test_many_pages(self) -> None:
        """Of open jobs."""
        self.add(*range(2, 8))
        with mock.patch.object(open_jobs, '_PAGE', 2):
            self.look()
            seen = self.look()
        self.assertEqual((7, 0), (seen.joined, seen.opened))


class GivenUpTest(ObservingCase):

    def given_up(self, policy: decision.Policy = PROTECT) -> bool:
        seen = self.look(policy)
        self.assertEqual(1, seen.opened + seen.given_up)
        return bool(seen.given_up)

    def test_failed(self) -> None:
        self.look()
        self.end(State.FAILED)
        self.assertTrue(self.given_up())
        self.age(days=99)
        self.assertTrue(self.given_up())

    def test_image_changed(self) -> None:
        self.look()
        self.end(State.FAILED)
        self.change(name='x')
        self.assertFalse(self.given_up())

    def test_time_unknown(self) -> None:
        self.look()
        self.end(State.FAILED)
        self.change(updated_at='never')
        self.assertFalse(self.given_up())

    def test_policy_changed(self) -> None:
        self.look()
        self.end(State.FAILED)
        self.assertFalse(self.given_up(AGAIN))

    def test_cancelled(self) -> None:
        """By an operator, and not after a day either."""
        self.look()
        job_changes.cancel(self.database, self.only().id, actor='operator')
        self.assertTrue(self.given_up())
        self.age(days=99)
        self.assertTrue(self.given_up())

    def own(self, before: Any, after: Any) -> None:
        """A worker has changed the image."""
        image_id = image_api.image_id(1)
        job, _joined = jobs.open_job(self.database, jobs.Wanted(
            image_id, 'other', {}, 'Needed.'), actor='sweep')
        fence = claims.claim(self.database, job.id, 'w1')
        assert fence is not None
        self.change(updated_at=after)
        self.assertTrue(self.given_up(), 'while it runs')
        claims.finish(self.database, job.id, fence, State.DONE,
                      proof={history.CHANGED: [before, after]})

    def test_changed_by_a_worker(self) -> None:
        """That is no reason to open what an operator has cancelled."""
        self.look()
        job_changes.cancel(self.database, self.only().id, actor='operator')
        old = self.images[image_api.image_id(1)]['updated_at']
        first, second, third = ('2100-01-01T00:00:0%dZ' % n for n in (1, 2, 3))
        self.own(old, first)
        self.assertTrue(self.given_up())
        self.own(first, second)
        self.assertTrue(self.given_up())
        # And by somebody else.
        self.change(updated_at=third)
        self.assertFalse(self.given_up())

    def test_changed_between(self) -> None:
        """By somebody else, before a worker did."""
        self.look()
        job_changes.cancel(self.database, self.only().id, actor='operator')
        old = self.images[image_api.image_id(1)]['updated_at']
        first, second, third = ('2100-01-01T00:00:0%dZ' % n for n in (1, 2, 3))
        self.own(old, first)
        self.own(second, third)
        self.assertFalse(self.given_up())

    def test_changed_by_what(self) -> None:
        """A worker of another release says nothing of that."""
        self.look()
        job_changes.cancel(self.database, self.only().id, actor='operator')
        self.own(None, None)
        self.change(updated_at='2100-01-01T00:00:00Z')
        self.assertFalse(self.given_up())

    def test_away(self) -> None:
        """What may have failed for others is tried again the next day."""
        self.look()
        self.end(State.FAILED, attempts=2)
        self.age(hours=23)
        self.assertTrue(self.given_up())
        self.age(hours=2)
        self.assertFalse(self.given_up())

    def test_destructive(self) -> None:
        self.change(stores='fast,bulk', os_hidden=True)
        self.look(PLACED)
        self.end(State.FAILED)
        self.assertTrue(self.given_up(PLACED))
        self.age(hours=25)
        self.assertFalse(self.given_up(PLACED))

    def test_only_unused_by_now(self) -> None:
        """The same, but under a condition that was not there."""
        policy = test_checks.policy(retain={'hide_after': '1 day'})
        action = self.cloud.needs(
            self.images[image_api.image_id(1)], policy,
            datetime.datetime.now(datetime.UTC)).actions[0]
        jobs.open_job(self.database, jobs.Wanted(
            action.image_id, action.purpose,
            {**action.to_dict(), 'unused': not action.unused}, 'Needed.',
            policy_digest=policy.digest), actor='sweep')
        self.end(State.FAILED)
        self.assertFalse(self.given_up(policy))

    def test_done(self) -> None:
        """And undone by its owner since, whatever the clocks say."""
        self.look()
        self.end(State.DONE)
        self.assertFalse(self.given_up())

    def done_meanwhile(self, *numbers: int, **changes: Any) -> observing.Seen:
        """Another worker opens and does it after this one read the image."""
        read = {**self.images[image_api.image_id(1)]}

        def images() -> Iterator[clouds.Image]:
            self.look()
            self.end(State.DONE)
            yield {**read, **changes}

        return looking.look(
            observing.Observer(self.database, self.brake, 'sweep'), images(),
            self.cloud, PROTECT, 1 if numbers else None)

    def test_done_meanwhile(self) -> None:
        """By another worker, which looks at the same time."""
        for numbers in ((), (1,)):
            with self.subTest(numbers=numbers):
                seen = self.done_meanwhile(*numbers)
                self.assertEqual((0, 1), (seen.opened, seen.given_up))

    def test_undone_meanwhile(self) -> None:
        """The image is from after that, and has to be done again."""
        seen = self.done_meanwhile(1, updated_at='2100-01-01T00:00:00Z')
        self.assertEqual((1, 0), (seen.opened, seen.given_up))
