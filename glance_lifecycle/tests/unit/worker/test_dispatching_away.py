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

"""Jobs of a store that is away, however many, hold nothing else up."""

from typing import Any
from unittest import mock
import uuid

import fixtures
import sqlalchemy as sa

from glance_lifecycle.tests.unit.policy import test_checks
from glance_lifecycle.tests.unit.worker import dispatching_case
from glance_lifecycle.tests.unit.worker import image_api
from glance_lifecycle.tests.unit.worker import test_circuits
from glance_lifecycle.tests.unit.worker import test_running
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker import circuits
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import models
from glance_lifecycle.worker import dispatching
from glance_lifecycle.worker import running

Outcome = running.Outcome


class AwayTest(dispatching_case.DispatcherCase):

    def many(self, count: int, **changes: Any) -> None:
        """So many others like the last job, each of an image of its own."""
        table = models.JOBS
        row = self.database.read(lambda connection: connection.execute(
            sa.select(table).order_by(table.c.created_at.desc())
        ).mappings().first())
        assert row is not None
        images = [image_api.image_id(number)
                  for number in range(1000, 1000 + count)]
        self.database.write(lambda connection: connection.execute(
            sa.insert(table), [{
                **row, 'id': str(uuid.uuid4()), 'image_id': image,
                'open_key': jobs.open_key(image, row['purpose']), **changes}
                for image in images]))

    def asked(self, clock: test_circuits.Clock) -> list[str]:
        """What the database is asked from now on; that takes its time."""
        found: list[str] = []

        def slow(kind: str) -> None:
            work = getattr(self.database, kind)

            def asks(*args: Any) -> Any:
                found.append(kind)
                clock.now += 0.04
                return work(*args)
            self.useFixture(fixtures.MockPatchObject(
                self.database, kind, asks))
        slow('read')
        slow('write')
        return found

    def away(self, clock: test_circuits.Clock) -> dispatching.Dispatcher:
        """One to which the store far is away; its jobs take for ever."""
        stores = circuits.Circuits(clock)
        for _each in range(circuits.FAILURES):
            stores.failed('far')

        def run(_job_id: str) -> Any:
            self.gate.wait(waiting.BOUND)
            return mock.Mock(), Outcome.MISSED
        self.gate.clear()
        found = dispatching.Dispatcher(
            self.database, mock.Mock(run=run), self.deletions, stores,
            self.worker, 8, self.wake, self.ended)
        self.addCleanup(found.stop, waiting.BOUND)
        self.addCleanup(self.gate.set)
        return found

    def thousand(self) -> tuple[list[str], test_circuits.Clock]:
        """Of the store far; and the ids of two other jobs."""
        self.policy = test_checks.policy(**test_running.FAR)
        self.images(1)
        self.many(1000)
        self.policy = test_checks.policy(**test_running.PROTECT)
        return self.images(2, 3), test_circuits.Clock()

    def test_thousand_of_a_store_away(self) -> None:
        """They were postponed one by one, and due again before that ended."""
        other, clock = self.thousand()
        dispatcher = self.away(clock)
        asked = self.asked(clock)
        self.assertEqual(2, dispatcher.turn())
        self.assertEqual({*other}, dispatcher.running())
        self.assertLessEqual(len(asked), 4)
        self.assertNotIn('write', asked)

    def test_one_of_a_thousand_tries(self) -> None:
        """Each time that the store may be back, and only one."""
        other, clock = self.thousand()
        dispatcher = self.away(clock)
        asked = self.asked(clock)
        clock.now += 10
        self.assertEqual(3, dispatcher.turn())
        self.assertLess({*other}, dispatcher.running())
        self.assertEqual(0, dispatcher.turn())
        clock.now += 10
        self.assertEqual(1, dispatcher.turn())
        self.assertEqual(0, dispatcher.turn())
        self.assertLessEqual(len(asked), 16)
        self.assertNotIn('write', asked)

    def test_store_away_of_an_older_release(self) -> None:
        """Of what it has opened, a turn asks no more than there is room."""
        self.policy = test_checks.policy(**test_running.FAR)
        self.images(1)
        self.many(100, stores=None)
        clock = test_circuits.Clock()
        dispatcher = self.away(clock)
        asked = self.asked(clock)
        self.assertEqual(0, dispatcher.turn())
        self.assertEqual(8, asked.count('write'))
