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

import dataclasses
from typing import Any
import unittest

from glance_lifecycle.tests.unit.worker import test_action
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker import estimating

MIB = 2 ** 20


def copy(size: int, *stores: str) -> actions.Action:
    return sized(test_action.action(stores=list(stores)), size)


def sized(action: actions.Action, size: int) -> actions.Action:
    return dataclasses.replace(action, size=size)


class SpeedsTest(unittest.TestCase):

    def speeds(self, *done: tuple[actions.Action, float]
               ) -> estimating.Speeds:
        return estimating.Speeds((action.to_dict(), seconds)
                                 for action, seconds in done)

    def assert_takes(self, seconds: float, speeds: estimating.Speeds,
                     action: actions.Action) -> None:
        found = speeds.seconds(action)
        assert found is not None
        self.assertAlmostEqual(seconds, found)

    def test_copies(self) -> None:
        """Those to a store together: a large one counts for more."""
        speeds = self.speeds((copy(10 * MIB, 'far'), 1),
                             (copy(90 * MIB, 'far'), 4))
        self.assertEqual(2, speeds.count)
        self.assert_takes(2, speeds, copy(40 * MIB, 'far'))

    def test_slowest_store(self) -> None:
        speeds = self.speeds((copy(10 * MIB, 'far'), 1),
                             (copy(10 * MIB, 'bulk'), 4))
        # Each of both has half of it.
        self.assert_takes(8, speeds, copy(40 * MIB, 'far', 'bulk'))

    def test_one_pass(self) -> None:
        """A copy to two stores takes as long for each as for both."""
        speeds = self.speeds((copy(20 * MIB, 'far', 'bulk'), 2))
        self.assert_takes(2, speeds, copy(10 * MIB, 'bulk'))

    def test_not_known(self) -> None:
        speeds = self.speeds((copy(MIB, 'far'), 1))
        for other in (copy(MIB, 'bulk'), copy(2 * MIB, 'far', 'bulk'),
                      test_action.action('hide', attributes={})):
            self.assertIsNone(speeds.seconds(other))

    def test_others(self) -> None:
        """Their size does not matter."""
        speeds = self.speeds(
            (sized(test_action.action('delete'), MIB), 1),
            (sized(test_action.action('delete'), 2 * MIB), 2))
        self.assert_takes(1.5, speeds, sized(
            test_action.action('delete'), 100 * MIB))

    def test_no_bytes(self) -> None:
        self.assertIsNone(self.speeds((copy(0, 'far'), 1)).seconds(
            copy(MIB, 'far')))

    def test_what_is_no_action(self) -> None:
        values: list[dict[str, Any]] = [{}, {'kind': 'melt'}]
        self.assertEqual(0, estimating.Speeds(
            (value, 1.0) for value in values).count)

    def test_total(self) -> None:
        self.assertEqual(3.0, estimating.total([1, 2]))
        self.assertEqual(0, estimating.total([]))
        self.assertIsNone(estimating.total([1, None]))
