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

import hypothesis
from hypothesis import strategies

from glance_lifecycle.transfer.backends.rbd import writer

BLOCK = 4096

_PIECES = strategies.lists(strategies.one_of(
    strategies.integers(1, 3 * BLOCK).map(bytes),
    strategies.binary(min_size=1, max_size=20),
    strategies.integers(1, 3 * BLOCK).map(lambda n: b'\1' * n)),
    min_size=1, max_size=6)


class DataRunsTest(unittest.TestCase):

    def runs(self, data: bytes, offset: int = 0) -> list[tuple[int, int]]:
        return list(writer.data_runs(offset, data))

    def test_dense(self) -> None:
        self.assertEqual([(0, 3 * BLOCK)], self.runs(b'x' * 3 * BLOCK))

    def test_zeros(self) -> None:
        self.assertEqual([], self.runs(bytes(5 * BLOCK + 7)))

    def test_block_between(self) -> None:
        block = b'x' * BLOCK
        self.assertEqual(
            [(0, BLOCK), (2 * BLOCK, 2 * BLOCK + 1)],
            self.runs(block + bytes(BLOCK) + b'y'))

    def test_blocks_are_the_image_s(self) -> None:
        """Not the buffer's: half a block on each side is no whole one."""
        data = b'x' + bytes(BLOCK) + b'x'
        self.assertEqual([(0, len(data))], self.runs(data, BLOCK // 2))
        self.assertEqual([(0, 1), (1 + BLOCK, 2 + BLOCK)],
                         self.runs(data, BLOCK - 1))

    @hypothesis.given(_PIECES, strategies.integers(0, 2 * BLOCK))
    def test_any(self, pieces: list[bytes], offset: int) -> None:
        data = b''.join(pieces)
        copy = bytearray(len(data))
        last = -1
        for start, end in self.runs(data, offset):
            self.assertLess(last, start)
            self.assertLess(start, end)
            copy[start:end] = data[start:end]
            last = end
        self.assertEqual(data, bytes(copy))
