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

"""What the report shows is what "advise" says of the same facts."""

import json
import unittest
from unittest import mock

from glance_lifecycle.planning import layout
from glance_lifecycle.planning import page_facts
from glance_lifecycle.planning import placement
from glance_lifecycle.planning import report
from glance_lifecycle.planning import solver
from glance_lifecycle.tests.unit.planning import paper
from glance_lifecycle.tests.unit.planning import small_clouds

_TOTALS = ('stored', 'on_disks', 'cost', 'disks_per_week', 'cloned_per_week',
           'seconds_per_disk', 'moved_per_week')


class PageFactsTest(unittest.TestCase):

    def test_as_advised(self) -> None:
        """The sums of the placement, in all and of each store."""
        for cloud in (small_clouds.paper_with_room(), small_clouds.many(60),
                      paper.cloud('ceph'), paper.cloud('edge')):
            plan = layout.plan(cloud)
            said = report.summary(cloud, plan, placement.search(cloud, plan))
            found = page_facts.page(cloud)
            self.assertTrue(found['placed'])
            self.assertEqual(said['before'], found['before'])
            self.assertEqual(
                {key: said['placement'][key] for key in _TOTALS},
                found['after'])
            self.assertEqual(said['placement']['gap'], found['gap'])
            self.assertEqual(
                [one['placed'] for one in said['stores']],
                [{key: one['after'][key] for key in ('stored', 'cost')}
                 for one in found['stores']])
            economics = {one['name']: one
                         for one in said['economics']['stores']}
            for one in found['stores']:
                for key in ('stored', 'cost'):
                    row = economics.get(one['name'], {})
                    self.assertAlmostEqual(row.get(key + '_after', 0),
                                           one['after'][key], 4)
            self.assertEqual(said['sensitivity'], found['sensitivity'])
            self.assertEqual(found, json.loads(json.dumps(found)))

    def test_saved(self) -> None:
        """It is believed: the same page, and nothing is searched."""
        cloud = small_clouds.many(60)
        plan = layout.plan(cloud)
        saved = page_facts.placed(cloud, placement.search(
            cloud, plan, advised=False))
        with mock.patch.object(placement, 'search') as search:
            found = page_facts.page(cloud, saved)
            search.assert_not_called()
        self.assertEqual(('today', saved['totals']), (
            found['keeps'], found['after']))

    def test_not_searched(self) -> None:
        """Then it is the layout, and it says why."""
        cloud = paper.cloud('edge')
        for error, why in (
                (solver.SolverMissing(detail=''), 'HiGHS is not installed'),
                (solver.NotSolved(detail='x'), 'not found in 3 seconds')):
            with mock.patch.object(placement, 'search', side_effect=error):
                found = page_facts.page(cloud)
            self.assertFalse(found['placed'])
            self.assertIn(why, found['why_not'])
            self.assertEqual(420, found['after']['cloned_per_week'])
        with mock.patch.object(page_facts, 'MOST_SEARCHED', 0):
            self.assertIn('--save-placement FILE',
                          page_facts.page(cloud)['why_not'])

    def test_not_cloned(self) -> None:
        found = page_facts.page(paper.cloud('edge'))['not_cloned']
        self.assertEqual([
            ('Nova', 'edge', 'same-cluster', 1, 20),
            ('Nova', 'far', 'same-cluster', 1, 4)],
            [tuple(one.values()) for one in found])

    def test_sources(self) -> None:
        """As many as there are facts, and from where each is."""
        cloud = small_clouds.paper_with_room()
        facts = list(report.lists(cloud, layout.plan(cloud))['facts'])
        found = report.sources(cloud)
        self.assertEqual(len(facts), sum(one['count'] for one in found))
        for source in ('measured', 'read', 'given', 'assumed'):
            self.assertEqual(
                sum(one['from'] == source for one in facts),
                sum(one['count'] for one in found if one['from'] == source))
