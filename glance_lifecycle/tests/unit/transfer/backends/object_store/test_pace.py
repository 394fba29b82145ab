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

import unittest

from glance_lifecycle.transfer.backends.object_store import pace


class Clock:

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class PaceTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.clock = Clock()
        self.pace = pace.Pace(50, self.clock, self.clock.sleep)

    def sent(self, count: int) -> list[float]:
        found = []
        for _ in range(count):
            self.pace.wait()
            found.append(self.clock.now)
        return found

    def test_no_closer(self) -> None:
        times = self.sent(201)
        self.assertEqual(1000, times[0])
        self.assertAlmostEqual(1004, times[-1])
        for before, after in zip(times, times[1:], strict=False):
            self.assertGreater(after - before, 0.0199)

    def test_nothing_is_saved_up(self) -> None:
        self.sent(1)
        self.clock.now += 60
        times = self.sent(51)
        self.assertEqual(1060, times[0])
        self.assertAlmostEqual(1061, times[-1])

    def test_slower_than_that(self) -> None:
        """Who is slow by itself is not held up."""
        for _ in range(3):
            now = self.clock.now
            self.assertEqual([now], self.sent(1))
            self.clock.now += 0.03
