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

"""A migration on a real database; its jobs end at once."""

import datetime
import threading
from typing import Any

from glance_lifecycle.planning import waves
from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.tests.unit.worker import image_api
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import moves
from glance_lifecycle.worker.migrating import asked
from glance_lifecycle.worker.migrating import driving
from glance_lifecycle.worker.migrating import plan as plans

NOW = datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.UTC)
WHO = 'operator me'


def plan(*sizes_of_waves: tuple[int, ...], canary: bool = False,
         **settings: Any) -> plans.Plan:
    """Images 1, 2, ... of 1000 bytes, so many in each wave."""
    numbers = iter(range(1, 1000))
    return plans.Plan(
        NOW.isoformat(), 'bulk', 'fast', '', plans.Settings(**{
            'keep': False, 'read_back': True, 'soak': 0.0, 'parallel': 2,
            'max_errors': 0, 'windows': (), **settings}),
        plans.Forecast(100.0, 1.0, 'given', None),
        tuple(waves.Wave(tuple(waves.Candidate(
            image_api.image_id(next(numbers)), 'name', 'p', size)
            for size in sizes), 10.0, canary and number == 0)
            for number, sizes in enumerate(sizes_of_waves)))


class MigratingCase(cases.DatabaseTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.api = self.useFixture(image_api.ImageApi(*(
            image_api.image(number, stores='bulk')
            for number in range(1, 10))))
        self.driver = self.new_driver()
        # Purpose and number of what has been done.
        self.did: list[tuple[str, int]] = []

    def new_driver(self) -> driving.Driver:
        """Such as that of another worker, or of one after a death."""
        return driving.Driver(self.database, self.api.cloud, 'worker w',
                              threading.Event(), lambda: None)

    def begin(self, *waves_: tuple[int, ...], **settings: Any) -> str:
        return asked.run(self.database, plan(*waves_, **settings), actor=WHO)

    def queued(self) -> list[jobs.Job]:
        return sorted(jobs.list_jobs(self.database, state=jobs.State.QUEUED),
                      key=lambda job: job.image_id)

    def end(self, job: jobs.Job, error: str = '', **proof: Any) -> None:
        """As a runner would."""
        fence = claims.claim(self.database, job.id, 'w')
        assert fence is not None
        if error:
            self.note(job)
            claims.finish(self.database, job.id, fence, jobs.State.FAILED,
                          error=error)
            return
        if proof.get('stays'):
            self.note(job)
        else:
            self.done(job)
        claims.finish(self.database, job.id, fence, jobs.State.DONE,
                      text='Done.', proof={history.SECONDS: 1.5, **proof})

    def note(self, job: jobs.Job) -> None:
        self.did.append((job.action['kind'], int(job.image_id[-12:])))

    def done(self, job: jobs.Job) -> None:
        """In the stores; nobody has told the database."""
        self.note(job)
        store, other = job.action['arguments']['stores'][0], (
            job.action['arguments']['other'])
        image = self.api.images[job.image_id]
        there = {*image['stores'].split(',')}
        image['stores'] = ','.join(sorted(
            there | {store} if job.action['kind'] == actions.MIGRATE
            else there - {store}))
        self.assertIn(other, image['stores'])

    def go(self, turns: int = 30) -> None:
        """Until nothing is left to be done."""
        for _turn in range(turns):
            self.driver.turn(NOW)
            for job in self.queued():
                self.end(job)

    def state(self, move_id: str) -> moves.State:
        return moves.get(self.database, move_id).state

    def steps(self, move_id: str) -> list[str]:
        return [image.state.value
                for image in moves.images(self.database, move_id)]
