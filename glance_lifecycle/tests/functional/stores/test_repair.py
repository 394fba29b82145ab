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

"""Copies in Ceph that are missing or wrong, mended on a host of Glance."""

from glance_lifecycle.copies import known
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import repair_case
from glance_lifecycle.tests.functional.stores import test_store_copy_rbd
from glance_lifecycle.transfer import entry_points

POOLS = test_store_copy_rbd.POOLS


class RbdRepairTest(repair_case.RepairCase, test_store_copy_rbd.RbdCopyCase):

    def setUp(self) -> None:
        super().setUp()
        path = self.source()
        self.expected = images.digests(path)
        self.image_id = self.new_image(path)
        self.rows('copy', self.image_id, '--to', 'fast', '--to', 'slow')

    def corrupt_in(self, pool: str) -> None:
        """Behind librbd's back, as a broken disk does."""
        with self.cluster.image(pool, self.image_id) as image:
            prefix = image.block_name_prefix()
        with self.cluster.ioctx(pool) as ioctx:
            # Without a snapshot context, so the snapshot's own bytes.
            ioctx.write(f'{prefix}.{0:016x}', b'broken', 100)

    def remove_from(self, pool: str) -> None:
        name = f'{pool}/{self.image_id}'
        self.cluster.rbd('snap', 'unprotect', f'{name}@snap')
        self.cluster.rbd('snap', 'rm', '--no-progress', f'{name}@snap')
        self.cluster.rbd('rm', '--no-progress', name)

    def test_wrong_and_missing(self) -> None:
        self.corrupt_in('images')
        self.remove_from('images2')
        answer = self.repair(self.image_id, '--dry-run')
        self.assertEqual(1, answer.code, str(answer))
        way = (known.Way.ASIDE if entry_points.entry(
            entry_points.QUARANTINES, 'rbd') else known.Way.FIRST)
        self.assertEqual(way is known.Way.FIRST,
                         'DESTRUCTIVE' in answer.stderr, answer.stderr)
        self.assertEqual({
            'files': ('good', 'none', 'well'),
            'fast': ('wrong', 'replace', 'mended'),
            'slow': ('missing', 'write', 'mended')},
            self.brief(self.repaired(self.image_id)))
        for pool in POOLS.values():
            self.assert_clonable(self.image_id, pool, self.expected)
        self.repaired(self.image_id)

    def test_without_its_snapshot(self) -> None:
        """It may be whole, and it may be half of an image: nobody can tell.
        """
        name = f'images/{self.image_id}@snap'
        self.cluster.rbd('snap', 'unprotect', name)
        self.cluster.rbd('snap', 'rm', '--no-progress', name)
        found = self.repaired(self.image_id, code=1)
        self.assertEqual(('wrong', 'leave', 'left'),
                         self.brief(found)['fast'])
        self.assertIn('has lost its snapshot', found['fast']['Detail'])

    def test_killed_when_the_wrong_one_has_gone(self) -> None:
        """And no new one is there: the next repair ends it all."""
        self.corrupt_in('images')
        command = self.operator().popen(*self.words_of(
            self.image_id, '--yes'))
        self.addCleanup(command.wait)
        self.addCleanup(command.kill)
        transfer.until('the wrong one has gone', lambda: (
            self.image_id not in self.cluster.images('images')),
            interval=0.001)
        command.kill()
        command.wait()
        self.assertEqual(['fast', 'files', 'slow'],
                         self.stores_of(self.image_id))
        # Its child may live on for a moment.
        transfer.until('it is mended', lambda: self.repair(
            self.image_id, '--yes').code == 0)
        self.assert_clonable(self.image_id, 'images', self.expected)

    def test_a_clone_hangs_on_it(self) -> None:
        self.cluster.rbd('clone', f'images/{self.image_id}@snap',
                         'images2/vm')
        self.corrupt_in('images')
        found = self.repaired(self.image_id, code=1)
        self.assertEqual(('wrong', 'leave', 'left'),
                         self.brief(found)['fast'])
        self.assertIn('hang on it', found['fast']['Detail'])
        self.cluster.rbd('rm', '--no-progress', 'images2/vm')
        self.assertEqual(('wrong', 'replace', 'mended'), self.brief(
            self.repaired(self.image_id))['fast'])
