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

"""All that is told, as plain data that can be followed."""

import json
import unittest

from glance_lifecycle.planning import cloud_file
from glance_lifecycle.planning import report
from glance_lifecycle.tests.unit.planning import paper


class ReportTest(unittest.TestCase):

    def test_all(self) -> None:
        found = json.loads(json.dumps(report.report(paper.cloud('edge'))))
        self.assertEqual(1, found['version'])
        self.assertEqual(400, found['before']['cloned_per_week'])
        self.assertEqual(420, found['after']['cloned_per_week'])
        self.assertEqual(6, len(found['formats']))
        image, = found['images']
        self.assertEqual((['central'], ['central', 'near']), (
            image['stores_before'], image['stores_after']))
        self.assertEqual(
            {'main': (None, None), 'edge': ('same-cluster', None),
             'far': ('same-cluster', 'same-cluster')},
            {one['name']: (one['before']['condition'],
                           one['after']['condition'])
             for one in image['consumers']})

    def test_stores(self) -> None:
        """What they hold and cost are parts of the sums."""
        found = report.report(cloud_file.load(paper.EXAMPLE.read_bytes()))
        self.assertEqual(['ceph', 'archive'],
                         [one['name'] for one in found['stores']])
        self.assertEqual(6 * 1024 ** 4, found['stores'][0]['free'])
        for when in ('before', 'after'):
            # Each is rounded.
            self.assertAlmostEqual(found[when]['stored'], sum(
                one[when]['stored'] for one in found['stores']), delta=2)
            self.assertAlmostEqual(found[when]['cost'], sum(
                one[when]['cost'] for one in found['stores']), 4)

    def test_facts(self) -> None:
        """Each number says where it is from."""
        found = report.report(cloud_file.load(paper.EXAMPLE.read_bytes()))
        facts = {(one['name'], one['fact']): (one['value'], one['from'])
                 for one in found['facts']}
        for key, fact in (
                (('ceph', 'clone_seconds'), (0.6, 'measured')),
                (('ceph', 'factor'), (3, 'read')),
                (('ceph', 'thin'), (True, 'given')),
                (('archive', 'read_per_second'), (104857600, 'assumed')),
                (('windows-2022', 'disks a week of main'), (60, 'read'))):
            self.assertEqual(fact, facts[key])
        self.assertLess({one['from'] for one in found['facts']},
                        {'measured', 'read', 'given', 'assumed', ''})
