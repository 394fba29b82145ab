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

"""What the quarantine of a pool leaves, and what changes meanwhile."""

import dataclasses
import functools
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.tests.functional.stores import quarantine_case
from glance_lifecycle.tests.functional.stores import rbd_case
from glance_lifecycle.transfer.backends import inventory

IMAGE = quarantine_case.IMAGE
PLAN = quarantine_case.PLAN
Kind = inventory.Kind


class StaysTest(quarantine_case.QuarantineCase):
    """What cannot be taken, or not be removed, is as it was."""

    def assert_stays(self, entry: inventory.Entry) -> None:
        before = self.whole(entry.identity), self.trashed()
        self.assertFalse(self.quarantine.put(entry, PLAN))
        self.assertEqual(before, (self.whole(entry.identity),
                                  self.trashed()))

    def assert_not_purged(self, image_id: str) -> None:
        before = self.whole(image_id), self.trashed()
        self.assertFalse(self.quarantine.purge(self.only_kept()))
        self.assertEqual(before, (self.whole(image_id), self.trashed()))

    def test_clones(self) -> None:
        for number, (version, name, gone) in enumerate((
                (1, 'images2/volume', False), (2, 'images2/volume', False),
                (1, 'images/disk', False), (2, 'images/disk', False),
                (2, 'images2/gone', True), (1, 'images2/gone', True))):
            image = '%08x-2222-4333-8444-555555555555' % number
            with self.subTest(version=version, name=name, gone=gone):
                entry = self.store(image)
                self.clone(name, version, image)
                if gone:
                    self.cluster.rbd('trash', 'mv', name)
                for known in (entry, self.look(image)):
                    self.assert_stays(known)
                self.cluster.rbd('trash', 'mv', f'images/{image}')
                self.assert_stays(self.look(image))
            self.cluster.empty('images2')
            self.cluster.empty('images')

    def test_cloned_in_quarantine(self) -> None:
        image_id = self.taken().entry.identity
        for version in quarantine_case.FORMATS:
            with self.subTest(version):
                self.late_clone(image_id, 'images2/volume', version)
                self.assert_not_purged(image_id)
                self.cluster.rbd('rm', '--no-progress', 'images2/volume')
        self.assertTrue(self.quarantine.purge(self.only_kept()))

    def test_open_elsewhere(self) -> None:
        entry = self.store()
        with self.by_id(entry.identity):
            self.assert_stays(entry)
        self.assertTrue(self.quarantine.put(entry, PLAN))
        with self.by_id(entry.identity):
            self.assert_not_purged(entry.identity)
        self.assertTrue(self.quarantine.purge(self.only_kept()))

    def test_locked(self) -> None:
        entry = self.store()
        self.cluster.rbd('feature', 'disable', f'images/{IMAGE}',
                         'fast-diff', 'object-map', 'exclusive-lock')
        entry = self.look()
        self.cluster.rbd('lock', 'add', f'images/{IMAGE}', 'mine')
        self.assert_stays(entry)

    def test_in_a_group(self) -> None:
        entry = self.store()
        self.cluster.rbd('group', 'create', 'images/group')
        self.cluster.rbd('group', 'image', 'add', 'images/group',
                         f'images/{IMAGE}')
        self.assert_stays(entry)

    def test_changed(self) -> None:
        """After it was looked at."""
        entry = self.store()
        with self.by_id(entry.identity) as image:
            image.create_snap('more')
        self.assert_stays(entry)
        entry = self.look()
        with self.by_id(entry.identity) as image:
            image.resize(7 * rbd_case.MIB)
        self.assert_stays(entry)
        self.assert_stays(dataclasses.replace(self.look(),
                                              kind=Kind.UNFINISHED))

    def test_another_of_that_name(self) -> None:
        entry = self.store()
        self.cluster.rbd('rename', f'images/{IMAGE}', 'images/away')
        self.assertFalse(self.quarantine.put(entry, PLAN))
        self.empty_image(IMAGE)
        self.assertFalse(self.quarantine.put(entry, PLAN))
        self.assertEqual(([IMAGE, 'away'], []), (
            self.cluster.images('images'), self.trashed()))

    def test_nothing_behind_the_name(self) -> None:
        entry = self.store()
        with self.cluster.ioctx('images') as ioctx:
            ioctx.remove_object('rbd_header.' + entry.identity)
        entry = self.look()
        self.assertIs(Kind.UNFINISHED, entry.kind)
        self.assertFalse(self.quarantine.put(entry, PLAN))

    def test_namespace(self) -> None:
        self.cluster.rbd('namespace', 'create', 'images/tenant')
        self.addCleanup(self.cluster.rbd, 'namespace', 'rm', 'images/tenant')
        for move in (False, True):
            self.cluster.rbd('create', '--size', '1', f'images/tenant/{IMAGE}')
            if move:
                self.cluster.rbd('trash', 'mv', f'images/tenant/{IMAGE}')
            entry = self.listed()
            for kind in Kind:
                self.assertFalse(self.quarantine.put(
                    dataclasses.replace(entry, kind=kind), PLAN))
            self.assertEqual(entry, self.listed())
            self.assertEqual([], self.kept())
            if move:
                self.cluster.rbd('trash', 'rm', '--no-progress',
                                 f'images/tenant/{entry.identity}')
            else:
                self.cluster.rbd('rm', '--no-progress',
                                 f'images/tenant/{IMAGE}')

    def test_name_is_taken(self) -> None:
        kept = self.taken()
        before = self.whole(kept.entry.identity), self.trashed()
        self.empty_image(IMAGE)
        self.assertFalse(self.quarantine.restore(kept))
        self.assertEqual(before, (self.whole(kept.entry.identity),
                                  self.trashed()))
        self.cluster.rbd('rm', '--no-progress', f'images/{IMAGE}')
        self.assertTrue(self.quarantine.restore(kept))

    def test_brought_back_under_another_name(self) -> None:
        kept = self.taken()
        self.cluster.rbd('trash', 'restore', f'images/{kept.entry.identity}',
                         '--image', 'mine')
        with self.assertRaisesRegex(exceptions.StoreError, 'another name'):
            self.quarantine.restore(kept)
        self.assertFalse(self.quarantine.purge(kept))
        self.assertEqual(['mine'], self.cluster.images('images'))

    def test_brought_back_by_hand(self) -> None:
        entry = self.store()
        before = self.whole(entry.identity)
        self.assertTrue(self.quarantine.put(entry, PLAN))
        kept = self.only_kept()
        self.cluster.rbd('trash', 'restore', f'images/{entry.identity}')
        self.assertFalse(self.quarantine.purge(kept))
        self.assertTrue(self.quarantine.restore(kept))
        self.assertEqual(before, self.whole(entry.identity))


