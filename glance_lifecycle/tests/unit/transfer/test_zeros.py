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

import os

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies
from oslotest import base

from glance_lifecycle.transfer import extents
from glance_lifecycle.transfer import zeros

DATA, ZERO = extents.Kind.DATA, extents.Kind.ZERO
GRAIN = zeros.GRAIN


def refined(content: bytes, start: int = 0,
            pieces: tuple[extents.Extent, ...] = ()
            ) -> list[tuple[int, int, extents.Kind]]:
    whole = (extents.Extent(start, len(content), DATA),)
    return [(e.start, e.length, e.kind) for e in zeros.refined(
        pieces or whole, memoryview(content), start)]


class RefinedTest(base.BaseTestCase):

    def test_all_data(self) -> None:
        content = os.urandom(3 * GRAIN)
        self.assertEqual([(0, 3 * GRAIN, DATA)], refined(content))

    def test_all_zeros(self) -> None:
        self.assertEqual([(7, 5 * GRAIN, ZERO)],
                         refined(bytes(5 * GRAIN), start=7))

    def test_a_late_byte_makes_it_data(self) -> None:
        content = bytes(2 * GRAIN - 1) + b'x' + bytes(GRAIN)
        self.assertEqual(
            [(0, GRAIN, ZERO), (GRAIN, GRAIN, DATA), (2 * GRAIN, GRAIN, ZERO)],
            refined(content))

    def test_grains_are_of_guest_offsets(self) -> None:
        content = bytes(GRAIN) + b'x' * GRAIN
        self.assertEqual(
            [(100, GRAIN - 100, ZERO), (GRAIN, GRAIN + 100, DATA)],
            refined(content, start=100))

    def test_known_zeros_are_not_looked_at(self) -> None:
        pieces = (extents.Extent(0, GRAIN, ZERO),
                  extents.Extent(GRAIN, GRAIN, DATA))
        self.assertEqual([(0, GRAIN, ZERO), (GRAIN, GRAIN, DATA)],
                         refined(b'x' * 2 * GRAIN, pieces=pieces))

    @settings(max_examples=60)
    @given(strategies.lists(strategies.tuples(
        strategies.booleans(), strategies.integers(1, 150000)),
        min_size=1, max_size=6), strategies.integers(0, 200000))
    def test_same_bytes(self, layout: list[tuple[bool, int]],
                        start: int) -> None:
        content = b''.join((b'x' if data else b'\0') * length
                           for data, length in layout)
        position = start
        for begin, length, kind in refined(content, start):
            self.assertEqual(position, begin)
            at = begin - start
            self.assertTrue(kind is DATA or not any(
                content[at:at + length]))
            position += length
        self.assertEqual(start + len(content), position)


class ClearTest(base.BaseTestCase):

    def test_any_length(self) -> None:
        for length in (0, 1, len(zeros.BLOCK), 2 * len(zeros.BLOCK) + 5):
            content = bytearray(b'x' * length)
            zeros.clear(memoryview(content))
            self.assertEqual(bytes(length), content)
