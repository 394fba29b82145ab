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

"""From a plan to the purge, and back, with a pool of a real Glance."""

from glance_lifecycle.tests.functional import reclaim_case
from glance_lifecycle.tests.functional.stores import test_hygiene_rbd


class RbdReclaimTest(test_hygiene_rbd.RbdHygieneCase,
                     reclaim_case.ReclaimCase):

    def test_whole_way(self) -> None:
        images = self.new_images()
        orphan, cloned, thrown = (self.orphan() for _one in range(3))
        self.clone(cloned, 'images2/volume', 2)
        self.rbd('trash', 'mv', f'images/{thrown}')
        before = self.rbd('info', '--format', 'json', f'images/{orphan}')
        plan = self.plan(code=3)
        self.assertEqual({('GLC020', orphan), ('GLC023', thrown)}, {
            (row['Code'], row['Image']) for row in self.planned.json
            if row['Step'] != 'left'})
        self.assertEqual({orphan: 'quarantined', thrown: 'quarantined'},
                         self.outcomes(self.reclaim('apply', str(plan))))
        self.assertEqual(sorted((*images, cloned)),
                         self.cluster.images('images'))
        self.assertEqual(
            {'GLC038': sorted((orphan, thrown)), 'GLC024': [cloned]},
            self.about(self.found(code=0)))
        self.assertEqual({orphan: 'restored', thrown: 'restored'},
                         self.outcomes(self.reclaim('undo', str(plan))))
        self.assertEqual(before, self.rbd(
            'info', '--format', 'json', f'images/{orphan}'))
        # The same plan goes on: nothing about them has changed.
        self.reclaim('apply', str(plan))
        self.assertEqual(
            {orphan: 'purged', thrown: 'purged'}, self.outcomes(
                self.reclaim('apply', str(plan), '--purge', '--yes')))
        self.assertEqual('', self.rbd('trash', 'ls', 'images'))
        self.assertEqual(sorted((*images, cloned)),
                         self.cluster.images('images'))
        for image_id in images:
            self.assertTrue(self.admin.download(image_id))
