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

"""What is warned of, and the order of a switch."""

import unittest

from glance_lifecycle.planning import default_store
from glance_lifecycle.planning import switch_steps
from glance_lifecycle.tests.unit.planning import paper


class SwitchStepsTest(unittest.TestCase):

    def warnings(self, *changes: tuple[str, str], to: str = 'near'
                 ) -> list[str]:
        return list(switch_steps.warnings(default_store.switch(
            paper.cloud('edge', *changes), to)))

    def test_warnings(self) -> None:
        self.assertEqual([
            'main (Nova) can no longer clone new images that are raw: The '
            'copy is not in the cluster of Ceph that the disks are in.',
            'Snapshots of servers of main whose image has landed in near are '
            'uploaded, and no longer made in Ceph.'], self.warnings())

    def test_room(self) -> None:
        self.assertIn('No room is free in near.', self.warnings(
            ('free: 500 GiB', 'free: 0 GiB')))
        self.assertIn(
            'At the rate at which images come in, near is full in 14 days.',
            self.warnings(('free: 500 GiB', 'free: 100 GiB'), (
                '{default_store', '{growth_per_week: 50 GiB, '
                'default_store')))

    def test_order(self) -> None:
        """First all hosts know the store; then it is the default; and back.
        """
        switch = default_store.switch(paper.cloud('edge'), 'near')
        steps = list(switch_steps.steps(switch))
        self.assertIn('enabled_backends has near', steps[0])
        self.assertIn('default_backend = near', steps[2])
        back = list(switch_steps.back(switch))
        self.assertIn('default_backend = central', back[0])
        self.assertIn('migrate plan --from near --to central', back[1])
        self.assertIn('migrate plan --from central --to near',
                      switch_steps.move(switch))
