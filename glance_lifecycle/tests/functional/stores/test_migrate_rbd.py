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

"""A migration between pools of a real cluster: clones hold their image."""

from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests.functional.stores import test_store_copy_rbd
from glance_lifecycle.tests.functional.worker import test_migrate


class MigrateRbdTest(test_store_copy_rbd.RbdCopyCase,
                     test_migrate.MigrateCase):

    ends = ('fast', 'slow')

    def test_clone_holds(self) -> None:
        """It stays, and is dropped once the clone is independent."""
        source = self.source()
        expected = images.digests(source)
        free, held = (self.new_image(source) for _n in range(2))
        for image_id in (free, held):
            self.run_store('copy', image_id, '--to', 'fast')
            self.run_store('drop', image_id, '--from', 'files', '--yes')
        self.cluster.rbd('clone', f'images/{held}@snap', 'images/clone')
        daemon = self.useFixture(worker.Worker(
            self.api, test_migrate.POLICY))
        self.run_plan(daemon)
        found = self.wait(daemon, 'done', 'stopped')
        self.assertEqual('done', found['state'], str(found))
        self.assertEqual(['slow'], self.stores_of(free))
        self.assertEqual(['fast', 'slow'], self.stores_of(held))
        stays, = found['attention']
        self.assertEqual((held, 'stays'), (stays['image_id'],
                                           stays['state']))
        self.assertIn('"rbd flatten images/clone"', stays['detail'])
        for image_id in (free, held):
            self.assert_clonable(image_id, 'images2', expected)

        self.cluster.rbd('flatten', '--no-progress', 'images/clone')
        self.run_plan(daemon)
        found = self.wait(daemon, 'done', 'stopped')
        self.assertEqual(('done', []), (found['state'], found['attention']))
        self.assertEqual(['slow'], self.stores_of(held))
        self.cluster.rbd('rm', '--no-progress', 'images/clone')
