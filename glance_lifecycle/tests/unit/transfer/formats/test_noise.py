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

"""Random bytes: the same wherever they are read, and none twice."""

import os
import unittest
import zlib

from glance_lifecycle.transfer import extents
from glance_lifecycle.transfer.formats import noise

SIZE = 2 ** 20


class NoiseTest(unittest.TestCase):

    def read(self, source: noise.NoiseSource, offset: int, length: int
             ) -> bytes:
        buffer = bytearray(length)
        source.read_into(offset, memoryview(buffer))
        return bytes(buffer)

    def test_anywhere(self) -> None:
        source = noise.NoiseSource(virtual_size=SIZE)
        whole = self.read(source, 0, SIZE)
        for offset, length in ((0, 1), (1, 40), (SIZE - 7, 7), (4096, 700000)):
            self.assertEqual(whole[offset:offset + length],
                             self.read(source, offset, length))
        self.assertGreater(len(zlib.compress(whole)), SIZE)
        self.assertNotIn(whole[:4096], whole[1:])
        self.assertEqual([extents.Extent(0, SIZE, extents.Kind.DATA)],
                         list(source.extents()))
        self.assertEqual(SIZE + 700048, source.bytes_read)
        self.assertNotEqual(whole, self.read(
            noise.NoiseSource(virtual_size=SIZE), 0, SIZE))

    def test_closed(self) -> None:
        source = noise.NoiseSource(os.open('/dev/null', os.O_RDONLY),
                                   virtual_size=0)
        self.assertEqual([], list(source.extents()))
        source.close()
        source.close()
