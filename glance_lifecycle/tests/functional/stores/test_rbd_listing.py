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

"""A listing reads headers, and tells what opening each image tells."""

from glance_lifecycle.tests.functional.stores import quarantine_case
from glance_lifecycle.tests.functional.stores import rbd_case
from glance_lifecycle.transfer.backends import inventory

IMAGE = rbd_case.IMAGE


class ListingTest(quarantine_case.QuarantineCase):

    def assert_listed(self) -> dict[str, inventory.Entry]:
        """As if each was opened; what is there by name."""
        there = self.quarantine
        found = {(one.place, one.name): one for one in there.entries()}
        for (place, name), one in found.items():
            with self.subTest(name):
                self.assertEqual(one, there._image(
                    there._look_at, place.split('/', 2)[2], name))
        return {name: one for (_place, name), one in found.items()}

    def test_as_opened(self) -> None:
        self.store()
        self.clone('images/clone', 2)
        for number, name in enumerate(('empty', 'one', 'three')):
            self.empty_image(name)
            for snapshot in range(number ** 2):
                self.cluster.rbd('snap', 'create', '--no-progress',
                                 f'images/{name}@{snapshot} \u00fc')
        self.empty_image('old', '--image-feature', 'layering')
        self.cluster.rbd('resize', '--no-progress', '--size', '3M',
                         'images/old')
        # A snapshot in the trash of snapshots.
        self.cluster.rbd('snap', 'unprotect', f'images/{IMAGE}@snap')
        self.cluster.rbd('snap', 'rm', '--no-progress',
                         f'images/{IMAGE}@snap')
        # More metadata than are read with one question.
        self.empty_image('much')
        with self.cluster.ioctx('images') as ioctx:
            import rbd
            with rbd.Image(ioctx, 'much') as image:
                for number in range(300):
                    image.metadata_set(f'key {number}', 'value')
                image.create_snap('snap')
        self.cluster.rbd('namespace', 'create', 'images/tenant')
        self.addCleanup(self.cluster.rbd, 'namespace', 'rm', 'images/tenant')
        self.cluster.rbd('create', '--size', '1M', 'images/tenant/inside')
        self.addCleanup(self.cluster.rbd, 'rm', '--no-progress',
                        'images/tenant/inside')
        found = self.assert_listed()
        self.assertEqual(
            {IMAGE: 1, 'clone': 0, 'empty': 0, 'one': 1, 'three': 4, 'old': 0,
             'much': 1, 'inside': 0},
            {name: one.hangs.snapshots for name, one in found.items()})
        self.assertEqual(['much'], [
            name for name, one in found.items() if one.usable])
        self.assertEqual(3 * rbd_case.MIB, found['old'].size)

    def test_half_made(self) -> None:
        """Its header is not there, and then nor is it."""
        entry = self.store()
        with self.cluster.ioctx('images') as ioctx:
            ioctx.remove_object('rbd_header.' + entry.identity)
        found = self.assert_listed()[IMAGE]
        self.assertIn('nothing behind it', found.note)

    def test_damaged(self) -> None:
        """Whatever librbd says of it is said."""
        entry = self.store()
        with self.cluster.ioctx('images') as ioctx:
            import rados
            with rados.WriteOpCtx() as operation:
                ioctx.remove_omap_keys(operation, ('modify_timestamp',))
                ioctx.operate_write_op(operation,
                                       'rbd_header.' + entry.identity)
        self.assertEqual(entry.identity,
                         self.assert_listed()[IMAGE].identity)
