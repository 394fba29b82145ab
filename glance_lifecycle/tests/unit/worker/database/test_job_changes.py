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

"""Jobs are ended, held and tried again by others than their workers."""


from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import job_changes
from glance_lifecycle.worker.database import jobs

State = jobs.State
at = cases.at


class JobChangesTest(cases.DatabaseTestCase):

    def test_cancel_waiting(self) -> None:
        for held in (False, True):
            job = self.job(held=held)
            found = job_changes.cancel(self.database, job.id, actor='op',
                                       reason='Not now.', now=at(3))
            self.assertEqual((State.CANCELLED, at(3)),
                             (found.state, found.updated_at))
            job_changes.cancel(self.database, job.id, actor='op')
        self.assertEqual(['queued', 'cancelled', 'held', 'cancelled'],
                         self.events())
        last = history.of_image(self.database, 'image')[-1]
        self.assertEqual(('op', 'Not now.'), (last.actor, last.text))

    def test_cancel_running(self) -> None:
        """Its holder undoes it, and nobody begins the same until then."""
        job_id, fence = self.claimed()
        job_changes.cancel(self.database, job_id, actor='op')
        found = job_changes.cancel(self.database, job_id, actor='op')
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
            job_changes.cancel(self.database, job_id, actor='op')
            put_back(job_id, fence)
            self.assertEqual(State.CANCELLED, self.get(job_id).state)
            self.assertFalse(self.join(f'i{number}')[1])
            self.assertEqual(['queued', 'cancel', 'cancelled'],
                             self.events(f'i{number}')[:3])

    def test_cancel_closed(self) -> None:
        job_id, fence = self.claimed()
        done = claims.finish(self.database, job_id, fence, State.DONE)
        self.assertEqual(done, job_changes.cancel(self.database, job_id,
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
                found = job_changes.over(self.database, job.id, actor='sweep',
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
            self.assertEqual(before, job_changes.over(
                self.database, job_id, actor='sweep', reason='No.'))
            self.assertEqual(state, before.state)
        claims.check(self.database, running, fence)
        self.assertRaises(errors.JobNotFound, job_changes.over, self.database,
                          'unknown', actor='sweep', reason='No.')

    def test_postpone(self) -> None:
        """What is queued, and nothing else; nothing is told."""
        running, _fence = self.claimed('runs')
        held = self.job('held', held=True)
        queued = self.job('queued')
        for job_id in (running, held.id, queued.id, 'unknown'):
            job_changes.postpone(self.database, job_id, at(50))
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
        job_changes.hold(self.database, job.id, actor='op', reason='Wait.')
        self.assertEqual([], claims.due(self.database, 9))
        found = job_changes.requeue(self.database, job.id, actor='op')
        self.assertEqual(State.QUEUED, found.state)
        self.assertEqual(['queued', 'held', 'queued'], self.events())
        claims.claim(self.database, job.id, 'w1')
        self.assertRaises(
            errors.JobStateError, job_changes.hold, self.database, job.id,
            actor='op', reason='Wait.')

    def test_requeue_failed(self) -> None:
        job_id, fence = self.claimed()
        claims.finish(self.database, job_id, fence, State.FAILED,
                      error='No room.')
        found = job_changes.requeue(self.database, job_id, actor='op',
                                    now=at(5))
        self.assertEqual(
            (State.QUEUED, 0, '', at(5)),
            (found.state, found.attempts, found.error, found.not_before))
        self.assertTrue(self.join()[1])
        self.assertEqual(fence + 1, claims.claim(self.database, job_id,
                                                 'w2', now=at(5)))

    def test_requeue_refused(self) -> None:
        job_id, fence = self.claimed()
        self.assertRaises(errors.JobStateError, job_changes.requeue,
                          self.database, job_id, actor='op')
        claims.finish(self.database, job_id, fence, State.FAILED)
        self.join()
        error = self.assertRaises(errors.JobStateError, job_changes.requeue,
                                  self.database, job_id, actor='op')
        self.assertIn('another job is open', str(error))
        self.assertEqual(State.FAILED, self.get(job_id).state)
