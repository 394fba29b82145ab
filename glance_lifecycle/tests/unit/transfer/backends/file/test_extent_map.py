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

import hypothesis
from hypothesis import strategies
import testtools

from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends.file import extent_map

Extent = extent_map.Extent

_ENCODED, _UNKNOWN, _INLINE = 0x8, 0x2, 0x200
_BLOCKS = strategies.lists(strategies.integers(0, 4), max_size=12)


def extents(blocks: list[int]) -> list[Extent]:
    """Of where each block of ten bytes is; 0 for a hole."""
    found: list[Extent] = []
    for number, place in enumerate(blocks):
        if place:
            found.append(Extent(number * 10, place * 1000 + number * 10, 10,
                                0))
    return found


class ApartTest(testtools.TestCase):

    @hypothesis.given(_BLOCKS, _BLOCKS, strategies.integers(0, 120),
                      strategies.integers(0, 120))
    def test_any(self, one: list[int], other: list[int], start: int,
                 end: int) -> None:
        """Each byte that the target has, and not from the source's place."""
        expected = {
            byte for number, place in enumerate(other)
            if place and place != (one[number] if number < len(one) else 0)
            for byte in range(number * 10, number * 10 + 10)
            if start <= byte < end}
        found = extent_map.apart(extents(one), extents(other), start, end)
        self.assertEqual(expected, {
            byte for first, last in found for byte in range(first, last)})
        # Neither empty ones nor two that are one.
        edges = [edge for part in found for edge in part]
        self.assertEqual(sorted(set(edges)), edges)

    def test_compressed(self) -> None:
        """Its parts all begin at the same place."""
        one = Extent(0, 500, 100, _ENCODED)
        self.assertEqual([], extent_map.apart([one], [one], 0, 100))
        self.assertEqual([(0, 100)], extent_map.apart(
            [one], [Extent(0, 600, 100, _ENCODED)], 0, 100))
        self.assertEqual([(0, 50)], extent_map.apart(
            [one], [Extent(0, 500, 50, 0)], 0, 100))

    def test_without_a_place(self) -> None:
        """What has none of its own gives none back."""
        for flag in (_UNKNOWN, _INLINE):
            one = Extent(0, 0, 100, flag)
            self.assertEqual([], extent_map.apart([], [one], 0, 100))
            self.assertEqual([(0, 100)], extent_map.apart(
                [one], [Extent(0, 0, 100, 0)], 0, 100))

    def test_taken(self) -> None:
        one = [Extent(0, 500, 100, 0)]
        self.assertEqual(100, extent_map.taken([one, one], 0, 100))
        self.assertEqual(60, extent_map.taken([one], 20, 80))
        self.assertEqual(150, extent_map.taken(
            [one, [Extent(0, 550, 100, 0)]], 0, 100))
        self.assertEqual(0, extent_map.taken([[], one], 100, 200))


class ExtentsTest(helpers.TempDirTestCase):

    def test_file(self) -> None:
        """Whatever the file system: holes have none, and all else has."""
        path = os.path.join(self.path, 'file')
        with open(path, 'w+b') as stream:
            for number in range(600):
                # One extent each, and more than one call asks for.
                stream.seek(number * 3 * 65536)
                stream.write(os.urandom(4096))
            stream.flush()
            size = stream.tell()
            try:
                found = extent_map.extents(stream.fileno(), 0, size)
            except OSError as error:
                # Such as tmpfs.
                self.assertEqual(95, error.errno)
                return
        self.assertLessEqual(600, len(found))
        self.assertEqual([*range(0, 600 * 3, 3)], [
            one.logical // 65536 for one in found])
