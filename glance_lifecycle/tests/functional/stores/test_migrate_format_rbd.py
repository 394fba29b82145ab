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

"""``openstack image lifecycle migrate format`` into real pools of Ceph."""

from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional import format_case
from glance_lifecycle.tests.functional.stores import test_store_copy_rbd


class MigrateFormatRbdTest(test_store_copy_rbd.PoolsCase,
                           format_case.FormatCase):

    def assert_in(self, new: client.Image, *stores: str) -> None:
        self.assertEqual(','.join(stores), new['stores'])
        self.assertEqual((self.raw.size, self.raw.sha512), (
            new['size'], new['os_hash_value']))
        for store in stores:
            self.assert_clonable(
                new['id'], test_store_copy_rbd.POOLS[store], self.raw)

    def in_pool(self, name: str) -> str:
        """A qcow2 that lies in a pool, where nothing can be cloned of it."""
        found = self.image(name=name)
        self.run_store('copy', found, '--to', 'fast')
        self.run_store('drop', found, '--from', 'files', '--yes')
        return found

    def test_can_be_cloned(self) -> None:
        """Of what lay in files, and of what lay in a pool."""
        before = {one: self.admin.get(one) for one in (
            self.image(name='in files'), self.in_pool('in a pool'))}
        self.plan('--to', 'fast', '--to', 'slow')
        found = self.became('--yes')
        for image_id, was in before.items():
            self.assertEqual('replaced', found[image_id][0], str(found))
            self.assert_replaced(was, found[image_id][1], 'fast', 'slow')

    def test_cloned_meanwhile(self) -> None:
        """By somebody whom neither Nova nor Cinder know: it is kept."""
        image_id = self.in_pool('one')
        self.admin.update(image_id, protected=True)
        self.plan('--to', 'fast')
        (_result, new, _detail), = self.became('--yes').values()
        self.cluster.rbd('clone', f'images/{new}@snap', 'images/clone')
        (result, _new, detail), = self.became(
            '--yes', '--delete', word='undo', code=3).values()
        self.assertEqual('left', result)
        self.assertIn('in use', detail)
        self.assertEqual([(False, True), (True, True)], [
            (found['os_hidden'], found['protected'])
            for found in map(self.admin.get, (image_id, new))])
        self.cluster.rbd('rm', '--no-progress', 'images/clone')
        self.assert_in(self.admin.get(new), 'fast')
        self.became('--yes', '--delete', word='undo')
        self.assertFalse(self.admin.exists(new))
        self.admin.update(image_id, protected=False)

    def test_killed(self) -> None:
        """Before each of its steps: what was written is not left behind."""
        was = self.admin.get(self.in_pool('one'))
        self.plan('--to', 'fast', '--to', 'slow')
        for name in ('import_to', '_imported', '_check', 'change'):
            self.assertTrue(self.killed(
                'run', format_case.RUN, (name,), 1), name)
        (_result, new, _detail), = self.became('--yes').values()
        self.assert_replaced(was, new, 'fast', 'slow')
        # Of the attempts before, neither images nor objects are left.
        self.assertEqual(sorted([was['id'], new]),
                         self.cluster.images('images'))
        self.assertEqual([new], self.cluster.images('images2'))
