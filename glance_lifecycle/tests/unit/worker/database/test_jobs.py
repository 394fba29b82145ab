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
from glance_lifecycle.worker.database import job_changes
from glance_lifecycle.worker.database import jobs

State = jobs.State
at = cases.at


class JobsTest(cases.DatabaseTestCase):

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
                job_changes.cancel(self.database, job.id, actor='op')
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
        for act in (job_changes.cancel, job_changes.requeue):
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
        job_changes.postpone(self.database, waits.id, at(8))
        self.assertEqual(at(7), jobs.oldest_due(self.database, at(9)))
        self.assertIsNotNone(jobs.oldest_due(self.database))
