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

"""A placement that was saved is that of the same facts, or is refused."""

import json
import unittest

from glance_lifecycle import exceptions
from glance_lifecycle.planning import layout
from glance_lifecycle.planning import page_facts
from glance_lifecycle.planning import placement
from glance_lifecycle.planning import placement_file
from glance_lifecycle.tests.unit.planning import paper

FACTS = paper.text('ceph').encode()


class PlacementFileTest(unittest.TestCase):

    def setUp(self) -> None:
        cloud = paper.cloud('ceph')
        self.stores = [one.name for one in cloud.stores]
        self.placed = page_facts.placed(cloud, placement.search(
            cloud, layout.plan(cloud)))
        self.text = placement_file.text(FACTS, self.placed)

    def test_same(self) -> None:
        found = placement_file.load(self.text.encode(), FACTS, self.stores)
        self.assertEqual(self.placed, json.loads(json.dumps(found)))

    def refused(self, text: str, why: str, facts: bytes = FACTS) -> None:
        with self.assertRaisesRegex(exceptions.ConfigurationError, why):
            placement_file.load(text.encode(), facts, self.stores)

    def test_refused(self) -> None:
        self.refused(self.text, 'other facts than those of --cloud',
                     FACTS + b'\n')
        self.refused('{}', 'does not say that it is one')
        self.refused(self.text.replace('"advised"', '"today"'),
                     'not as it was made')

    def test_other_stores(self) -> None:
        self.placed['stores'] = self.placed['stores'][1:]
        self.refused(placement_file.text(FACTS, self.placed),
                     'has not the stores of the cloud')

    def test_not_written(self) -> None:
        """What would be refused when it is read."""
        self.placed['totals']['moved_per_week'] = 2 ** 63
        with self.assertRaisesRegex(
                exceptions.InputRefused, 'is not saved.*"moved_per_week"'):
            placement_file.text(FACTS, self.placed)

    def test_hostile(self) -> None:
        """Signed by nobody: each field is looked at."""
        for name, value in (
                ('keeps', 'x'), ('gap', -1), ('policy', 1), ('totals', {}),
                ('totals', []), ('stores', [{'name': 'a'}]), ('stores', 3),
                ('facts', 7)):
            self.refused(placement_file._KIND.text({
                'facts': 'x', **self.placed, name: value}), 'no plan of')
