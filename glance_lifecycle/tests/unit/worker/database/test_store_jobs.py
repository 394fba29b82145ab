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

"""A store with a limit has no more jobs than that, and others no fewer."""

from collections.abc import Callable
from typing import Any
from unittest import mock

import sqlalchemy as sa
import testtools

from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import job_changes
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import models
from glance_lifecycle.worker.database import store_jobs

State = jobs.State
at = cases.at


class StoreJobsTest(cases.DatabaseTestCase):
    """On each kind of database."""

    def copy(self, image_id: str, *stores: str, seconds: float = 0,
             project: str = '') -> str:
        return self.job(image_id, 'copy', seconds=seconds, project=project,
                        action={'kind': 'copy',
                                'arguments': {'stores': [*stores]}}).id

    def claim(self, job_id: str, **limits: int) -> int | None:
        return claims.claim(self.database, job_id, 'w1', at(99), limits)

    def set_stores(self, job_id: str, stores: str | None) -> None:
        """As it never is, or as an older release leaves it."""
        self.database.write(lambda connection: connection.execute(
            sa.update(models.JOBS).where(models.JOBS.c.id == job_id).values(
                stores=stores)))

    def names(self, **options: Any) -> list[str]:
        return sorted(job.image_id for job in claims.due(
            self.database, 99, now=at(99), **options))

    def test_stores_are_kept(self) -> None:
        """Each store once, and whoever joins tells anew which they are."""
        job_id = self.copy('a', 's1', 's2', 's1')
        self.assertEqual(('s1', 's2'), self.get(job_id).stores)
        jobs.open_job(self.database, jobs.Wanted(
            'a', 'copy', {'arguments': {'stores': ['s3']}}, 'Away.'),
            actor='sweep')
        self.assertEqual(('s3',), self.get(job_id).stores)
        self.assertEqual((), self.job('b').stores)

    def test_no_more(self) -> None:
        first, second, third = (self.copy(name, 's1', 's2') for name in 'abc')
        self.assertEqual([1, 1, None], [
            self.claim(job_id, s1=2) for job_id in (first, second, third)])
        self.assertEqual((State.QUEUED, 0), (
            self.get(third).state, self.get(third).attempts))
        # Of a worker that knows no limit, or another one.
        self.assertEqual(1, self.claim(third, s2=3))
        other = self.copy('d', 's2')
        self.assertIsNone(self.claim(other, s1=9, s2=3))
        self.assertEqual(1, self.claim(other))

    def test_others(self) -> None:
        """No other store waits, nor what touches none."""
        self.claim(self.copy('a', 's1'), s1=1)
        self.assertEqual([1, 1], [self.claim(job_id, s1=1) for job_id in (
            self.copy('b', 's2'), self.job('c').id)])
        # Not even one that sounds the same.
        self.assertEqual(1, self.claim(self.copy('d', 'S1', 's1x'), s1=1))

    def test_freed(self) -> None:
        """By whatever ends a claim."""
        first, second = self.copy('a', 's1'), self.copy('b', 's1')
        ends: tuple[Callable[[int], object], ...] = (
            lambda fence: claims.retry(
                self.database, first, fence, 'Away.', at(9), at(9)),
            lambda fence: claims.give_back(
                self.database, first, fence, 'It stops.', at(9)),
            lambda fence: claims.take_back_one(
                self.database, first, fence, actor='w2', now=at(9)),
            lambda fence: claims.finish(
                self.database, first, fence, State.DONE, now=at(9)))
        for end in ends:
            fence = self.claim(first, s1=1)
            assert fence is not None
            self.assertIsNone(self.claim(second, s1=1))
            end(fence)
            got = self.claim(second, s1=1)
            assert got is not None
            claims.give_back(self.database, second, got, 'It stops.', at(9))

    def test_cancelled_at_a_store(self) -> None:
        """It is at the store until it has undone what it has begun."""
        first, second = self.copy('a', 's1'), self.copy('b', 's1')
        self.claim(first, s1=1)
        job_changes.cancel(self.database, first, actor='me')
        self.assertIsNone(self.claim(second, s1=1))

    def test_due_at_stores(self) -> None:
        """Those of a full store are in nobody's way."""
        for number in range(9):
            self.copy(f'a{number}', 's1', project='p1')
        self.copy('b', 's2', seconds=5, project='p1')
        self.copy('c', 's2', 's1', seconds=5, project='p2')
        self.job('d', seconds=5, project='p2')
        self.assertEqual(['b', 'd'], self.names(full=['s1']))
        self.assertEqual(['d'], self.names(full=['s2', 's1']))
        self.assertEqual(12, len(self.names(full=['s', 'S1', '%', 's_'])))
        self.assertEqual(['b', 'c'], self.names(store='s2'))
        self.assertEqual(['b'], self.names(store='s2', full=['s1']))
        self.assertEqual([], self.names(store='s2', images=['b', 'c']))

    def test_names_of_stores(self) -> None:
        """Whatever a store is called, it is no pattern, and no other one."""
        strange = ('%', '_', 'a"b', "a'b", 'a\\b', 'Störe', 'a b', 'a', 'A')
        for store in strange:
            self.copy(store, store)
        for store in strange:
            self.assertEqual([store], self.names(store=store))
            self.assertEqual(sorted({*strange} - {store}),
                             self.names(full=[store]))

    def test_older_release(self) -> None:
        """Of what it has opened nobody knows; it neither waits nor counts."""
        old, new = self.copy('a', 's1'), self.copy('b', 's1')
        self.set_stores(old, None)
        self.assertEqual((), self.get(old).stores)
        self.assertEqual(['a'], self.names(full=['s1']))
        self.assertEqual([1, 1, None], [
            self.claim(job_id, s1=1)
            for job_id in (new, old, self.copy('c', 's1'))])

    def test_retried_of_an_older_release(self) -> None:
        """What an older release has closed, and an operator wants again."""
        job_id = self.copy('a', 's1')
        job_changes.cancel(self.database, job_id, actor='me')
        self.set_stores(job_id, None)
        job_changes.requeue(self.database, job_id, actor='me', now=at(0))
        self.assertEqual(('s1',), self.get(job_id).stores)

    def test_told_anew(self) -> None:
        """Between the look at its stores and the claim: it is left."""
        self.claim(self.copy('a', 's1'), s1=1)
        job_id = self.copy('b', 's2')
        read = self.database.read
        told: list[int] = []

        def once(work: Any) -> Any:
            found: Any = read(work)
            if not told:
                told.append(1)
                self.set_stores(job_id, '["s1"]')
            return found
        with mock.patch.object(self.database, 'read', once):
            self.assertIsNone(self.claim(job_id, s1=1))
        self.assertEqual([1], told)
        self.assertIsNone(self.claim(job_id, s1=1))
        self.assertEqual(State.QUEUED, self.get(job_id).state)

    def test_room(self) -> None:
        """What runs anywhere, and what is begun here; each once."""
        runs, begun = self.copy('a', 's1', 's2'), self.copy('b', 's1')
        self.claim(runs)
        limits = {'s1': 2, 's2': 2, 's3': 1}
        here = {runs: ('s1', 's2')}
        room = store_jobs.room(self.database, limits, here)
        self.assertEqual({'s1': 1, 's2': 1, 's3': 0}, room.running())
        room = store_jobs.room(self.database, limits,
                               {**here, begun: ('s1',)})
        self.assertEqual(['s1'], room.full())


