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

"""Two workers, and a store that takes few jobs at once."""

from typing import Any

from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests.functional.worker import worker_case
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker import presence

POLICY = worker_case.POLICY + """\
  - name: other
    match: {name: "other-*"}
    place: {stores: [s1, s3]}
"""

#: at once, of both workers together; each of them would begin four
JOBS = 2


class StoreJobsTest(worker_case.WorkerCase):

    def both(self, **options: Any) -> list[worker.Worker]:
        found = [self.worker(POLICY, brake_percent=0, **options)
                 for _each in range(2)]
        waiting.until('both are there', lambda: len(
            presence.workers(found[0].database)) == 2)
        return found

    def running(self, daemon: worker.Worker, store: str) -> list[jobs.Job]:
        return [job for job in jobs.list_jobs(
            daemon.database, state=jobs.State.RUNNING)
            if store in job.stores]

    def why(self, daemon: worker.Worker, job_id: str) -> str:
        """What the operator is told of it."""
        python = self.work / 'python'
        python.mkdir(exist_ok=True)
        answer = openstack.WorkerHost(python).lifecycle(
            'job', 'show', job_id, '-f', 'json', '--config-file',
            str(self.api.etc / 'glance-api.conf'), '--config-file',
            str(daemon.conf))
        self.assertEqual(0, answer.code, str(answer))
        return str(answer.json['waits'])

    def test_slow_store(self) -> None:
        """It has as many as it may, never more; the other one's go on."""
        first, _second = self.both(
            store_jobs=f's2:{JOBS}', store_rates='s2:1')
        database = first.database
        golden = [self.image(self.noise(6 * images.MIB, f'noise-{n}'),
                             name=f'golden-{n}', protected=True)
                  for n in range(6)]
        waiting.until('the store is busy', lambda: (
            len(self.running(first, 's2')) == JOBS))
        other = [self.image(name=f'other-{n}') for n in range(6)]
        counted: set[int] = set()
        workers: set[str | None] = set()

        def done(image_ids: list[str]) -> bool:
            found = self.running(first, 's2')
            counted.add(len(found))
            workers.update(job.worker for job in found)
            return all(first.states(one).get('copy') == 'done'
                       for one in image_ids)
        waiting.until('the others are copied', lambda: done(other))
        # They overtook what has waited longer than they have.
        waits = [job for job in jobs.list_jobs(
            database, state=jobs.State.QUEUED) if job.image_id in golden]
        self.assertNotEqual([], waits)
        self.assertEqual({0}, {job.attempts for job in waits})
        # The youngest: between two others the store has room for a moment.
        waiting.until('it is said why', lambda: self.why(
            first, waits[0].id) == (
                f'Waits: store s2 has {JOBS} of {JOBS} jobs.'))
        waiting.until('all are copied', lambda: done(golden))
        self.assertLessEqual(max(counted), JOBS)
        self.assertLessEqual(workers, {each.id for each in presence.workers(
            database)})
        for image_id in golden:
            self.assertEqual(['s1', 's2'], self.stores_of(image_id))
            # None: of a look that had begun before the copy was there, and
            # whose job the next look closed.
            self.assertLessEqual(first.job(image_id, 'copy').attempts, 1)

    def test_killed(self) -> None:
        """What it had is at the store until somebody has taken it back."""
        first, second = self.both(store_jobs='s2:1', store_rates='s2:1')
        golden = [self.image(self.noise(6 * images.MIB, f'noise-{n}'),
                             name=f'golden-{n}', protected=True)
                  for n in range(2)]
        waiting.until('the store is busy',
                      lambda: self.running(first, 's2'))
        job, = self.running(first, 's2')
        mine = {each.id: each.pid for each in presence.workers(
            first.database)}[job.worker or '']
        killed, = (each for each in (first, second) if each.child == mine)
        other, = {first, second} - {killed}
        killed.kill()
        counted = set()

        def done() -> bool:
            counted.add(len(self.running(other, 's2')))
            return all(other.states(one).get('copy') == 'done'
                       for one in golden)
        waiting.until('all are copied', done)
        self.assertLessEqual(counted, {0, 1})

    def test_no_such_store(self) -> None:
        """A limit that limits nothing is not passed over in silence."""
        daemon = self.worker(POLICY, store_jobs='s2:1,s5:1')
        waiting.until('that is said', lambda: (
            'store_jobs: s5 is no store of this cloud'
            in daemon.log_text()))
        self.assertNotIn('store_jobs: s2 is', daemon.log_text())
