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

"""Stores that are away, and that others do not notice."""

import unittest

import hypothesis
from hypothesis import stateful
from hypothesis import strategies as st

from glance_lifecycle.worker import circuits

FIRST, LONGEST = 10.0, 1800.0


class Clock:

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class CircuitsTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.clock = Clock()
        self.circuits = circuits.Circuits(self.clock)

    def away(self, store: str = 'far') -> list[bool]:
        return [self.circuits.failed(store)
                for _each in range(circuits.FAILURES)]

    def test_opens(self) -> None:
        """Said once, and only of the store that failed."""
        self.assertEqual([False, False, True], self.away())
        self.assertEqual(['far'], self.circuits.opened())
        self.assertEqual(['far'], self.circuits.away())
        self.assertEqual(FIRST, self.circuits.wait(['fast', 'far']))
        self.assertEqual(0, self.circuits.wait(['fast']))
        self.assertEqual(0, self.circuits.wait([]))

    def test_in_a_row(self) -> None:
        for _each in range(5):
            self.assertFalse(self.circuits.failed('far'))
            self.assertFalse(self.circuits.failed('far'))
            self.assertEqual([], self.circuits.worked(['far']))
        self.assertEqual([], self.circuits.opened())

    def test_one_tries(self) -> None:
        """The others wait for what comes of it."""
        self.away()
        self.clock.now += FIRST
        self.assertEqual([], self.circuits.away())
        self.assertEqual(0, self.circuits.wait(['far']))
        self.assertEqual(['far'], self.circuits.away())
        self.assertEqual(FIRST, self.circuits.wait(['far']))
        self.assertFalse(self.circuits.failed('far'))
        self.assertEqual(2 * FIRST, self.circuits.wait(['far']))

    def test_trial_without_end(self) -> None:
        """Whoever tried was killed: another one tries."""
        self.away()
        self.clock.now += FIRST
        self.assertEqual(0, self.circuits.wait(['far']))
        self.clock.now += FIRST
        self.assertEqual(0, self.circuits.wait(['far']))

    def test_closes(self) -> None:
        self.away()
        self.clock.now += FIRST
        self.circuits.wait(['far'])
        self.assertEqual(['far'], self.circuits.worked(['fast', 'far']))
        self.assertEqual(0, self.circuits.wait(['far']))
        self.assertEqual([False, False, True], self.away())
        self.assertEqual(FIRST, self.circuits.wait(['far']))

    def test_many_at_once(self) -> None:
        """Jobs that ran when it went away do not make it wait for long."""
        self.away()
        for _each in range(61):
            self.assertFalse(self.circuits.failed('far'))
        self.assertEqual(FIRST, self.circuits.wait(['far']))

    def test_two_stores(self) -> None:
        """A job of both waits for both, and is then the one of both."""
        self.away('far')
        self.clock.now += 4
        self.away('bulk')
        self.assertEqual(FIRST, self.circuits.wait(['far', 'bulk']))
        self.clock.now += FIRST - 4
        self.assertEqual(4, self.circuits.wait(['far', 'bulk']))
        self.assertEqual(0, self.circuits.wait(['far']))
        self.clock.now += FIRST
        self.assertEqual(0, self.circuits.wait(['far', 'bulk']))
        self.assertEqual([FIRST, FIRST], [
            self.circuits.wait([store]) for store in ('far', 'bulk')])


_STORES = st.sampled_from('ab')


class CircuitsMachine(stateful.RuleBasedStateMachine):
    """Any order of failures and successes."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.circuits = circuits.Circuits(self.clock)
        self.failures = {'a': 0, 'b': 0}

    @stateful.rule(store=_STORES)
    def fail(self, store: str) -> None:
        self.failures[store] += 1
        assert self.circuits.failed(store) is (
            self.failures[store] == circuits.FAILURES)

    @stateful.rule(stores=st.sets(_STORES))
    def work(self, stores: set[str]) -> None:
        closed = {store for store in stores
                  if self.failures[store] >= circuits.FAILURES}
        assert closed == set(self.circuits.worked(stores))
        for store in stores:
            self.failures[store] = 0

    @stateful.rule(seconds=st.floats(0, 4000))
    def later(self, seconds: float) -> None:
        self.clock.now += seconds

    @stateful.rule(stores=st.sets(_STORES))
    def ask(self, stores: set[str]) -> None:
        away = stores & set(self.circuits.away())
        seconds = self.circuits.wait(stores)
        assert 0 <= seconds <= LONGEST
        assert bool(away) is (seconds > 0)
        if not stores & set(self.circuits.opened()):
            assert seconds == 0
        elif seconds == 0:
            # One at a time.
            assert self.circuits.wait(stores) >= FIRST
        else:
            # However long nothing comes of it, somebody may try at last.
            self.clock.now += LONGEST
            assert self.circuits.wait(stores) == 0

    @stateful.invariant()
    def opened(self) -> None:
        assert self.circuits.opened() == [
            store for store, failures in sorted(self.failures.items())
            if failures >= circuits.FAILURES]


class AnyOrderTest(unittest.TestCase):

    def test_any_order(self) -> None:
        stateful.run_state_machine_as_test(
            CircuitsMachine, settings=hypothesis.settings(
                max_examples=100, stateful_step_count=30, deadline=None))
