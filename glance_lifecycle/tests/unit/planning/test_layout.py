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

"""Which store, which format: clones first, then seconds, then money."""

import unittest

from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning.formats import Format
from glance_lifecycle.planning import layout
from glance_lifecycle.tests.unit.planning import paper


class LayoutTest(unittest.TestCase):

    def plan(self, name: str, *changes: tuple[str, str]) -> layout.Plan:
        return layout.plan(paper.cloud(name, *changes))

    def placed(self, plan: layout.Plan) -> list[tuple[str, Format, list[str]]]:
        return [(one.image.name, one.kind, [store.name
                                            for store in one.stores])
                for one in plan.images]

    def test_clones_first(self) -> None:
        """However dear they are."""
        for cost in ('0.02', '200'):
            plan = self.plan('ceph', ('cost_per_gib_month: 0.02',
                                      'cost_per_gib_month: ' + cost))
            self.assertEqual('ceph', plan.default.store.name)
            self.assertEqual(
                [('ubuntu', Format.RAW, ['ceph']),
                 ('old', Format.QCOW2, ['objects'])], self.placed(plan))
            self.assertEqual(clouds.Glance(show_image_direct_url=True),
                             plan.glance)

    def test_no_room(self) -> None:
        """2 GiB of data are needed in addition: not with a GiB free."""
        self.assertEqual('ceph', self.plan(
            'ceph', ('free: 5 TiB', 'free: 2 GiB')).default.store.name)
        plan = self.plan('ceph', ('free: 5 TiB', 'free: 1 GiB'))
        # As compressed qcow2 it has the room, and is faster than objects.
        self.assertEqual(('ceph', Format.COMPRESSED), (
            plan.default.store.name, plan.default.kind))
        plan = self.plan('ceph', ('free: 5 TiB', 'free: 1 MiB'))
        self.assertEqual('objects', plan.default.store.name)
        self.assertEqual({('ceph', kind) for kind in (
            Format.RAW, Format.QCOW2, Format.COMPRESSED)}, set(plan.full))
        self.assertEqual({}, plan.clones)

    def test_what_is_there_needs_no_room(self) -> None:
        plan = self.plan('hidden', ('free: 5 TiB', 'free: 0 B'))
        self.assertEqual('ceph', plan.default.store.name)
        self.assertNotIn(('ceph', Format.RAW), plan.full)

    def test_no_room_anywhere(self) -> None:
        """It stays where it is."""
        plan = self.plan('local', ('free: 50 TiB', 'free: 0 B'), (
            'disk_format: qcow2', 'disk_format: vmdk'))
        self.assertEqual('objects', plan.default.store.name)

    def test_two_clusters(self) -> None:
        """A copy in each, and both shown; the default first."""
        plan = self.plan('edge')
        self.assertEqual([('ubuntu', Format.RAW, ['central', 'near'])],
                         self.placed(plan))
        self.assertTrue(plan.glance.show_multiple_locations)
        self.assertEqual({'main': 'central', 'edge': 'near'}, {
            name: store.name for name, store in plan.clones.items()})

    def test_worth(self) -> None:
        """For 6 % of its boot time, an image is not made again."""
        plan = self.plan('local')
        self.assertEqual(Format.COMPRESSED, plan.default.kind)
        self.assertEqual([('debian', Format.QCOW2, ['objects'])],
                         self.placed(plan))
        better = self.plan('local', (
            'size: 2 GiB', 'size: 2 GiB\n    compression: 0.25'))
        self.assertEqual(Format.COMPRESSED, better.images[0].kind)

    def test_raw_is_slow_to_download(self) -> None:
        plan = self.plan('local', ('disk_format: qcow2', 'disk_format: raw'),
                         ('size: 2 GiB', 'size: 20 GiB\n    data_size: 2 GiB'))
        self.assertEqual(Format.COMPRESSED, plan.images[0].kind)

    def test_iso_stays(self) -> None:
        """And lies where imports go, as nothing clones it."""
        plan = self.plan('edge', ('disk_format: raw', 'disk_format: iso'))
        self.assertEqual([('ubuntu', Format.AS_IS, ['central'])],
                         self.placed(plan))
        self.assertFalse(plan.glance.show_multiple_locations)

    def test_vmdk(self) -> None:
        """Raw where it is cloned; else as it is, if that is as good."""
        plan = self.plan('local', (
            'disk_format: qcow2', 'disk_format: vmdk'))
        self.assertIs(Format.AS_IS, plan.images[0].kind)
        plan = self.plan('hidden', ('disk_format: raw', 'disk_format: vmdk'),
                         ('size: 10 GiB', 'size: 3 GiB\n'
                          '    virtual_size: 10 GiB'))
        self.assertIs(Format.RAW, plan.images[0].kind)

    def test_cinder_needs_to_see(self) -> None:
        """Or has a token of a service."""
        only = ('    boots_per_week: {main: 400}\n', '')
        shown = ('show_image_direct_url: true',
                 'show_image_direct_url: false')
        self.assertTrue(self.plan(
            'ceph', only, shown).glance.show_image_direct_url)
        self.assertFalse(self.plan(
            'ceph', only, shown, ('name: volumes,', 'name: volumes, '
                                  'service_token: true,')
        ).glance.show_image_direct_url)

    def test_nothing_is_used(self) -> None:
        """Then money counts: 1 and 4 GiB stay as they are, at 0.01."""
        plan = self.plan(
            'ceph', ('    boots_per_week: {main: 400}\n', ''),
            ('    volumes_per_week: {volumes: 100}\n', ''))
        self.assertEqual('objects', plan.default.store.name)
        self.assertEqual(
            [('ubuntu', Format.COMPRESSED, ['objects']),
             ('old', Format.QCOW2, ['objects'])], self.placed(plan))
