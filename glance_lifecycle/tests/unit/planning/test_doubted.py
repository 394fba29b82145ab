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

"""A cloud in which one number is another."""

import unittest

from glance_lifecycle.planning import doubted
from glance_lifecycle.planning import known
from glance_lifecycle.tests.unit.planning import paper

GIB = 1024 ** 3


class DoubtedTest(unittest.TestCase):

    def doubt(self, name: str, turned: str, only: str = ''
              ) -> doubted.Doubt:
        found, = (one for one in doubted.doubts(paper.cloud('ceph'))
                  if (one.name, one.turned, one.only) == (
                      name, turned, only))
        return found

    def test_store(self) -> None:
        """One alone, wherever it stands."""
        cloud = paper.cloud('ceph')
        other = doubted.changed(cloud, self.doubt(
            'cost', 'twice that', 'objects'))
        ceph, objects = other.stores
        self.assertIs(cloud.stores[0].cost, ceph.cost)
        self.assertEqual(known.Known(0.02, known.Source.GIVEN), objects.cost)
        self.assertEqual(objects, other.default_store)
        self.assertEqual([objects, ceph], [
            one.copies[0].store for one in other.images])

    def test_assumed(self) -> None:
        """Of all that do not say it, and of no other."""
        cloud = paper.cloud('ceph', ('kind: s3,', 'kind: s3, '
                                     'read_per_second: 7 MiB,'))
        doubt, = (one for one in doubted.doubts(cloud)
                  if (one.name, one.turned, one.source) == (
                      'read_per_second', 'twice that',
                      known.Source.ASSUMED))
        self.assertEqual([800 * 1024 ** 2, 7 * 1024 ** 2], [
            one.read_per_second.value
            for one in doubted.changed(cloud, doubt).stores])

    def test_cannot_be(self) -> None:
        """No more data than disk, no compressed data larger than before."""
        cloud = paper.cloud('ceph', (
            'data_size: 2 GiB', 'data_size: 6 GiB\n    compression: 0.9'))
        doubt, = (one for one in doubted.doubts(cloud)
                  if (one.name, one.turned, one.source) == (
                      'data_size', 'twice that', known.Source.GIVEN))
        first = doubted.changed(cloud, doubt).images[0]
        self.assertEqual(10 * GIB, first.data_size.value)
        doubt, = (one for one in doubted.doubts(cloud)
                  if (one.name, one.turned, one.source) == (
                      'compression', 'twice that', known.Source.GIVEN))
        self.assertEqual(1, doubted.changed(
            cloud, doubt).images[0].compression.value)

    def test_weekly(self) -> None:
        first, second = doubted.changed(paper.cloud('ceph'), self.doubt(
            'boots_per_week', 'half of that')).images
        self.assertEqual((200, 100, 300), (
            first.boots['main'].value, first.volumes['volumes'].value,
            first.used))
        self.assertEqual({}, second.boots)
