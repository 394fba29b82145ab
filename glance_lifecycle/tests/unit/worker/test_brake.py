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

"""How many may be touched."""

import unittest

import hypothesis
from hypothesis import strategies as st

from glance_lifecycle.worker import brake

_NUMBERS = st.integers(0, 1000)


class BrakeTest(unittest.TestCase):

    def test_images(self) -> None:
        some = brake.Brake(images=3)
        self.assertEqual([False, False, True], [
            some.reached(touched) for touched in (0, 3, 4)])
        self.assertFalse(some.holds(3, 3))
        self.assertTrue(some.holds(4, 1_000_000))

    def test_percent(self) -> None:
        """Of few images, ten are always allowed."""
        some = brake.Brake(percent=20)
        for touched, of, held in ((10, 10, False), (11, 11, True),
                                  (20, 100, False), (21, 100, True),
                                  (11, 0, True), (10, 0, False)):
            self.assertIs(held, some.holds(touched, of), (touched, of))
        self.assertFalse(some.reached(1_000_000))

    def test_none(self) -> None:
        self.assertFalse(brake.Brake().holds(1_000_000, 1))

    def test_text(self) -> None:
        text = brake.Brake(5, 20).text(7, 9)
        for part in ('on 7 images of 9', 'brake_images (5)',
                     'brake_percent (20)'):
            self.assertIn(part, text)

    @hypothesis.given(_NUMBERS, st.integers(0, 100), _NUMBERS, _NUMBERS,
                      _NUMBERS)
    def test_more_is_not_let_through(self, images: int, percent: int,
                                     touched: int, more: int, of: int
                                     ) -> None:
        """What is too much is too much with one more, or of fewer."""
        some = brake.Brake(images, percent)
        if some.holds(touched, of + more):
            self.assertTrue(some.holds(touched + more, of))
        if some.reached(touched):
            self.assertTrue(some.holds(touched, of))
