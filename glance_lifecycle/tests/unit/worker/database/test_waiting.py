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

"""How long jobs wait, and which of them destroy."""

from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.worker.database import job_changes
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import waiting

at = cases.at
State = cases.State


class WaitingTest(cases.DatabaseTestCase):

    def test_oldest(self) -> None:
        self.assertEqual(waiting.Oldest(None, None),
                         waiting.oldest(self.database, at(0)))
        self.job('running', seconds=-50)
        self.claimed('running', purpose='copy')
        self.assertIsNotNone(job_changes.cancel(
            self.database, jobs.list_jobs(
                self.database, state=State.QUEUED)[0].id, actor='me'))
        self.job('held', held=True, seconds=-10)
        self.job('a', seconds=5)
        self.job('b', seconds=7)
        self.assertEqual(waiting.Oldest(at(5), at(5)),
                         waiting.oldest(self.database, at(7)))
        # The oldest waits for its next attempt.
        job, _joined = jobs.open_job(
            self.database, jobs.Wanted('c', 'copy', {}, 'Away.'), actor='me',
            not_before=at(60), now=at(1))
        self.assertEqual(waiting.Oldest(at(1), at(5)),
                         waiting.oldest(self.database, at(59)))
        self.assertEqual(waiting.Oldest(at(1), None),
                         waiting.oldest(self.database, at(0)))

    def test_of_kinds(self) -> None:
        for number, purpose in enumerate((
                'drop:s1', 'drop:s%', 'delete', 'deleted', 'drop_', 'dropx:s1',
                'copy')):
            self.job(f'i{number}', purpose)
        self.job('other', 'drop:s1', held=True)
        kinds = ('delete', 'drop')
        self.assertEqual(3, waiting.of_kinds(self.database, kinds,
                                             State.QUEUED))
        self.assertEqual(1, waiting.of_kinds(self.database, kinds,
                                             State.HELD))
        self.assertEqual(0, waiting.of_kinds(self.database, kinds,
                                             State.FAILED))

    def test_at_store(self) -> None:
        """Those that are due, whatever else they touch."""
        for number, (seconds, stores) in enumerate((
                (0, ['s1', 's2']), (5, ['s1']), (9, ['s1']), (0, ['s2']))):
            self.job(f'i{number}', 'copy', seconds=seconds,
                     action={'arguments': {'stores': stores}})
        self.claimed('runs', action={'arguments': {'stores': ['s1']}})
        self.assertEqual([2, 2, 0], [
            waiting.at_store(self.database, store, at(5))
            for store in ('s1', 's2', 's3')])
