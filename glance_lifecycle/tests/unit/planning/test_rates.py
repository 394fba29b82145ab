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

"""The pace of images that have moved."""

import unittest

from glance_lifecycle.planning import rates


class FitTest(unittest.TestCase):

    def test_line(self) -> None:
        """2 s each, and 10 bytes a second of one; four at once."""
        images = [(size, 2 + size / 10) for size in (10, 100, 1000, 400)]
        total = sum(seconds for _size, seconds in images) / 4
        pace = rates.fit(images, total, 4)
        assert pace is not None
        self.assertAlmostEqual(2, pace.each)
        self.assertAlmostEqual(40, pace.rate)
        self.assertAlmostEqual(total, pace.seconds(1510, 4))

    def test_one_size(self) -> None:
        """Then nothing is known but the sum."""
        pace = rates.fit([(100, 5.0)] * 4, 5.0, 4)
        assert pace is not None
        self.assertEqual((80.0, 0.0), (pace.rate, pace.each))

    def test_nothing(self) -> None:
        for images, seconds in (([], 0.0), ([(0, 1.0)], 1.0),
                                ([(10, 1.0)], 0.0)):
            self.assertIsNone(rates.fit(images, seconds, 4))

    def test_smaller_took_longer(self) -> None:
        """However odd: a rate is more than nothing."""
        pace = rates.fit([(10, 9.0), (100, 1.0)], 3.0, 4)
        assert pace is not None
        self.assertGreater(pace.rate, 0)
        self.assertAlmostEqual(3.0, pace.seconds(110, 2))
