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

"""The quarantine of a pool, on a real cluster."""

import dataclasses
import functools
import time
from typing import Any
from unittest import mock

from glance_lifecycle import exceptions
from glance_lifecycle.tests.functional.stores import quarantine_case
from glance_lifecycle.tests.functional.stores import rbd_case
from glance_lifecycle.tests import waiting
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends.rbd import cluster as rbd_cluster
from glance_lifecycle.transfer.backends.rbd import plan_mark

IMAGE = quarantine_case.IMAGE
PLAN = quarantine_case.PLAN
OTHER_PLAN = quarantine_case.OTHER_PLAN
Kind = inventory.Kind

_CRUSH = """
rule same {
  id 7
  type erasure
  min_size 3
  max_size 3
  step take osd.0
  step emit
  step take osd.0
  step emit
  step take osd.0
  step emit
}
"""


class RoundTripTest(quarantine_case.QuarantineCase):

    def test_with_all_that_it_has(self) -> None:
        entry = self.store()
        with self.by_id(entry.identity) as image:
            image.metadata_set('owner', 'me')
            image.write(b'after the snapshot', 0)
            image.create_snap('more')
            image.write(b'after all', 100)
        self.round_trip(self.look())

    def round_trip(self, entry: inventory.Entry) -> None:
        """Out of sight, and back; then away."""
        before = self.whole(entry.identity)
        self.assertTrue(self.quarantine.put(entry, PLAN))
        self.assertEqual([], self.cluster.images('images'))
        self.assertTrue(self.quarantine.put(entry, PLAN))
        kept = self.only_kept()
        self.assertEqual((PLAN, entry.spot, entry.identity, entry.image_id),
                         (kept.plan, kept.entry.spot, kept.entry.identity,
                          kept.entry.image_id))
        self.assertAlmostEqual(time.time(), kept.since, delta=900)
        self.assertEqual([kept], self.kept(PLAN))
        self.assertEqual([], self.kept(OTHER_PLAN))
        self.assertTrue(self.quarantine.restore(kept))
        self.assertTrue(self.quarantine.restore(kept))
        self.assertEqual(before, self.whole(entry.identity))
        self.assertEqual(([IMAGE], []), (self.cluster.images('images'),
                                         self.kept()))
        self.assertFalse(self.quarantine.purge(kept))
        self.assertEqual(before, self.whole(entry.identity))
        self.assertTrue(self.quarantine.put(entry, PLAN))
        self.assertTrue(self.quarantine.purge(kept))
        self.assertTrue(self.quarantine.purge(kept))
        # What only a snapshot had, the OSD removes when it comes to it.
        waiting.until('all is removed', lambda: not self.cluster.objects(
            'images'))
        self.assert_nothing_left()
        self.assertEqual([], self.trashed())
        with self.assertRaisesRegex(exceptions.StoreError, 'it has gone'):
            self.quarantine.restore(kept)

    def test_unfinished(self) -> None:
        self.empty_image(IMAGE)
        entry = self.look()
        self.assertIs(Kind.UNFINISHED, entry.kind)
        self.round_trip(entry)

    def test_erasure_coded_data_pool(self) -> None:
        crush = self.path / 'crush'
        text = crush.with_suffix('.txt')
        self.cluster.tool('ceph', 'osd', 'getcrushmap', '-o', crush)
        self.cluster.tool('crushtool', '-d', crush, '-o', text)
        text.write_text(text.read_text().replace('# end crush map', _CRUSH))
        self.cluster.tool('crushtool', '-c', text, '-o', crush)
        self.cluster.tool('ceph', 'osd', 'setcrushmap', '-i', crush)
        self.cluster.command('osd erasure-code-profile set', name='two',
                             profile=['k=2', 'm=1'])
        self.cluster.command(
            'osd pool create', pool='coded', pg_num=4, pool_type='erasure',
            erasure_code_profile='two', rule='same')
        self.addCleanup(self.cluster.remove_pool, 'coded')
        self.cluster.command('osd pool set', pool='coded',
                             var='allow_ec_overwrites', val='true')
        self.cluster.command('osd pool application enable', pool='coded',
                             app='rbd')
        self.cluster.command(
            'auth caps', entity='client.glance', caps=[
                'mon', 'profile rbd', 'osd', ', '.join(
                    f'profile rbd pool={pool}'
                    for pool in ('images', 'images2', 'coded'))])
        self.quarantine = self.opened()
        self.empty_image(IMAGE, '--data-pool', 'coded')
        with self.cluster.ioctx('images') as ioctx:
            import rbd
            with rbd.Image(ioctx, IMAGE) as image:
                image.write(b'coded' * 10000, 77)
                image.create_snap('snap')
                image.protect_snap('snap')
        self.assertEqual(1, len(self.cluster.objects('coded')))
        self.round_trip(self.look())
        self.assertEqual([], self.cluster.objects('coded'))

    def test_inventory(self) -> None:
        kept = self.taken()
        self.store(rbd_case.IMAGE.replace('6', '7'))
        entry = self.listed()
        self.assertEqual((Kind.QUARANTINED, IMAGE, False, kept.since),
                         (entry.kind, entry.image_id, entry.usable,
                          entry.changed))
        self.assertRegex(entry.note, r'^It is in quarantine since 20..-..-..T'
                         rf'..:..:..\+00:00, by the plan {PLAN}\.$')
        looked = self.quarantine.look(entry)
        assert looked is not None
        self.assertEqual((1, 1, 0, 0), (
            looked.hangs.snapshots, looked.hangs.protected,
            looked.hangs.children, looked.hangs.watchers))
        self.assertEqual(2, len([*self.quarantine.entries()]))

    def test_ceph_keeps_it(self) -> None:
        """Whoever empties the trash does not find it for 30 days."""
        self.empty_image(IMAGE)
        self.assertTrue(self.quarantine.put(self.look(), PLAN))
        self.cluster.rbd('trash', 'purge', '--no-progress', 'images')
        self.assertEqual(1, len(self.kept()))
        one, = self.trashed()
        self.assertEqual(30, (one['deferment_end_time']
                              - one['deletion_time']).days)


