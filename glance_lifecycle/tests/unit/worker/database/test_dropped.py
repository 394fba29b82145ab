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

"""Who has dropped a copy makes it again, whoever cancels."""

from collections.abc import Callable
from typing import Any

from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import dropped
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import job_changes
from glance_lifecycle.worker.database import jobs

State = jobs.State
at = cases.at

SAID = 'The copy in store s2 was dropped, and has to be made again.'


def action(*repairing: str, **others: Any) -> dict[str, Any]:
    return {'kind': 'scrub', 'image_name': '"repairing": ["s9"]', **others,
            'arguments': {'stores': ['s1', 's2'], 'repairing': [*repairing]}}


class DroppedTest(cases.DatabaseTestCase):
    """On each kind of database."""

    def scrub(self, image_id: str = 'image', *repairing: str,
              seconds: float = 0) -> jobs.Job:
        return self.job(image_id, 'scrub', action=action(*repairing),
                        seconds=seconds)

    def runs(self, *repairing: str) -> tuple[str, int]:
        """One that has noted them."""
        job_id, fence = self.claimed(purpose='scrub', action=action())
        if repairing:
            claims.note(self.database, job_id, fence, action(*repairing))
        return job_id, fence

    def retry(self, job_id: str, fence: int) -> jobs.Job:
        return claims.retry(self.database, job_id, fence, 'Away.', at(9))

    def puts_back(self) -> list[Callable[[str, int], object]]:
        return [
            self.retry,
            lambda job_id, fence: claims.give_back(
                self.database, job_id, fence, 'It stops.'),
            # Its worker was killed.
            lambda job_id, fence: claims.take_back(
                self.database, actor='w2')]

    def test_put_back(self) -> None:
        """Cancelled while it runs, and then it fails, or is killed."""
        job_id, fence = self.runs('s2')
        for put_back in self.puts_back():
            job_changes.cancel(self.database, job_id, actor='op')
            put_back(job_id, fence)
            found = self.get(job_id)
            self.assertEqual((State.QUEUED, True, ('s2',)), (
                found.state, found.cancel_requested,
                dropped.by(found.action)))
            again = claims.claim(self.database, job_id, 'w3')
            assert again is not None
            fence = again
            claims.check(self.database, job_id, fence, undoing=True)

    def test_nothing_dropped(self) -> None:
        """Whatever its names look like, it ends."""
        for put_back in self.puts_back():
            job_id, fence = self.runs()
            job_changes.cancel(self.database, job_id, actor='op')
            put_back(job_id, fence)
            self.assertEqual(State.CANCELLED, self.get(job_id).state)
        waits = self.scrub()
        self.assertEqual(State.CANCELLED, job_changes.cancel(
            self.database, waits.id, actor='op').state)

    def test_cancel_one_that_waits(self) -> None:
        job_id, fence = self.runs('s2')
        self.retry(job_id, fence)
        for _twice in range(2):
            found = job_changes.cancel(self.database, job_id, actor='op',
                                       reason='Not now.')
            self.assertEqual((State.QUEUED, True), (
                found.state, found.cancel_requested))
        self.assertEqual(['queued', 'put back', 'cancel'], self.events())
        last = history.of_image(self.database, 'image')[-1]
        self.assertEqual('Not now. ' + SAID, last.text)
        # No other one begins meanwhile.
        self.assertTrue(self.join_scrub()[1])

    def test_cancel_one_that_runs(self) -> None:
        job_id, fence = self.runs('s2')
        job_changes.cancel(self.database, job_id, actor='op')
        self.assertEqual('The job was cancelled. ' + SAID, history.of_image(
            self.database, 'image')[-1].text)
        self.assertRaises(errors.JobCancelled, claims.check, self.database,
                          job_id, fence)
        claims.finish(self.database, job_id, fence, State.DONE)
        self.assertEqual('', self.missing(job_id))

    def join_scrub(self) -> tuple[jobs.Job, bool]:
        return jobs.open_job(self.database, jobs.Wanted(
            'image', 'scrub', action(), 'Not read for long.'), actor='sweep')

    def missing(self, job_id: str) -> str:
        job = self.get(job_id)
        return dropped.missing(job.state, job.action)

    def test_join(self) -> None:
        """Who has not seen it is no reason to forget what it has dropped."""
        job_id, fence = self.runs('s2')
        self.retry(job_id, fence)
        before = self.get(job_id)
        self.assertEqual((before, True), self.join_scrub())
        self.assertEqual(before, self.get(job_id))

    def test_left(self) -> None:
        """By the last job of an image, if it has ended without it."""
        for number, state in enumerate((
                State.FAILED, State.CANCELLED, State.DONE)):
            job_id, fence = self.claimed(
                f'i{number}', purpose='scrub', action=action('s2', 's3'))
            claims.finish(self.database, job_id, fence, state)
        self.scrub('waits', 's2')
        left = {'i0': ('s2', 's3'), 'i1': ('s2', 's3')}
        self.assertEqual(left, dropped.all_left(self.database))
        self.scrub('i0', seconds=1)
        self.job('i1', 'copy', seconds=1)
        self.assertEqual({'i1': ('s2', 's3')}, dropped.all_left(
            self.database))

    def test_said(self) -> None:
        job_id, fence = self.runs('s2')
        self.assertEqual(SAID, self.missing(job_id))
        claims.finish(self.database, job_id, fence, State.FAILED, error='No.')
        self.assertIn('s2 was dropped, and this job has not made it again: '
                      'retry it', self.missing(job_id))
        job_changes.requeue(self.database, job_id, actor='op')
        self.assertEqual(SAID, self.missing(job_id))
        odd: list[dict[str, Any]] = [
            {}, {'arguments': 3}, {'arguments': {'repairing': 's2'}},
            {'arguments': {'repairing': [{}]}}]
        self.assertEqual([()] * 4, [*map(dropped.by, odd)])
