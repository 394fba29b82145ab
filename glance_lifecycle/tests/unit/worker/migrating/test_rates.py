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

"""How fast images moved, from a real database."""

from typing import Any

from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.tests.unit.worker import image_api
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import moves
from glance_lifecycle.worker.migrating import rates

MIB = 1024 ** 2


class MeasuredTest(cases.DatabaseTestCase):

    def copied(self, **found: Any) -> moves.Image:
        return moves.Image(
            image_api.image_id(found.pop('number')), 'n', 'p', 1, 1,
            **found, state=moves.Step.MOVED)

    def test_nothing(self) -> None:
        self.assertIsNone(rates.measured(self.database, 'fast'))
        self.assertEqual('assumed', rates.source(None))
        self.assertEqual(
            (200 * MIB, rates.EACH, 4), (lambda pace: (
                pace.rate, pace.each, pace.parallel))(
                    rates.guessed('rbd', 4)))
        self.assertEqual(50 * MIB, rates.guessed('another', 4).rate)

    def test_of_a_migration(self) -> None:
        """Two at once, each 4 s, one second apart."""
        moves.begin(
            self.database, 'one', 'bulk', 'fast', {'parallel': 2},
            [moves.Wave(1, False, 1.0)],
            [self.copied(number=n, size=100 * MIB, seconds=4.0,
                         copied_at=cases.at(10 + n)) for n in (1, 2)],
            actor='me')
        pace = rates.measured(self.database, 'fast')
        assert pace is not None
        self.assertAlmostEqual(40 * MIB, pace.rate, delta=1)
        self.assertIsNone(rates.measured(self.database, 'bulk'))

    def test_read_back(self) -> None:
        """An older one that did so, too, tells more."""
        for name, seconds, read_back in (
                ('old', 4.0, True), ('new', 2.0, False)):
            moves.begin(
                self.database, name, 'bulk', 'fast',
                {'parallel': 1, 'read_back': read_back},
                [moves.Wave(1, False, 1.0)], [self.copied(
                    number=1, size=100 * MIB, seconds=seconds,
                    copied_at=cases.at(10))], actor='me',
                now=cases.at(20 - seconds))
            moves.turn_to(self.database, moves.get(self.database, name),
                          moves.State.DONE)
        for read_back, rate in ((True, 25), (False, 50)):
            pace = rates.measured(self.database, 'fast', read_back=read_back)
            assert pace is not None
            self.assertAlmostEqual(rate * MIB, pace.rate, delta=1)

    def test_of_copies(self) -> None:
        action = actions.Action(
            actions.COPY, image_api.image_id(1), 'n', 'p',
            {'stores': ['fast']}, (), 100 * MIB)
        job_id, fence = self.claimed(image_api.image_id(1), purpose='copy',
                                     action=action.to_dict())
        claims.finish(self.database, job_id, fence, jobs.State.DONE,
                      proof={history.SECONDS: 4.0})
        pace = rates.measured(self.database, 'fast')
        assert pace is not None
        self.assertEqual((25 * MIB, 0.0), (pace.rate, pace.each))
        self.assertEqual('measured', rates.source(pace))
