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

"""A switch as plain data says where its numbers are from."""

import json
import unittest

from glance_lifecycle.planning import default_store
from glance_lifecycle.planning import switch_report
from glance_lifecycle.tests.unit.planning import paper


class SwitchReportTest(unittest.TestCase):

    def test_report(self) -> None:
        cloud = paper.cloud('edge', ('{default_store', '{growth_per_week: '
                                     '50 GiB, default_store'))
        found = switch_report.report(cloud, default_store.switch(
            cloud, 'near'))
        self.assertEqual(found, json.loads(json.dumps(found)))
        self.assertEqual(('central', 'near'), (found['from'], found['to']))
        main = found['consumers'][0]
        self.assertEqual(('main', 'Nova', 'raw', 'loses clones'), tuple(
            main[key] for key in ('name', 'service', 'format', 'change')))
        self.assertEqual(
            {'cloned': False, 'condition': 'same-cluster', 'why': 'The copy '
             'is not in the cluster of Ceph that the disks are in.',
             'first_seconds': 32.427, 'later_seconds': 6.827}, main['after'])
        self.assertEqual({'value': 0.06, 'from': 'assumed'},
                         found['stores'][1]['cost_per_gib_month'])
        self.assertEqual([716.8, 70], [
            one['days_until_full'] for one in found['stores']])
        self.assertEqual('given', found['growth_per_week']['from'])
        self.assertEqual({
            'compute_group': 'main',
            'image_in_old_store': {'store': 'central', 'uploaded': False,
                                   'why': None},
            'image_in_new_store': {
                'store': 'near', 'uploaded': True,
                'why': main['after']['why']}}, found['snapshots'][0])
        self.assertIn('default_backend = near\n', found['configuration'])

    def test_growth_unknown(self) -> None:
        cloud = paper.cloud('edge')
        found = switch_report.report(cloud, default_store.switch(
            cloud, 'near'))
        self.assertIsNone(found['growth_per_week'])
        self.assertIsNone(found['stores'][0]['days_until_full'])
