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

"""One worker has a job, and who has it no more may write nothing."""

from collections.abc import Callable

from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import jobs

State = jobs.State
at = cases.at


class ClaimsTest(cases.DatabaseTestCase):

    def due(self, seconds: float = 99, limit: int = 99,
            after: str = '') -> list[str]:
        return [job.image_id for job in claims.due(
            self.database, limit, after=after, now=at(seconds))]

    def test_due(self) -> None:
        self.job('later', seconds=5)
        self.job('held', held=True)
        self.claimed('runs')
        self.assertEqual([], self.due(4.999999))
        self.assertEqual(['later'], self.due(5))

    def test_due_of_an_image(self) -> None:
        """None while another of its jobs runs, whatever for."""
        job_id, fence = self.claimed('a', purpose='update')
        self.job('a', purpose='copy')
        self.job('b', purpose='copy')
        self.assertEqual(['b'], self.due())
        claims.finish(self.database, job_id, fence, State.DONE)
        self.assertEqual(['a', 'b'], sorted(self.due()))

    def test_claim_of_an_image(self) -> None:
        """Whoever saw both of them due gets one."""
        job_id, fence = self.claimed('a', purpose='update')
        other = self.job('a', purpose='copy').id
        self.assertIsNone(claims.claim(self.database, other, 'w2', at(9)))
        self.assertEqual((State.QUEUED, 0), (
            self.get(other).state, self.get(other).attempts))
        self.assertEqual([1], [claims.claim(
            self.database, self.job('b').id, 'w2', at(9))])
        ends: tuple[Callable[[int], object], ...] = (
            lambda fence: claims.retry(self.database, job_id, fence, 'Away.',
                                       at(9)),
            lambda fence: claims.give_back(self.database, job_id, fence,
                                           'It stops.', at(9)),
            lambda fence: claims.take_back_one(
                self.database, job_id, fence, actor='w2', now=at(9)),
            lambda fence: claims.finish(self.database, job_id, fence,
                                        State.DONE, now=at(9)))
        for end in ends:
            end(fence)
            got = claims.claim(self.database, other, 'w2', at(9))
            assert got is not None
            self.assertIsNone(claims.claim(self.database, job_id, 'w1',
                                           at(9)))
            claims.give_back(self.database, other, got, 'It stops.', at(9))
            fence = claims.claim(self.database, job_id, 'w1', at(9)) or 0

    def test_due_without(self) -> None:
        """A kind, with whatever it is done to; not what begins like it."""
        for purpose in ('drop', 'drop:s1', 'drop:a%_b', 'delete', 'dropped',
                        'x:drop', 'copy'):
            self.job(purpose, purpose=purpose)
        found = [job.purpose for job in claims.due(
            self.database, 99, without={'drop', 'delete'}, now=at(99))]
        self.assertEqual(['copy', 'dropped', 'x:drop'], sorted(found))
        self.assertEqual(7, len(self.due()))

    def test_due_only(self) -> None:
        """Of one host; its name is no pattern."""
        for purpose in ('import:a_b:1', 'import:axb:2', 'import:a_bc:3',
                        'copy'):
            self.job(purpose, purpose=purpose)
        found = claims.due(self.database, 99, only='import:a_b:', now=at(99))
        self.assertEqual(['import:a_b:1'], [job.purpose for job in found])

    def test_due_without_is_fair(self) -> None:
        """What is left out takes nobody's turn."""
        for number in range(3):
            self.job(f'd{number}', 'delete', project='a', seconds=number)
        self.job('a', project='a', seconds=8)
        for number in range(2):
            self.job(f'b{number}', project='b', seconds=number)
        self.assertEqual(['a', 'b0'], [job.image_id for job in claims.due(
            self.database, 2, without=['delete'], now=at(99))])

    def test_fair_between_projects(self) -> None:
        for number in range(20):
            self.job(f'big{number}', project='big', seconds=number)
        for number in range(2):
            self.job(f'small{number}', project='small', seconds=50 + number)
        self.job('tiny', project='tiny', seconds=60)
        self.assertEqual(
            ['big0', 'small0', 'tiny', 'big1', 'small1', 'big2', 'big3'],
            self.due(limit=7))

    def test_fair_one_by_one(self) -> None:
        """Who has one at a time comes round to each project."""
        for project in 'abc':
            for number in range(3):
                self.job(f'{project}{number}', project=project,
                         seconds=number)
        seen, after = [], ''
        for _ in range(9):
            job, = claims.due(self.database, 1, after=after, now=at(99))
            after = job.project
            fence = claims.claim(self.database, job.id, 'w1', now=at(99))
            assert fence is not None
            claims.finish(self.database, job.id, fence, State.DONE)
            seen.append(job.image_id)
        self.assertEqual(['a0', 'b0', 'c0', 'a1', 'b1', 'c1', 'a2', 'b2',
                          'c2'], seen)
        self.assertEqual([], self.due())

    def test_claim(self) -> None:
        job = self.job(seconds=5)
        self.assertIsNone(claims.claim(self.database, job.id, 'w1', at(4)))
        self.assertEqual(1, claims.claim(self.database, job.id, 'w1', at(6)))
        self.assertIsNone(claims.claim(self.database, job.id, 'w1', at(6)))
        self.assertIsNone(claims.claim(self.database, 'unknown', 'w1'))
        found = self.get(job.id)
        self.assertEqual((State.RUNNING, 'w1', 1, 1, at(6)), (
            found.state, found.worker, found.fence, found.attempts,
            found.updated_at))

    def test_finish(self) -> None:
        job_id, fence = self.claimed(rule='golden', policy_digest='d')
        found = claims.finish(
            self.database, job_id, fence, State.DONE, text='It is protected.',
            proof={'sha512': 'ab'}, size=7, now=at(3))
        self.assertEqual((State.DONE, 7, at(3), 'w1'), (
            found.state, found.bytes, found.updated_at, found.worker))
        last = history.of_image(self.database, 'image')[-1]
        self.assertEqual(
            (job_id, 'done', 'worker w1', 'golden', 'd', 'It is protected.',
             {'sha512': 'ab'}, at(3)),
            (last.job_id, last.event, last.actor, last.rule,
             last.policy_digest, last.text, last.proof, last.at))

    def test_finish_again(self) -> None:
        """The answer to the first was lost: nothing is told twice."""
        job_id, fence = self.claimed()
        for _ in range(2):
            claims.finish(self.database, job_id, fence, State.FAILED,
                          error='e' * 9999)
        self.assertEqual(['queued', 'failed'], self.events())
        self.assertEqual(2000, len(self.get(job_id).error))
        self.assertRaises(errors.Fenced, claims.finish, self.database,
                          job_id, fence, State.DONE)
        self.assertRaises(errors.Fenced, claims.retry, self.database,
                          job_id, fence, 'No.', at(9))

    def test_finish_open(self) -> None:
        job_id, fence = self.claimed()
        self.assertRaises(ValueError, claims.finish, self.database, job_id,
                          fence, State.QUEUED)

    def test_retry(self) -> None:
        job_id, fence = self.claimed()
        for _ in range(2):
            found = claims.retry(self.database, job_id, fence,
                                 'Store s1 is away.', at(30))
            self.assertEqual(
                (State.QUEUED, 1, at(30), 'Store s1 is away.'),
                (found.state, found.attempts, found.not_before, found.error))
        self.assertEqual(['queued', 'put back'], self.events())
        self.assertEqual([], self.due(29))
        self.assertRaises(errors.Fenced, claims.check, self.database, job_id,
                          fence)
        self.assertEqual(2, claims.claim(self.database, job_id, 'w1',
                                         at(30)))
        self.assertEqual(2, self.get(job_id).attempts)

    def test_give_back(self) -> None:
        job_id, fence = self.claimed()
        found = claims.give_back(self.database, job_id, fence,
                                 'The worker stops.', now=at(1))
        self.assertEqual((State.QUEUED, 0, at(1)), (
            found.state, found.attempts, found.not_before))
        self.assertEqual(['queued', 'put back'], self.events())

    def test_take_back(self) -> None:
        dead, fence = self.claimed('a', worker='dead')
        alive, other = self.claimed('b', worker='alive')
        queued = self.job('c')
        found, = claims.take_back(
            self.database, lambda: {'alive', 'me'}, actor='me', now=at(8))
        self.assertEqual((dead, State.QUEUED, fence + 1, 1, at(8)), (
            found.id, found.state, found.fence, found.attempts,
            found.not_before))
        claims.check(self.database, alive, other)
        self.assertEqual(queued, self.get(queued.id))
        self.assertEqual(['queued', 'taken back'], self.events('a'))
        found, = claims.take_back(self.database, actor='me')
        self.assertEqual(alive, found.id)
        self.assertEqual([], claims.take_back(self.database, actor='me'))

    def test_take_back_and_begin(self) -> None:
        """Of a worker that begins meanwhile nothing is taken."""
        self.claimed('a', worker='dead')

        def alive() -> set[str]:
            self.claimed('b', worker='new')
            return set()
        found, = claims.take_back(self.database, alive, actor='me')
        self.assertEqual('a', found.image_id)

    def test_fenced(self) -> None:
        """Whoever thaws may write nothing, whatever became of the job."""
        job_id, old = self.claimed(worker='frozen')
        claims.take_back(self.database, actor='w2', now=at(1))
        self.assert_refused(job_id, old)
        new = claims.claim(self.database, job_id, 'w2', at(1))
        assert new is not None
        self.assertGreater(new, old)
        self.assert_refused(job_id, old)
        self.assertIsNone(claims.take_back_one(self.database, job_id, old,
                                               actor='frozen'))
        claims.check(self.database, job_id, new)
        claims.finish(self.database, job_id, new, State.DONE)
        self.assert_refused(job_id, old)
        self.assertEqual(['queued', 'taken back', 'done'], self.events())

    def assert_refused(self, job_id: str, fence: int) -> None:
        before = self.get(job_id), self.events()
        for act in (
                lambda: claims.check(self.database, job_id, fence),
                lambda: claims.check(self.database, job_id, fence,
                                     undoing=True),
                lambda: claims.finish(self.database, job_id, fence,
                                      State.DONE),
                lambda: claims.retry(self.database, job_id, fence, 'No.',
                                     at(9)),
                lambda: claims.give_back(self.database, job_id, fence,
                                         'It stops.')):
            self.assertRaises(errors.Fenced, act)
        self.assertEqual(before, (self.get(job_id), self.events()))
