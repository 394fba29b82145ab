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

"""Windows cover the extents exactly, in order, and stay small."""

import unittest

import hypothesis
from hypothesis import strategies

from glance_lifecycle.transfer import extents
from glance_lifecycle.transfer import window

SIZE = 64
DATA, ZERO = extents.Kind.DATA, extents.Kind.ZERO


def laid_out(runs: list[tuple[int, bool]]) -> list[extents.Extent]:
    found, start = [], 0
    for length, data in runs:
        found.append(extents.Extent(start, length, DATA if data else ZERO))
        start += length
    return found


class WindowTest(unittest.TestCase):

    @hypothesis.given(strategies.lists(strategies.tuples(
        strategies.integers(1, 5 * SIZE), strategies.booleans()),
        max_size=30))
    def test_cover_exactly(self, runs: list[tuple[int, bool]]) -> None:
        source = laid_out(runs)
        kinds = [e.kind for e in source for _ in range(e.length)]
        at = 0
        for found in window.windows(source, SIZE):
            self.assertEqual(at, found.start)
            for piece in found.pieces:
                self.assertEqual(at, piece.start)
                self.assertTrue(all(
                    kind is piece.kind
                    for kind in kinds[piece.start:piece.end]))
                at = piece.end
            self.assertEqual(at, found.end)
            if not found.is_zero:
                self.assertEqual(found.start // SIZE,
                                 (found.end - 1) // SIZE)
        self.assertEqual(len(kinds), at)

    def test_a_long_run_of_zeros_is_one_window(self) -> None:
        source = laid_out([(10, True), (1000 * SIZE, False), (10, True)])
        self.assertLessEqual(len(list(window.windows(source, SIZE))), 4)

    def test_small_extents_share_a_window(self) -> None:
        source = laid_out([(4, i % 2 == 0) for i in range(16)])
        found = list(window.windows(source, SIZE))
        self.assertEqual(1, len(found))
        self.assertEqual(16, len(found[0].pieces))
