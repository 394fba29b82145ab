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

"""Many at work on one database: on SQLite, too."""

from collections.abc import Callable
from collections import Counter
import threading
from typing import TypeVar
import uuid

from glance_lifecycle.tests.functional.worker import racing
from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import job_changes
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import marks
from glance_lifecycle.worker.database import migration
from glance_lifecycle.worker.database import uses

State = jobs.State
T = TypeVar('T')

THREADS = 8
LATER = cases.at(10 ** 9)


def in_threads(function: Callable[[int], T], count: int = THREADS) -> list[T]:
    """What it returns in each of some threads that start together."""
    start = threading.Barrier(count)
    found: dict[int, T] = {}
    failed: list[BaseException] = []

    def run(number: int) -> None:
        start.wait()
        try:
            found[number] = function(number)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(number,), daemon=True)
               for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return [found[number] for number in range(count)]


class Races(cases.DatabaseTestCase):
    """Many at work: on SQLite, too."""

    def test_one_open_job_in_threads(self) -> None:
        for image in range(20):
            opened = in_threads(lambda number: jobs.open_job(
                self.database, jobs.Wanted(f'i{image}', 'copy',
                                           {'by': number}, 'Away.'),
                actor=f't{number}'))
            self.assertEqual(1, len({job.id for job, _joined in opened}))
            self.assertEqual(THREADS - 1,
                             sum(joined for _job, joined in opened))
            self.assertEqual(['queued'], self.events(f'i{image}'))

    def test_one_open_job_in_processes(self) -> None:
        found = racing.at_once(racing.open_all, self.url, 30)
        for opened in zip(*found, strict=True):
            self.assertEqual(1, len({job_id for job_id, _joined in opened}))
            self.assertEqual(racing.PROCESSES - 1,
                             sum(joined for _id, joined in opened))
        self.assertEqual(30, jobs.counts(self.database)[State.QUEUED])

    def test_one_claim(self) -> None:
        for number in range(10):
            job = self.job(f'i{number}')
            fences = in_threads(lambda worker: claims.claim(
                self.database, job.id, f'w{worker}'))
            self.assertEqual([1], [fence for fence in fences if fence])
            winner = [f'w{n}' for n, fence in enumerate(fences) if fence]
            found = self.get(job.id)
            self.assertEqual(([found.worker], 1), (winner, found.attempts))

    def test_one_claim_of_an_image(self) -> None:
        """Each wants another job of it, at the same moment."""
        for number in range(20):
            wanted = [self.job(f'i{number}', purpose=f'p{worker}').id
                      for worker in range(THREADS)]
            fences = in_threads(lambda worker: claims.claim(
                self.database, wanted[worker], f'w{worker}'))
            self.assertEqual([1], [fence for fence in fences if fence])
            self.assertEqual(
                [State.QUEUED] * (THREADS - 1) + [State.RUNNING],
                sorted(self.get(job_id).state for job_id in wanted))

    def at_store(self, image_id: str, *stores: str) -> str:
        return self.job(image_id, action={
            'arguments': {'stores': [*stores]}}).id

    def test_one_claim_at_a_store(self) -> None:
        """Each wants another image to go there, at the same moment.

        The first time of all in this database, too.
        """
        for number in range(20):
            wanted = [self.at_store(f'i{number}-{worker}', 's1')
                      for worker in range(THREADS)]
            fences = in_threads(lambda worker: claims.claim(
                self.database, wanted[worker], f'w{worker}',
                limits={'s1': 3}))
            got = [(job_id, fence) for job_id, fence in zip(
                wanted, fences, strict=True) if fence]
            # One may have waited in vain for the first of all.
            self.assertLessEqual(len(got), 3)
            self.assertGreaterEqual(len(got), 3 if number else 1)
            for job_id in wanted:
                job_changes.cancel(self.database, job_id, actor='me')
            for job_id, fence in got:
                claims.finish(self.database, job_id, fence, State.CANCELLED)

    def test_no_crowd_at_a_store(self) -> None:
        """Of processes that know the limit, and claim what they can."""
        ids = {self.at_store(f'i{n}', *(
            ('s1',), ('s2',), ('s1', 's2'), ('s3',))[n % 4])
            for n in range(80)}
        limits = {'s1': 2, 's2': 1}
        found = racing.at_once(racing.crowd, self.url, limits)
        self.assertEqual(dict.fromkeys(ids, 1), Counter(
            job_id for mine, _seen in found for job_id in mine))
        for _mine, seen in found:
            for running in seen:
                for store, count in running.items():
                    self.assertLessEqual(count, limits[store])

    def test_work_is_shared(self) -> None:
        ids = {self.job(f'i{n}', project=f'p{n % 3}').id for n in range(60)}
        done = [job_id for mine in racing.at_once(racing.claim_all, self.url)
                for job_id in mine]
        self.assertEqual(dict.fromkeys(ids, 1), Counter(done))
        for number in range(60):
            self.assertEqual(['queued', 'done'], self.events(f'i{number}'))

    def test_over_against_claim(self) -> None:
        """A job that is not needed any more either runs, or is done."""
        for number in range(20):
            job = self.job(f'i{number}')

            def over() -> object:
                return job_changes.over(self.database, job.id, actor='sweep',
                                        reason='No.').state

            def claim() -> object:
                return claims.claim(self.database, job.id, 'w1')

            state, fence = in_threads(
                lambda which: (over, claim)[which](), 2)
            self.assertIn((state, fence), (
                (State.DONE, None), (State.RUNNING, 1)))
            self.assertEqual(state, self.get(job.id).state)
            self.assertEqual(['queued'] + ['done'] * (fence is None),
                             self.events(f'i{number}'))

    def test_postpone_against_claim(self) -> None:
        """Whoever has the job has it, and it stays as it was claimed."""
        for number in range(20):
            job = self.job(f'i{number}')

            def postpone() -> None:
                job_changes.postpone(self.database, job.id, LATER)

            def claim() -> int | None:
                return claims.claim(self.database, job.id, 'w1')

            _none, fence = in_threads(
                lambda which: (postpone, claim)[which](), 2)
            found = self.get(job.id)
            self.assertEqual(
                (State.QUEUED, True) if fence is None else
                (State.RUNNING, False),
                (found.state, found.not_before == LATER))

    def test_uses_of_many(self) -> None:
        """Two workers list at the same time, and see the same for once."""
        ids = [str(uuid.UUID(int=number)) for number in range(700)]
        in_threads(lambda number: uses.saw(
            self.database, ids, cases.at(number)))
        found = uses.listed(self.database)
        self.assertEqual(set(ids), set(found))
        self.assertLessEqual(set(found.values()), {
            cases.at(number) for number in range(THREADS)})

    def test_marks_of_many(self) -> None:
        """New ones at the same time, as workers begin; and they go."""
        names = [f'worker/{number}' for number in range(THREADS)]

        def come(number: int) -> None:
            for beat in range(10):
                marks.set(self.database, names[number], f'{beat}')

        def go(number: int) -> None:
            marks.remove(self.database, names[number])
            marks.remove(self.database, names[0])

        in_threads(come)
        self.assertEqual([(name, '9') for name in names], [
            (mark.name, mark.value)
            for mark in marks.listed(self.database, 'worker/')])
        in_threads(go)
        self.assertEqual([], marks.listed(self.database, 'worker/'))

    def test_due_while_others_run(self) -> None:
        """Of an image that a job runs of, nobody is shown another."""
        for number in range(10):
            for purpose in ('copy', 'drop:s1', 'update'):
                self.job(f'i{number}', purpose)

        def work(number: int) -> None:
            while found := claims.due(self.database, 3, without={'drop'}):
                for job in found:
                    self.assertNotEqual('drop:s1', job.purpose)
                    fence = claims.claim(self.database, job.id,
                                         f'w{number}')
                    if fence is None:
                        continue
                    self.assertNotIn(job.image_id, [
                        other.image_id
                        for other in claims.due(self.database, 99)])
                    claims.finish(self.database, job.id, fence, State.DONE)

        in_threads(work, 3)
        counts = jobs.counts(self.database)
        self.assertEqual((20, 10), (counts[State.DONE],
                                    counts[State.QUEUED]))
        self.assertEqual(10, len(claims.due(self.database, 99)))

    def test_finish_against_take_back(self) -> None:
        """One of them wins, and what it says is what is there."""
        for number in range(20):
            job_id, fence = self.claimed(f'i{number}')

            def finish() -> bool:
                try:
                    claims.finish(self.database, job_id, fence,
                                  State.DONE)
                except Exception as error:
                    self.assertIn('fence', str(error))
                    return False
                return True

            def take_back() -> bool:
                return claims.take_back_one(
                    self.database, job_id, fence,
                    actor='me') is not None

            finished, taken = in_threads(
                lambda which: (finish, take_back)[which](), 2)
            self.assertNotEqual(finished, taken)
            self.assertEqual(
                (State.DONE, ['queued', 'done']) if finished else
                (State.QUEUED, ['queued', 'taken back']),
                (self.get(job_id).state, self.events(f'i{number}')))

    def test_sync_in_processes(self) -> None:
        url = self.new_url()
        self.assertEqual([migration.head()] * racing.PROCESSES,
                         racing.at_once(racing.sync, url))
