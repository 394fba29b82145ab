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

"""What Glance says of stores, and what is filled in where nobody says."""

from typing import Any
import unittest

from glance_lifecycle.audit.cloud import images
from glance_lifecycle.audit.cloud import stores

FSID = '4d6c0b1e-0000-4000-8000-0000000000a1'
RBD = f'rbd://{FSID}/images/i/snap'


class StoresTest(unittest.TestCase):

    def setUp(self) -> None:
        self.notes: list[str] = []

    def items(self, *found: dict[str, Any]) -> list[dict[str, Any]]:
        return stores.items(found, self.notes.append)

    def filled(self, **item: Any) -> dict[str, Any]:
        catalogue = images.collect([{
            'id': 'i', 'name': 'i', 'status': 'active', 'stores': 's',
            'size': 5, 'disk_format': 'raw', 'direct_url': RBD}],
            {'s': ''}, self.notes.append)
        item = {'name': 's', **item}
        stores.filled([item], catalogue, self.notes.append)
        return item

    def test_told(self) -> None:
        self.assertEqual([
            {'name': 'a', 'kind': 'rbd', 'weight': 7, 'fsid': FSID,
             'thin': {'value': True, 'from': 'read'}},
            {'name': 'b', 'kind': 'other'}, {'name': 'c'}], self.items(
                {'id': 'a', 'type': 'rbd', 'weight': 7, 'properties': {
                    'fsid': FSID.upper(), 'thin_provisioning': True,
                    'pool': 'x'}},
                {'id': 'b', 'type': 'vmware', 'weight': 'heavy',
                 'properties': 3}, {'id': 'c'}))

    def test_hostile(self) -> None:
        found = self.items(
            {'id': '\x1b', 'type': 'rbd', 'weight': 10 ** 30,
             'properties': {'fsid': 'no fsid', 'thin_provisioning': 'x'}},
            *({'id': str(number)} for number in range(100)))
        self.assertEqual({'name': '\\x1b', 'kind': 'rbd', 'weight': 10 ** 6},
                         found[0])
        self.assertEqual(50, len(found))
        self.assertIn('more than 50 stores', self.notes[0])

    def test_default(self) -> None:
        self.assertEqual('b', stores.default(
            [{'id': 'a'}, {'id': 'b', 'default': 'true'}]))
        self.assertEqual('', stores.default([{'id': 'a'}]))

    def test_filled(self) -> None:
        """By what locations show; the rest is assumed, and noted."""
        item = self.filled()
        self.assertEqual(('rbd', FSID), (item['kind'], item['fsid']))
        self.assertEqual({'value': stores.ROOM, 'from': 'assumed'},
                         item['free'])
        self.assertEqual(stores.ROOM + 5, item['capacity']['value'])
        self.assertEqual({'value': 1, 'from': 'assumed'},
                         item['cost_per_gib_month'])
        self.assertEqual(3, len(self.notes))

    def test_known(self) -> None:
        """Nothing is changed, and nothing noted."""
        known = {'name': 's', 'kind': 'file', 'free': '1 GiB',
                 'capacity': '2 GiB', 'cost_per_gib_month': 0}
        self.assertEqual(known, self.filled(**known))
        self.assertEqual([], self.notes)
        self.assertEqual({'value': 2 ** 30 + 5, 'from': 'assumed'},
                         self.filled(kind='file', free='1 GiB')['capacity'])

    def test_unknown_cluster(self) -> None:
        item = {'name': 't', 'kind': 'rbd'}
        stores.filled([item], images.Catalogue(), self.notes.append)
        self.assertEqual('unknown', item['fsid'])
        self.assertIn('The cluster of store t is not known', self.notes[0])
