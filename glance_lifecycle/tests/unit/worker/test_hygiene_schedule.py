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

"""When a worker looks at the stores, and what is written down of it."""

from collections.abc import Generator
import datetime
import json
import pathlib
import threading
from typing import Any

import fixtures

from glance_lifecycle import exceptions
from glance_lifecycle.policy import decision
from glance_lifecycle.policy import document
from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.tests.unit.worker import image_api
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import marks
from glance_lifecycle.worker import hygiene
from glance_lifecycle.worker import hygiene_schedule
from glance_lifecycle.worker import metrics

ID = image_api.image_id(1)
NOW = datetime.datetime(2026, 11, 28, 14, tzinfo=datetime.UTC)
POLICY = b'version: 1\nhygiene: {stores: {s1: {apply: quarantine}}}\n'
DIGITS = '0123456789abcdef'

PLANNED = hygiene.Planned(DIGITS, '/file', {
    's1': hygiene.Found(2, 5000, 1, 3),
    's2': hygiene.Found(0, 0, 0, 0, 'It cannot be listed.')})


def done(result: str = 'quarantined', told: bool = True) -> hygiene.Done:
    return hygiene.Done(DIGITS, 's1', ID, '/images/x', 5000, result, '',
                        told)


class DueTest(cases.DatabaseTestCase):

    def test_table(self) -> None:
        def mark(passed: float, error: str = '') -> str:
            ended = NOW - datetime.timedelta(seconds=passed)
            return json.dumps({'ended_at': ended.isoformat(),
                               'error': error})
        for value, interval, expected in (
                (None, 100, True), (mark(99), 100, False),
                (mark(100), 100, True), (mark(99, 'x'), 100, False),
                (mark(100, 'x'), 100, True),
                # One that failed is made again within the hour.
                (mark(3599, 'x'), 86400, False),
                (mark(3600, 'x'), 86400, True), (mark(3600), 86400, False),
                # The clock was wrong; of a hand.
                (mark(-5), 100, True), ('{}', 100, True), ('x', 100, True),
                ('{"ended_at": "2026-11-28T14:00:00", "error": ""}', 100,
                 True)):
            found = value if value is None else marks.Mark('x', value, NOW)
            self.assertEqual(expected, hygiene_schedule.due(
                found, interval, NOW), str((value, interval)))