class RaceTest(quarantine_case.QuarantineCase):
    """Something comes in between, and all is as it was."""

    def assert_put_back(self, entry: inventory.Entry,
                        before: dict[str, Any]) -> None:
        self.assertFalse(self.quarantine.put(entry, PLAN))
        self.assertEqual(before, self.whole(entry.identity))
        self.assertIn(entry.name, self.cluster.images('images'))
        self.assertEqual([], self.trashed())

    def test_clone_before_the_move(self) -> None:
        for version in quarantine_case.FORMATS:
            with self.subTest(version):
                entry = self.store()
                once = self.before('trash_move', functools.partial(
                    self.clone, 'images2/volume', version))
                self.assert_put_back(entry, self.whole(entry.identity))
                self.assertTrue(once.done)
            self.cluster.empty('images2')
            self.cluster.empty('images')

    def test_opened_before_the_move(self) -> None:
        entry = self.store()
        before = self.whole(entry.identity)
        client = self.by_id(entry.identity)
        self.addCleanup(client.__exit__, None, None, None)
        self.before('trash_move', client.__enter__)
        self.assert_put_back(entry, before)

    def test_another_gets_the_name(self) -> None:
        entry = self.store()
        before = self.whole(entry.identity)

        def swap() -> None:
            self.cluster.rbd('rename', f'images/{IMAGE}', 'images/away')
            self.empty_image(IMAGE)
        self.before('trash_move', swap)
        self.assertFalse(self.quarantine.put(entry, PLAN))
        self.assertEqual({**before, 'name': 'away'},
                         self.whole(entry.identity))
        self.assertEqual(([IMAGE, 'away'], []), (
            self.cluster.images('images'), self.trashed()))

    def test_removed_before_the_move(self) -> None:
        entry = self.store()

        def remove() -> None:
            self.cluster.rbd('snap', 'unprotect', f'images/{IMAGE}@snap')
            self.cluster.rbd('snap', 'purge', '--no-progress',
                             f'images/{IMAGE}')
            self.cluster.rbd('rm', '--no-progress', f'images/{IMAGE}')
        self.before('trash_move', remove)
        with self.assertRaisesRegex(exceptions.StoreError, 'ENOENT'):
            self.quarantine.put(entry, PLAN)
        self.assert_nothing_left()
        self.assertFalse(self.quarantine.put(entry, PLAN))

    def test_name_is_taken_before_it_is_back(self) -> None:
        """Nobody but librbd itself can tell any more."""
        kept = self.taken()
        before = self.whole(kept.entry.identity), self.trashed()
        once = self.before('trash_restore', lambda: self.empty_image(IMAGE))
        self.assertFalse(self.quarantine.restore(kept))
        self.assertTrue(once.done)
        self.assertEqual((before, [IMAGE]), (
            (self.whole(kept.entry.identity), self.trashed()),
            self.cluster.images('images')))

    def test_name_is_taken_before_a_move_is_ended(self) -> None:
        kept = self.taken()
        self.break_off(kept.entry.identity, quarantine_case.MOVING)
        once = self.before('trash_move', lambda: self.empty_image(IMAGE))
        self.assertFalse(self.quarantine.restore(kept))
        self.assertTrue(once.done)
        self.assertEqual(([IMAGE], [kept.entry.identity]), (
            self.cluster.images('images'),
            [one['id'] for one in self.trashed()]))

    def test_clone_while_it_is_removed(self) -> None:
        """The snapshot that librbd has put into its own trash is made again.
        """
        for call, version in (('metadata_set', 1), ('metadata_set', 2),
                              ('unprotect_snap', 1), ('unprotect_snap', 2),
                              ('remove_snap', 2)):
            with self.subTest(call, version=version):
                kept = self.taken()
                image_id = kept.entry.identity
                before = self.whole(image_id), self.trashed()
                once = self.before(call, functools.partial(
                    self.late_clone, image_id, 'images2/volume', version))
                self.assertFalse(self.quarantine.purge(kept))
                self.assertTrue(once.done)
                self.assertEqual(before, (self.whole(image_id),
                                          self.trashed()))
                self.assertEqual(kept.entry.spot, self.only_kept().entry.spot)
                with self.cluster.image('images2', 'volume') as clone:
                    self.assertEqual(quarantine_case.CONTENT.content,
                                     clone.read(0, clone.size()))
                self.assertTrue(self.quarantine.restore(kept))
            self.cluster.empty('images2')
            self.cluster.empty('images')

    def test_opened_while_it_is_removed(self) -> None:
        kept = self.taken()
        before = self.whole(kept.entry.identity), self.trashed()
        client = self.by_id(kept.entry.identity)
        self.addCleanup(client.__exit__, None, None, None)
        self.before('trash_remove', client.__enter__)
        self.assertFalse(self.quarantine.purge(kept))
        self.assertEqual(before, (self.whole(kept.entry.identity),
                                  self.trashed()))

    def test_snapshot_that_cannot_be_made_again(self) -> None:
        """Its clone goes on; and what has gone is not hidden."""
        entry = self.store()
        with self.by_id(entry.identity) as image:
            image.write(b'after the snapshot', 0)
        self.assertTrue(self.quarantine.put(self.look(), PLAN))
        kept = self.only_kept()
        self.before('remove_snap', lambda: self.late_clone(
            entry.identity, 'images2/volume', 2))
        self.assertFalse(self.quarantine.purge(kept))
        with self.cluster.image('images2', 'volume') as clone:
            self.assertEqual(quarantine_case.CONTENT.content,
                             clone.read(0, clone.size()))
        with self.assertRaisesRegex(exceptions.StoreError, 'has gone'):
            self.quarantine.restore(kept)
        self.assertFalse(self.quarantine.purge(kept))
        self.cluster.rbd('flatten', '--no-progress', 'images2/volume')
        self.assertTrue(self.quarantine.purge(kept))
        self.assert_nothing_left()