class TrashTest(quarantine_case.QuarantineCase):
    """What was in the trash before."""

    def thrown_away(self, *options: str) -> inventory.Entry:
        self.store()
        self.cluster.rbd('trash', 'mv', *options, f'images/{IMAGE}')
        return self.look()

    def test_stays_there(self) -> None:
        entry = self.thrown_away()
        before = self.whole(entry.identity), self.trashed()
        self.assertIs(Kind.TRASH, entry.kind)
        self.assertTrue(self.quarantine.put(entry, PLAN))
        self.assertTrue(self.quarantine.put(entry, PLAN))
        self.assertFalse(self.quarantine.put(entry, OTHER_PLAN))
        kept = self.only_kept()
        self.assertEqual((PLAN, entry.spot, Kind.QUARANTINED), (
            kept.plan, kept.entry.spot, kept.entry.kind))
        self.assertGreaterEqual(kept.since, entry.changed or 0)
        for _again in range(2):
            self.assertTrue(self.quarantine.restore(kept))
            self.assertEqual(before, (self.whole(entry.identity),
                                      self.trashed()))
        self.assertEqual([], self.kept())
        self.assertEqual(entry, self.look())

    def test_purge(self) -> None:
        self.assertTrue(self.quarantine.put(self.thrown_away(), PLAN))
        self.assertTrue(self.quarantine.purge(self.only_kept()))
        self.assert_nothing_left()

    def test_to_be_kept_for_longer(self) -> None:
        """Whoever moved it there has said so."""
        entry = self.thrown_away('--expires-at', '2050-01-01')
        self.assertTrue(self.quarantine.put(entry, PLAN))
        before = self.whole(entry.identity)
        self.assertFalse(self.quarantine.purge(self.only_kept()))
        self.assertEqual(before, self.whole(entry.identity))

    def test_of_others(self) -> None:
        """What has no mark is none of ours, and so is a broken mark."""
        entry = self.thrown_away()
        kept = self.as_kept(entry)
        before = self.whole(entry.identity), self.trashed()
        self.assertFalse(self.quarantine.purge(kept))
        self.quarantine.restore(kept)
        self.assertEqual(before, (self.whole(entry.identity),
                                  self.trashed()))
        for mark in ('', PLAN, '[]', '{"plan": "%s"}' % PLAN):
            with self.by_id(entry.identity) as image:
                image.metadata_set('lifecycle_quarantine', mark)
            before = self.whole(entry.identity), self.trashed()
            self.assertEqual([], self.kept())
            self.assertFalse(self.quarantine.purge(kept))
            self.quarantine.restore(kept)
            self.assertEqual(before, (self.whole(entry.identity),
                                      self.trashed()))

    def test_mark_that_was_left(self) -> None:
        """By whoever was killed at the end of bringing it back."""
        entry = self.store()
        mark = plan_mark.Mark(PLAN, entry.identity, time.time() - 7200)
        plan_mark.write(self.quarantine._cluster, mark)
        self.cluster.rbd('trash', 'mv', f'images/{IMAGE}')
        before = self.whole(entry.identity), self.trashed()
        self.assertEqual([], self.kept())
        kept = self.as_kept(entry)
        self.assertFalse(self.quarantine.purge(kept))
        self.quarantine.restore(kept)
        self.assertEqual(before, (self.whole(entry.identity),
                                  self.trashed()))
        thrown_away = self.look()
        self.assertIs(Kind.TRASH, thrown_away.kind)
        self.assertTrue(self.quarantine.put(thrown_away, OTHER_PLAN))
        self.assertEqual(OTHER_PLAN, self.only_kept().plan)

    def test_mark_of_a_parent(self) -> None:
        """Its clone has it too, and is none of ours."""
        kept = self.taken()
        self.late_clone(kept.entry.identity, 'images/disk', 2)
        with self.cluster.image('images', 'disk') as image:
            self.assertIn(PLAN, image.metadata_get('lifecycle_quarantine'))
        self.cluster.rbd('trash', 'mv', 'images/disk')
        self.assertEqual([kept.entry.spot], [
            one.entry.spot for one in self.kept()])

    def test_of_another_plan(self) -> None:
        kept = self.taken()
        before = self.whole(kept.entry.identity)
        other = dataclasses.replace(kept, plan=OTHER_PLAN)
        self.assertFalse(self.quarantine.purge(other))
        self.assertFalse(self.quarantine.restore(other))
        self.assertEqual(before, self.whole(kept.entry.identity))
        self.assertEqual([kept], self.kept())


