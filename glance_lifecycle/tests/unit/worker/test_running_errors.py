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

"""What an error of one job means to others, and when it is tried again."""

from typing import Any
from unittest import mock

import hypothesis
from hypothesis import strategies as st
import sqlalchemy as sa
import testtools

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.policy import test_checks
from glance_lifecycle.tests.unit.worker import test_running
from glance_lifecycle.worker import circuits
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker import running

Outcome = running.Outcome
State = jobs.State


class DeletionsTest(test_running.RunningCase):

    def test_look(self) -> None:
        deletions = running.Deletions()
        self.assertFalse(deletions.allowed)
        with deletions.look():
            self.assertFalse(deletions.allowed)
        self.assertTrue(deletions.allowed)
        deletions.stop('No.')
        self.assertFalse(deletions.allowed)
        with deletions.look():
            pass
        self.assertTrue(deletions.allowed)

    def test_error_meanwhile(self) -> None:
        """The look began before it, and so says nothing of it."""
        with self.deletions.look():
            self.deletions.stop('No.')
        self.assertFalse(self.deletions.allowed)

    def test_look_failed(self) -> None:
        deletions = running.Deletions()
        with testtools.ExpectedException(OSError), deletions.look():
            raise OSError
        self.assertFalse(deletions.allowed)

    def test_deleted(self) -> None:
        job_id = self.retain(**test_running.OLD)
        self.assertEqual(Outcome.DONE, self.runner.run(job_id)[1])
        self.assertNotIn(test_running.ID, self.api.images)

    def test_error_stops(self) -> None:
        job_id = self.retain(**test_running.OLD)
        self.api.fail = {test_running.PATH: 500}
        self.assertEqual(Outcome.RETRIED, self.runner.run(job_id)[1])
        self.assertFalse(self.deletions.allowed)

    def test_unknown_stops(self) -> None:
        """Whoever knows what needs it cannot be asked."""
        job_id = self.retain(retain={'delete_after': '1 day',
                                     'only_unused': True})
        self.assertEqual(Outcome.RETRIED, self.runner.run(job_id)[1])
        self.assertIn('not known what needs it', self.get(job_id).error)
        self.assertIn(test_running.ID, self.api.images)
        self.assertFalse(self.deletions.allowed)

    def test_refused_stops_no_other(self) -> None:
        job_id = self.retain(**test_running.OLD)
        self.policy = test_checks.policy(**test_running.PROTECT)
        self.runner.run(job_id)
        self.assertTrue(self.deletions.allowed)

    def test_stopped_just_before(self) -> None:
        """By another job that began together with this one."""
        job_id = self.retain(**test_running.OLD)
        self.api.hook = lambda _method, _path: self.deletions.stop('No.')
        self.assertEqual(Outcome.GIVEN_BACK, self.runner.run(job_id)[1])
        self.assertEqual([], self.methods())
        self.assertIn(test_running.ID, self.api.images)
        self.assertEqual(0, self.get(job_id).attempts)

    def test_others_go_on(self) -> None:
        self.deletions.stop('No.')
        job_id = self.needed()
        self.assertEqual(Outcome.DONE, self.runner.run(job_id)[1])

    def test_database_fails(self) -> None:
        """What became of it nobody knows."""
        job_id = self.retain(**test_running.OLD)

        def rename(name: str, new: str) -> None:
            self.database.write(lambda connection: connection.execute(
                sa.text(f'ALTER TABLE {name} RENAME TO {new}')))

        def break_it(method: str, _path: str) -> None:
            if method == 'DELETE':
                rename('lifecycle_jobs', 'away')
        self.api.hook = break_it
        self.assertRaises(errors.WorkerDatabaseError, self.runner.run, job_id)
        self.assertFalse(self.deletions.allowed)
        rename('away', 'lifecycle_jobs')
        self.assertEqual(State.RUNNING, self.get(job_id).state)


class StoresTest(test_running.RunningCase):
    """Which failures are those of a store."""

    def failing(self, job_id: str, error: exceptions.LifecycleError
                ) -> Outcome:
        def copies(_resource: Any) -> None:
            raise error
        self.copies = copies
        self.again(job_id)
        return self.runner.run(job_id)[1]

    def test_away(self) -> None:
        error = exceptions.StoreError(store='far', detail='it is away')
        job_id = self.retain(**test_running.FAR)
        for opened in ([], [], ['far']):
            self.failing(job_id, error)
            self.assertEqual(opened, self.stores.opened())
        self.assertEqual(State.FAILED, self.get(job_id).state)

    def test_one_object(self) -> None:
        """What is wrong with one says nothing of the store."""
        job_id = self.retain(**test_running.FAR)
        for kind in (exceptions.StoreDuplicate, exceptions.CopyMissing,
                     exceptions.CopyCorrupt):
            self.failing(job_id, kind(store='far', detail='bad'))
        self.assertEqual([], self.stores.opened())
        self.assertEqual([False, False, True], [
            self.stores.failed('far') for _each in range(3)])

    def test_not_asked(self) -> None:
        """A job that was not needed does not close its circuit."""
        job_id = self.retain(**test_running.FAR)
        for _each in range(circuits.FAILURES):
            self.stores.failed('far')
        self.api.images[test_running.ID]['stores'] = 'fast,far'
        self.assertEqual(Outcome.NOT_NEEDED, self.runner.run(job_id)[1])
        self.assertEqual(['far'], self.stores.opened())

    def test_works_again(self) -> None:
        for _each in range(circuits.FAILURES):
            self.stores.failed('far')

        def copies(_resource: Any) -> Any:
            self.api.images[test_running.ID]['stores'] = 'fast,far'
            host = mock.Mock()
            host.recover.return_value = []
            host.copy.return_value = [mock.Mock(
                store='far', result='copied', detail='')]
            return host
        job_id = self.retain(**test_running.FAR)
        self.copies = copies
        self.assertEqual(Outcome.DONE, self.runner.run(job_id)[1])
        self.assertEqual([], self.stores.opened())


class LastingTest(testtools.TestCase):

    def test_lasting(self) -> None:
        for error, lasting in (
                (exceptions.UseUnknown(image='i', detail='d'), False),
                (exceptions.ActionRefused(image='i', detail='d'), True),
                (exceptions.ServiceRefused(what='w', detail='d'), True),
                (exceptions.ServiceError(what='w', detail='d'), False),
                (exceptions.ImageRefused(reason='busy', detail='d'), False),
                (exceptions.ImageRefused(reason='bad', detail='d'), True),
                (exceptions.StoreError(store='s', detail='d'), False)):
            self.assertIs(lasting, running._lasting(error), str(error))


class DelayTest(testtools.TestCase):

    @hypothesis.given(st.integers(1, 10_000), st.integers(1, 3600))
    def test_delay(self, attempt: int, first: int) -> None:
        """Twice as long each time, a quarter more or less; an hour at most.
        """
        found = running.delay(attempt, first)
        longest = 3600.0
        self.assertLessEqual(found, longest)
        exact = min(first * 2.0 ** min(attempt - 1, 40), longest / 1.25)
        self.assertGreaterEqual(found, 0.75 * exact * 0.999999)
        self.assertLessEqual(found, 1.25 * exact * 1.000001)

    def test_uneven(self) -> None:
        for attempt in (1, 99):
            self.assertGreater(len({running.delay(attempt, 10)
                                    for _each in range(20)}), 10)
