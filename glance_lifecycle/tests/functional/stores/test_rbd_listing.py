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

from glance_lifecycle import exceptions
from glance_lifecycle.tests.functional.stores import quarantine_case
from glance_lifecycle.tests.functional.stores import rbd_case
from glance_lifecycle.transfer.backends import inventory

IMAGE = rbd_case.IMAGE
Kind = inventory.Kind


class ListingTest(quarantine_case.QuarantineCase):

    def assert_listed(self) -> dict[str, inventory.Entry]:
        """As if each was opened; what is there by name."""
        there = self.quarantine
        found = {(one.place, one.name): one for one in there.entries()}
        for (place, name), one in found.items():
            with self.subTest(name):
                namespace = place.split('/', 2)[2]
                if one.kind in (Kind.TRASH, Kind.QUARANTINED):
                    trashed, = (it for it in self.trashed()
                                if it['id'] == one.identity)
                    self.assertEqual(one, there._trashed(
                        namespace, trashed, there._look_at))
                else:
                    self.assertEqual(one, there._image(
                        there._look_at, namespace, name))
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
        self.much('much')
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

    def test_trash(self) -> None:
        """Of whomever; with a mark, with one that is broken, and much."""
        self.taken()
        marks = {'plain': None, 'broken': b'{', 'bytes': b'\xff'}
        for name, mark in marks.items():
            self.empty_image(name)
            if mark is not None:
                with self.cluster.ioctx('images') as ioctx:
                    import rados
                    with rados.WriteOpCtx() as operation:
                        ioctx.set_omap(
                            operation, ('metadata_lifecycle_quarantine',),
                            (mark,))
                        ioctx.operate_write_op(
                            operation,
                            'rbd_header.' + self.listed(name).identity)
        self.much('much')
        for name in (*marks, 'much'):
            self.cluster.rbd('trash', 'mv', f'images/{name}')
        found = self.assert_listed()
        self.assertEqual(
            {IMAGE: Kind.QUARANTINED, **dict.fromkeys(
                (*marks, 'much'), Kind.TRASH)},
            {name: one.kind for name, one in found.items()})
        self.assertEqual([found[IMAGE].spot], [
            one.entry.spot for one in self.kept()])

    def much(self, name: str) -> None:
        """More than are read with one question."""
        self.empty_image(name)
        with self.cluster.ioctx('images') as ioctx:
            import rbd
            with rbd.Image(ioctx, name) as image:
                for number in range(300):
                    image.metadata_set(f'key {number}', 'value')
                image.create_snap('snap')

    def test_no_text(self) -> None:
        """A name in bytes that are none: that is said."""
        self.store()
        for move in (False, True):
            name = 'no-\udcfftext'
            self.empty_image(name)
            if move:
                self.cluster.rbd('trash', 'mv', f'images/{name}')
            with self.assertRaisesRegex(exceptions.StoreError,
                                        'is not in UTF-8'):
                list(self.quarantine.entries())
            if not move:
                # What empties the pool reads names as text, too.
                self.cluster.rbd('rm', '--no-progress', f'images/{name}')

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