class RoomTest(testtools.TestCase):

    def test_room(self) -> None:
        room = store_jobs.Room({'b': 2, 'a': 1}, [['b', 'c'], ['b'], ['d']])
        self.assertEqual((['b'], False, True, True), (
            room.full(), room.allows(['a', 'b']), room.allows(['a', 'c']),
            room.allows([])))
        self.assertEqual('store b has 2 of 2 jobs', room.why(['c', 'b', 'a']))
        self.assertEqual('', room.why(['c', 'a']))
        room.take(['a', 'c'])
        self.assertEqual(['a', 'b'], room.full())
        self.assertEqual(
            'store a has 1 of 1 jobs, store b has 2 of 2 jobs',
            room.why(['b', 'a']))

    def test_no_limits(self) -> None:
        room = store_jobs.Room({}, [['a']] * 9)
        self.assertEqual(([], True, {}), (
            room.full(), room.allows(['a']), room.running()))

    def test_touched(self) -> None:
        """Of an action, whoever has written it."""
        for action, stores in (
                ({'arguments': {'stores': ['a', 'b']}}, ['a', 'b']),
                ({'arguments': {'stores': ('a',)}}, ['a']),
                ({'arguments': {'stores': ['a', 1, None]}}, ['a']),
                ({'arguments': {'stores': 'ab'}}, []),
                ({'arguments': {'caches': ['a']}}, []),
                ({'arguments': ['stores']}, []), ({'kind': 'import'}, [])):
            self.assertEqual(stores, store_jobs.touched(action))
