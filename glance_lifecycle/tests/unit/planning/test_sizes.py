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

"""Bytes and money, by format and store."""

import unittest

from glance_lifecycle.planning import formats
from glance_lifecycle.planning.formats import Format
from glance_lifecycle.planning import sizes
from glance_lifecycle.tests.unit.planning import paper

GIB = 1024 ** 3


class SizesTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        cloud = paper.cloud('ceph')
        self.ceph, self.objects = cloud.stores
        # 10 GiB, 2 of them data, that take 1 compressed.
        self.image = cloud.images[0]

    def test_size(self) -> None:
        """A download of raw reads its holes, too."""
        self.assertEqual([10 * GIB, 2 * GIB, GIB], [
            sizes.size(self.image, kind) for kind in formats.CHOICES])

    def test_compressed_again(self) -> None:
        """What it is stored as is known; the rest comes of a ratio."""
        image = paper.changed(self.image, size=1.5 * GIB)
        self.assertEqual(1.5 * GIB, sizes.size(image, Format.COMPRESSED))
        raw = paper.changed(image, disk_format='raw', compression=0.25)
        self.assertEqual(0.5 * GIB, sizes.size(raw, Format.COMPRESSED))

    def test_stored(self) -> None:
        """Holes take no room where the store is thin."""
        for store, found in ((self.ceph, [2 * GIB, 2 * GIB, GIB]),
                             (self.objects, [10 * GIB, 2 * GIB, GIB])):
            self.assertEqual(found, [sizes.stored(self.image, kind, store)
                                     for kind in formats.CHOICES])

    def test_cost(self) -> None:
        """Three replicas at 0.02, against one copy at 0.01."""
        for store, found in ((self.ceph, [0.12, 0.12, 0.06]),
                             (self.objects, [0.1, 0.02, 0.01])):
            self.assertEqual(found, [
                round(sizes.cost(self.image, kind, store), 9)
                for kind in formats.CHOICES])
