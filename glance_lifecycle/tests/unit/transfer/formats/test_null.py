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
import tempfile

from oslotest import base

from glance_lifecycle.transfer import extents
from glance_lifecycle.transfer.formats import null


class NullSourceTest(base.BaseTestCase):

    def test_zeros(self) -> None:
        source = null.NullSource(virtual_size=1000)
        self.assertEqual([extents.Extent(0, 1000, extents.Kind.ZERO)],
                         list(source.extents()))
        buffer = bytearray(b'x' * 10)
        source.read_into(5, memoryview(buffer))
        self.assertEqual(bytes(10), bytes(buffer))
        self.assertEqual(0, source.bytes_read)

    def test_empty(self) -> None:
        self.assertEqual([], list(null.NullSource().extents()))

    def test_size_and_life_of_a_descriptor(self) -> None:
        with tempfile.TemporaryFile() as handle:
            handle.truncate(77)
            fd = os.dup(handle.fileno())
            source = null.NullSource(fd, max_virtual_size=1)
            self.assertEqual(77, source.virtual_size)
            source.close()
            source.close()
            self.assertRaises(OSError, os.fstat, fd)
