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


"""The text says what the report does, and not more than a page of it."""

import unittest

from glance_lifecycle.osc.common import advice_text
from glance_lifecycle.planning import layout
from glance_lifecycle.planning import placement
from glance_lifecycle.planning import report
from glance_lifecycle.tests.unit.planning import small_clouds


class AdviceTextTest(unittest.TestCase):

    def lines(self, *, search: bool, count: int = 0) -> list[str]:
        cloud = small_clouds.many(count) if count else (
            small_clouds.paper_with_room())
        plan = layout.plan(cloud)
        found = placement.search(cloud, plan) if search else None
        return list(advice_text.lines(
            report.summary(cloud, plan, found),
            report.best_moves(cloud, found, advice_text.MOST_ROWS)))

    def test_placement(self) -> None:
        lines = self.lines(search=True)
        self.assertIn('Cheapest placement, with what is booted, and golden '
                      'images, as fast as', lines)
        self.assertIn('    windows-2022 leaves archive because none of its '
                      'disks needs the copy in', lines)
        self.assertIn('  %-34s%16s%16s' % ('ceph', '1.15 EUR', '1.21 EUR'),
                      lines)

    def test_not_searched(self) -> None:
        self.assertNotIn('Cheapest', '\n'.join(self.lines(search=False)))

    def test_bounded(self) -> None:
        lines = self.lines(search=True, count=60)
        self.assertLess(len(lines), 120)
        self.assertRegex('\n'.join(lines),
                         r'And \d+ more; -f json names each\.')
