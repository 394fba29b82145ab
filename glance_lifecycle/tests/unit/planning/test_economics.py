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


"""What it costs by store, project and class adds up to what it costs."""

import unittest

from glance_lifecycle.planning import compared
from glance_lifecycle.planning import economics
from glance_lifecycle.planning import layout
from glance_lifecycle.tests.unit.planning import small_clouds


class EconomicsTest(unittest.TestCase):

    def test_table(self) -> None:
        cloud = small_clouds.paper_with_room(
            ('    size: 800 MiB\n', '    size: 800 MiB\n    golden: true\n'
             '    project: p1\n'),
            ('    size: 40 GiB\n', '    size: 40 GiB\n    class: desktop\n'))
        plan = layout.plan(cloud)
        found = economics.table(plan.images)
        for rows in found.values():
            for when, totals in (
                    ('before', compared.before(cloud, plan.totals)),
                    ('after', compared.after(cloud, plan))):
                self.assertAlmostEqual(totals.cost, sum(
                    one['cost_' + when] for one in rows), 4)
                self.assertAlmostEqual(totals.stored, sum(
                    one['stored_' + when] for one in rows), -1)
        self.assertEqual(['desktop', 'booted', 'golden'],
                         [one['name'] for one in found['classes']])
        self.assertEqual({'p1', 'not known'},
                         {one['name'] for one in found['projects']})
        self.assertEqual([2, 2], [one['images_before']
                                  for one in found['stores']])