class TwoHostsTest(quarantine_case.QuarantineCase):
    """Two take one image at once, each by its own plan."""

    def setUp(self) -> None:
        super().setUp()
        self.entry = self.store()
        self.other = self.opened()
        self.taken_there: list[bool] = []

    def take_there(self) -> None:
        self.taken_there.append(self.other.put(self.entry, OTHER_PLAN))

    def write(self, cluster: rbd_cluster.Cluster, mark: plan_mark.Mark,
              real: Any = plan_mark.write) -> None:
        """The other has taken it before we mark it."""
        if mark.plan == PLAN:
            self.take_there()
        real(cluster, mark)

    def assert_kept_by(self, plan: str) -> None:
        """And by nobody else; "undo" of that plan brings it back."""
        kept = self.only_kept()
        self.assertEqual(plan, kept.plan)
        self.assertTrue(self.quarantine.restore(kept))
        self.assertEqual(([IMAGE], []), (self.cluster.images('images'),
                                         self.kept()))

    def test_the_other_moves_it(self) -> None:
        once = self.before('trash_move', self.take_there)
        self.assertFalse(self.quarantine.put(self.entry, PLAN))
        self.assertTrue(once.done)
        self.assertEqual([True], self.taken_there)
        self.assert_kept_by(OTHER_PLAN)

    def test_the_other_has_marked_it_before(self) -> None:
        """Its mark is written over when it has moved the image."""
        plan_mark.write(self.other._cluster, plan_mark.Mark(
            OTHER_PLAN, self.entry.identity, time.time()))
        with mock.patch.object(plan_mark, 'write', self.write):
            self.assertFalse(self.quarantine.put(self.entry, PLAN))
        self.assertEqual([True], self.taken_there)
        self.assert_kept_by(OTHER_PLAN)

    def test_whose_it_was_is_not_known(self) -> None:
        """One of the two plans has it, at least."""
        with mock.patch.object(plan_mark, 'write', self.write):
            self.assertFalse(self.quarantine.put(self.entry, PLAN))
        self.assertEqual([True], self.taken_there)
        self.assert_kept_by(PLAN)

    def test_the_other_marks_it(self) -> None:
        """Or removes the mark, and does not move it."""
        mark = plan_mark.Mark(OTHER_PLAN, self.entry.identity, time.time())

        def removed() -> None:
            with self.by_id(self.entry.identity) as image:
                image.metadata_remove(plan_mark.KEY)
        for change in (functools.partial(plan_mark.write,
                                         self.other._cluster, mark), removed):
            once = self.before('trash_move', change)
            self.assertTrue(self.quarantine.put(self.entry, PLAN))
            self.assertTrue(once.done)
            self.assert_kept_by(PLAN)

    def test_the_mark_of_the_other_stays(self) -> None:
        """It has marked the image, and is about to move it."""
        mark = plan_mark.Mark(OTHER_PLAN, self.entry.identity, time.time())

        def marked() -> None:
            plan_mark.write(self.other._cluster, mark)
            self.cluster.rbd('mv', f'images/{IMAGE}', 'images/renamed')
        once = self.before('trash_move', marked)
        self.assertFalse(self.quarantine.put(self.entry, PLAN))
        self.assertTrue(once.done)
        with self.by_id(self.entry.identity) as image:
            self.assertEqual(mark, plan_mark.read(image))