class ScheduleTest(cases.DatabaseTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.base = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.metrics = metrics.Metrics()
        self.stop = threading.Event()
        self.wishes: list[hygiene.Wishes] = []
        self.closed = 0
        self.told: list[hygiene.Event | BaseException] = []
        self.document = document.load(POLICY)

    def runs(self, wishes: hygiene.Wishes
             ) -> Generator[hygiene.Event, None, None]:
        self.wishes.append(wishes)
        try:
            for event in self.told:
                if isinstance(event, BaseException):
                    raise event
                yield event
        finally:
            self.closed += 1

    def policy(self) -> decision.Policy:
        return decision.Policy(self.document)

    def schedule(self, *, act: bool = True, interval: float = 3600
                 ) -> hygiene_schedule.Schedule:
        return hygiene_schedule.Schedule(
            self.database, 'worker 7', self.runs, self.policy, self.metrics,
            hygiene_schedule.Settings(interval, act, ['/e'], ['/c']),
            self.stop)

    def value(self, name: str, **labels: str) -> float | None:
        value: float | None = self.metrics.registry.get_sample_value(
            metrics.PREFIX + 'hygiene_' + name, labels)
        return value

    def story(self, image_id: str = hygiene_schedule.SUBJECT) -> list[str]:
        return [f'{line.event}: {line.text}' for line in history.of_image(
            self.database, image_id)]

    def test_wishes(self) -> None:
        """What the policy says goes to whoever does it, with the mode."""
        for act in (True, False):
            self.schedule(act=act, interval=0).turn()
            wishes = self.wishes[-1]
            self.assertEqual((act, True, ['/e'], ['/c']), (
                wishes.act, wishes.words['s1'].takes, wishes.exports,
                wishes.certificates))
        self.document = document.load(b'version: 1')
        self.schedule(interval=0).turn()
        self.assertEqual({}, self.wishes[-1].words)

    def test_planned(self) -> None:
        self.told = [PLANNED]
        schedule = self.schedule()
        self.assertTrue(schedule.turn())
        self.assertEqual([
            f'planned: Plan {DIGITS}: Store s1: 2 objects, 5000 bytes, can '
            'be taken; 1 are left; of 3 nobody can tell. Store s2: 0 objects, '
            '0 bytes, can be taken; 0 are left; of 0 nobody can tell. It '
            'cannot be listed.'], self.story())
        self.assertEqual((2, 5000, 3, 0), (
            self.value('steps', store='s1'), self.value('bytes', store='s1'),
            self.value('unclear', store='s1'),
            self.value('steps', store='s2')))
        self.assertLess(1e9, self.value(
            'last_plan_timestamp_seconds', store='s1') or 0)
        self.assertEqual(1, self.value('runs_total', result='ok'))
        # Once in its interval, whichever worker of the host does it.
        self.assertFalse(schedule.turn())
        self.assertFalse(self.schedule().turn())
        self.assertEqual(1, len(self.wishes))

    def test_done(self) -> None:
        self.told = [done(), done('in quarantine', told=False),
                       hygiene.Halted('Nothing more is taken.')]
        self.schedule().turn()
        self.assertEqual([
            'quarantined: Store s1: /images/x, 5000 bytes: quarantined by '
            f'plan {DIGITS}.'], self.story(ID))
        line, = history.of_image(self.database, ID)
        self.assertEqual(
            ('worker 7', self.document.digest, {'plan': DIGITS}),
            (line.actor, line.policy_digest, line.proof))
        self.assertEqual(['halted: Nothing more is taken.'], self.story())
        for result in ('quarantined', 'in_quarantine'):
            self.assertEqual(1, self.value('objects_total', store='s1',
                                           result=result))

    def test_failed(self) -> None:
        """It is said, and made again later."""
        self.told = [PLANNED, exceptions.DatabaseError(detail='away')]
        schedule = self.schedule()
        self.assertRaises(exceptions.DatabaseError, schedule.turn)
        self.assertEqual(1, self.value('runs_total', result='error'))
        self.assertIn('failed: ', self.story()[-1])
        self.assertFalse(schedule.turn())

    def test_unexpected(self) -> None:
        """No secret of what nobody has thought of is kept."""
        self.told = [KeyError('password')]
        self.assertRaises(KeyError, self.schedule().turn)
        self.assertEqual(['failed: KeyError.'], self.story())

    def test_killed(self) -> None:
        """Whoever died in a run makes it again at once."""
        self.schedule(interval=0).turn()
        # As signal 9: nothing is written down.
        self.told = [SystemExit()]
        self.assertRaises(SystemExit, self.schedule(interval=0).turn)
        self.told = []
        self.assertTrue(self.schedule().turn())

    def test_busy(self) -> None:
        """Nobody waits, and it is no failure."""
        self.told = [hygiene.Busy('x')]
        schedule = self.schedule()
        self.assertFalse(schedule.turn())
        self.assertEqual(0, self.value('runs_total', result='error'))
        self.assertFalse(schedule.turn())
        self.assertEqual(1, len(self.wishes))

    def test_stopped(self) -> None:
        """Between two objects; the next worker begins anew."""
        self.told = [done(), done()]
        schedule = self.schedule()
        self.stop.set()
        self.assertFalse(schedule.turn())
        self.assertEqual((1, 1), (len(self.story(ID)), self.closed))
        self.assertRaises(hygiene.Stopped, self.wishes[0].each)
        self.stop.clear()
        self.assertTrue(schedule.turn())

    def test_policy_changed(self) -> None:
        """What it says no longer is not done any more."""
        self.told = [done(), done()]

        def policy() -> decision.Policy:
            found = self.policy()
            self.document = document.load(b'version: 1')
            return found
        schedule = hygiene_schedule.Schedule(
            self.database, 'worker 7', self.runs, policy, self.metrics,
            hygiene_schedule.Settings(3600, True), self.stop)
        self.assertFalse(schedule.turn())
        self.assertEqual((1, 1), (len(self.story(ID)), self.closed))

    def test_loop(self) -> None:
        """It outlives what goes wrong."""
        self.useFixture(fixtures.MockPatchObject(hygiene_schedule, '_TURN',
                                                 0.01))
        self.useFixture(fixtures.MockPatchObject(hygiene_schedule, '_BUSY',
                                                 0.0))
        self.told = [KeyError('x')]
        schedule = self.schedule(interval=0)
        seen: list[Any] = []

        def runs(wishes: hygiene.Wishes
                 ) -> Generator[hygiene.Event, None, None]:
            seen.append(wishes)
            if len(seen) == 2:
                self.stop.set()
            yield from self.runs(wishes)
        schedule._runs = runs
        schedule.loop()
        self.assertEqual(2, len(seen))
