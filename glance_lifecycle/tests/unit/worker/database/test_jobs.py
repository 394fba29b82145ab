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

"""Jobs are opened once, joined, listed, cancelled and tried again."""

from collections.abc import Callable

import sqlalchemy as sa

from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import jobs

State = jobs.State
at = cases.at


class JobsTest(cases.DatabaseTestCase):

    def join(self, image_id: str = 'image', purpose: str = 'restore',
             reason: str = 'Another.') -> tuple[jobs.Job, bool]:
        return jobs.open_job(self.database, jobs.Wanted(
            image_id, purpose, {'a': 2}, reason, rule='r2',
            policy_digest='d2'), actor='notification', now=at(9))

    def test_all_fields(self) -> None:
        job = self.job(
            image_id='f' * 36, purpose='drop:ceph', rule='golden',
            action={'kind': 'drop', 'stores': ['ceph'], 'deep': {'n': None}},
            reason='Store ceph is too much.', policy_digest='ab' * 32,
            image_name='Débian \U0001f600', project='p1', bytes=5 << 40)
        self.assertEqual(job, self.get(job.id))
        self.assertEqual(jobs.Job(
            id=job.id, image_id='f' * 36, image_name='Débian \U0001f600',
            project='p1', purpose='drop:ceph', rule='golden',
            action={'kind': 'drop', 'stores': ['ceph'], 'deep': {'n': None}},
            reason='Store ceph is too much.', policy_digest='ab' * 32,
            state=State.QUEUED, attempts=0, not_before=at(0),
            created_at=at(0), updated_at=at(0), worker=None, fence=0,
            cancel_requested=False, error='', bytes=5 << 40, stores=()), job)

    def test_hostile_names(self) -> None:
        job = self.job(image_name='a\0b\ud800' + 'c' * 999, reason='r' * 9999)
        self.assertEqual(('a\ufffdb?', 255, 2000), (
            job.image_name[:4], len(job.image_name), len(job.reason)))

    def test_purpose_is_never_cut(self) -> None:
        for purpose in ('', 'p' * 256, 'a\0'):
            self.assertRaises(ValueError, self.job, purpose=purpose)
        self.job(purpose='p' * 255)

    def test_purposes_differ_in_case(self) -> None:
        self.assertNotEqual(self.job(purpose='drop:ceph').id,
                            self.job(purpose='drop:Ceph').id)

    def test_join_queued_and_held(self) -> None:
        for held in (False, True):
            job = self.job(purpose=str(held), held=held)
            found, joined = self.join(purpose=str(held))
            self.assertEqual(
                (job.id, True, job.state, {'a': 2}, 'Another.', 'r2', 'd2'),
                (found.id, joined, found.state, found.action, found.reason,
                 found.rule, found.policy_digest))
            self.assertEqual((at(0), at(9)),
                             (found.not_before, found.updated_at))
        self.assertEqual(['queued', 'held'], self.events())

    def test_join_running(self) -> None:
        job_id, _fence = self.claimed()
        before = self.get(job_id)
        self.assertEqual((before, True), self.join())
        self.assertEqual(before, self.get(job_id))

    def test_answer_lost_and_closed_meanwhile(self) -> None:
        write = self.database.write
        lost: list[str] = []

        def lose(work: Callable[[sa.Connection], object]) -> object:
            found = write(work)
            if not lost:
                job = jobs.list_jobs(self.database)[0]
                lost.append(job.id)
                jobs.cancel(self.database, job.id, actor='op')
                # As the engine, which does not know that it was done.
                return write(work)
            return found

        self.database.write = lose  # type: ignore[assignment]
        lost_job, joined = self.join()
        self.assertEqual((lost, False, State.CANCELLED),
                         ([lost_job.id], joined, lost_job.state))

    def test_closed_is_not_joined(self) -> None:
        for state in sorted(jobs.CLOSED):
            job_id, fence = self.claimed(purpose=state)
            claims.finish(self.database, job_id, fence, state)
            found, joined = self.join(purpose=state)
            self.assertFalse(joined)
            self.assertNotEqual(job_id, found.id)

    def test_latest(self) -> None:
        def latest() -> jobs.Job | None:
            return jobs.latest(self.database, 'image', 'restore')

        self.assertIsNone(latest())
        job_id, fence = self.claimed()
        self.job(purpose='another', seconds=1)
        failed = claims.finish(self.database, job_id, fence, State.FAILED,
                               error='Never.')
        self.assertEqual(failed, latest())
        found, _joined = self.join()
        self.assertEqual(found, latest())

    def test_unknown_job(self) -> None:
        for call in (jobs.get, claims.check):
            args = (0,) if call is claims.check else ()
            self.assertRaises(
                (errors.JobNotFound, errors.Fenced), call, self.database,
                'unknown', *args)
        for act in (jobs.cancel, jobs.requeue):
            self.assertRaises(errors.JobNotFound, act, self.database,
                              'unknown', actor='op')

    def test_list_pages(self) -> None:
        # Of the same moment, too.
        ids = {self.job(f'i{n}', seconds=n // 3).id for n in range(10)}
        pages, marker = [], None
        while page := jobs.list_jobs(self.database, marker=marker, limit=3):
            pages += page
            marker = page[-1].id
        self.assertEqual(10, len(pages))
        self.assertEqual(ids, {job.id for job in pages})
        self.assertEqual(sorted((j.created_at for j in pages), reverse=True),
                         [j.created_at for j in pages])
        self.assertRaises(errors.JobNotFound, jobs.list_jobs, self.database,
                          marker='unknown')

    def test_list_by(self) -> None:
        queued = self.job('a')
        held = self.job('a', 'other', held=True)
        running, _fence = self.claimed('b')

        def ids(**by: object) -> set[str]:
            return {job.id for job in jobs.list_jobs(
                self.database, **by)}  # type: ignore[arg-type]

        self.assertEqual({queued.id}, ids(state=State.QUEUED))
        self.assertEqual({queued.id, held.id}, ids(image_id='a'))
        self.assertEqual({held.id, running}, ids(
            state={State.HELD, State.RUNNING}))
        self.assertEqual(set(), ids(state=State.HELD, image_id='b'))

    def test_counts(self) -> None:
        self.claimed('b')
        self.job('a')
        self.job('c')
        found = jobs.counts(self.database)
        self.assertEqual((2, 1, 0), (
            found[State.QUEUED], found[State.RUNNING], found[State.DONE]))

    def test_oldest_due(self) -> None:
        self.assertIsNone(jobs.oldest_due(self.database, at(9)))
        self.job('held', held=True)
        self.claimed('running')
        self.job('late', seconds=7)
        self.assertIsNone(jobs.oldest_due(self.database, at(6)))
        self.assertEqual(at(7), jobs.oldest_due(self.database, at(7)))
        waits = self.job('early', seconds=5)
        self.assertEqual(at(5), jobs.oldest_due(self.database, at(9)))
        # It is the wait for a thread that counts, not that of a retry.
        jobs.postpone(self.database, waits.id, at(8))
        self.assertEqual(at(7), jobs.oldest_due(self.database, at(9)))
        self.assertIsNotNone(jobs.oldest_due(self.database))

    def test_cancel_waiting(self) -> None:
        for held in (False, True):
            job = self.job(held=held)
            found = jobs.cancel(self.database, job.id, actor='op',
                                reason='Not now.', now=at(3))
            self.assertEqual((State.CANCELLED, at(3)),
                             (found.state, found.updated_at))
            jobs.cancel(self.database, job.id, actor='op')
        self.assertEqual(['queued', 'cancelled', 'held', 'cancelled'],
                         self.events())
        last = history.of_image(self.database, 'image')[-1]
        self.assertEqual(('op', 'Not now.'), (last.actor, last.text))

    def test_cancel_running(self) -> None:
        """Its holder undoes it, and nobody begins the same until then."""
        job_id, fence = self.claimed()
        jobs.cancel(self.database, job_id, actor='op')
        found = jobs.cancel(self.database, job_id, actor='op')
        self.assertEqual((State.RUNNING, True),
                         (found.state, found.cancel_requested))
        self.assertRaises(errors.JobCancelled, claims.check, self.database,
                          job_id, fence)
        claims.check(self.database, job_id, fence, undoing=True)
        self.assertTrue(self.join()[1])
        claims.finish(self.database, job_id, fence, State.CANCELLED)
        self.assertEqual(['queued', 'cancel', 'cancelled'], self.events())
        self.assertFalse(self.join()[1])

    def test_cancelled_is_not_put_back(self) -> None:
        def retry(job_id: str, fence: int) -> None:
            claims.retry(self.database, job_id, fence, 'No.', at(9))

        def give_back(job_id: str, fence: int) -> None:
            claims.give_back(self.database, job_id, fence, 'It stops.')

        def take_back(job_id: str, fence: int) -> None:
            claims.take_back(self.database, actor='w2')

        for number, put_back in enumerate((retry, give_back, take_back)):
            job_id, fence = self.claimed(f'i{number}')
            jobs.cancel(self.database, job_id, actor='op')
            put_back(job_id, fence)
            self.assertEqual(State.CANCELLED, self.get(job_id).state)
            self.assertFalse(self.join(f'i{number}')[1])
            self.assertEqual(['queued', 'cancel', 'cancelled'],
                             self.events(f'i{number}')[:3])

    def test_cancel_closed(self) -> None:
        job_id, fence = self.claimed()
        done = claims.finish(self.database, job_id, fence, State.DONE)
        self.assertEqual(done, jobs.cancel(self.database, job_id,
                                           actor='op'))
        self.assertEqual(['queued', 'done'], self.events())

    def test_over(self) -> None:
        """What waits is done; what runs finds that out by itself."""
        running, fence = self.claimed('runs')
        closed, other = self.claimed('closed')
        claims.finish(self.database, closed, other, State.FAILED)
        for image, held in (('queued', False), ('held', True)):
            job = self.job(image, held=held)
            for _twice in range(2):
                found = jobs.over(self.database, job.id, actor='sweep',
                                  reason='It is as wanted.', now=at(3))
                self.assertEqual((State.DONE, at(3)), (found.state,
                                                       found.updated_at))
            self.assertEqual([image, 'done'], self.events(image))
            last = history.of_image(self.database, image)[-1]
            self.assertEqual(('sweep', 'It is as wanted.'),
                             (last.actor, last.text))
            # It may be needed again.
            self.assertNotEqual(job.id, self.job(image).id)
        for job_id, state in ((running, State.RUNNING),
                              (closed, State.FAILED)):
            before = self.get(job_id)
            self.assertEqual(before, jobs.over(
                self.database, job_id, actor='sweep', reason='No.'))
            self.assertEqual(state, before.state)
        claims.check(self.database, running, fence)
        self.assertRaises(errors.JobNotFound, jobs.over, self.database,
                          'unknown', actor='sweep', reason='No.')

    def test_postpone(self) -> None:
        """What is queued, and nothing else; nothing is told."""
        running, _fence = self.claimed('runs')
        held = self.job('held', held=True)
        queued = self.job('queued')
        for job_id in (running, held.id, queued.id, 'unknown'):
            jobs.postpone(self.database, job_id, at(50))
        found = self.get(queued.id)
        self.assertEqual((at(50), 0, State.QUEUED), (
            found.not_before, found.attempts, found.state))
        self.assertEqual(['queued'], self.events('queued'))
        self.assertEqual(held, self.get(held.id))
        self.assertNotEqual(at(50), self.get(running).not_before)
        for seconds, due in ((49, 0), (50, 1)):
            self.assertEqual(due, len(claims.due(self.database, 9,
                                                 now=at(seconds))))

    def test_hold(self) -> None:
        job = self.job()
        jobs.hold(self.database, job.id, actor='op', reason='Wait.')
        self.assertEqual([], claims.due(self.database, 9))
        found = jobs.requeue(self.database, job.id, actor='op')
        self.assertEqual(State.QUEUED, found.state)
        self.assertEqual(['queued', 'held', 'queued'], self.events())
        claims.claim(self.database, job.id, 'w1')
        self.assertRaises(errors.JobStateError, jobs.hold, self.database,
                          job.id, actor='op', reason='Wait.')

    def test_requeue_failed(self) -> None:
        job_id, fence = self.claimed()
        claims.finish(self.database, job_id, fence, State.FAILED,
                      error='No room.')
        found = jobs.requeue(self.database, job_id, actor='op', now=at(5))
        self.assertEqual(
            (State.QUEUED, 0, '', at(5)),
            (found.state, found.attempts, found.error, found.not_before))
        self.assertTrue(self.join()[1])
        self.assertEqual(fence + 1, claims.claim(self.database, job_id,
                                                 'w2', now=at(5)))

    def test_requeue_refused(self) -> None:
        job_id, fence = self.claimed()
        self.assertRaises(errors.JobStateError, jobs.requeue, self.database,
                          job_id, actor='op')
        claims.finish(self.database, job_id, fence, State.FAILED)
        self.join()
        error = self.assertRaises(errors.JobStateError, jobs.requeue,
                                  self.database, job_id, actor='op')
        self.assertIn('another job is open', str(error))
        self.assertEqual(State.FAILED, self.get(job_id).state)
