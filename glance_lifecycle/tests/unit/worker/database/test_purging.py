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

"""What is old goes; what is open stays."""

from collections.abc import Callable

import sqlalchemy as sa

from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import purging

State = jobs.State
at = cases.at


class PurgingTest(cases.DatabaseTestCase):

    def closed(self, image_id: str, state: State, seconds: float) -> str:
        job = self.job(image_id, seconds=seconds - 1)
        fence = claims.claim(self.database, job.id, 'w1', now=at(seconds))
        assert fence is not None
        claims.finish(self.database, job.id, fence, state, now=at(seconds))
        return job.id

    def test_purge(self) -> None:
        for number in range(5):
            self.closed(f'old{number}', State.DONE, 10)
        self.closed('failed', State.FAILED, 10)
        keep = {
            self.closed('at the time', State.DONE, 20),
            self.closed('new', State.CANCELLED, 30),
            self.job('queued').id, self.job('held', held=True).id,
            self.claimed('running')[0]}
        wanted = purging.Purged(history=6 * 2 + 3 + 1, jobs=6)
        self.assertEqual(wanted, purging.count(self.database, at(20)))
        self.assertEqual(wanted, purging.purge(self.database, at(20),
                                               batch=2))
        self.assertEqual(keep, {
            job.id for job in jobs.list_jobs(self.database)})
        self.assertEqual([], history.of_image(self.database, 'old1'))
        # It was queued at 19.
        self.assertEqual(['done'], self.events('at the time'))
        self.assertEqual(['queued', 'cancelled'], self.events('new'))
        for what in (purging.count, purging.purge):
            self.assertEqual(purging.Purged(0, 0),
                             what(self.database, at(20)))

    def test_requeued_meanwhile(self) -> None:
        """Between the look and the deletion an operator wants it again."""
        job_id = self.closed('i', State.FAILED, 10)
        read = self.database.read

        def late(work: Callable[[sa.Connection], object]) -> object:
            found = read(work)
            if found == [job_id]:
                self.database.read = read  # type: ignore[method-assign]
                jobs.requeue(self.database, job_id, actor='op', now=at(1))
            return found

        self.database.read = late  # type: ignore[assignment, method-assign]
        self.assertEqual(0, purging.purge(self.database, at(20)).jobs)
        self.assertEqual(State.QUEUED, self.get(job_id).state)
