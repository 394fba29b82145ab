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

    def test_what_has_to_stay(self) -> None:
        """As the placement promises; the rest of it goes."""
        for changes, stores in (
                ('', ['objects']), ('golden: true', ['ceph']),
                ('last_boot: 10 days', ['ceph']),
                ('last_boot: unknown', ['ceph']),
                ('last_boot: 400 days', ['objects']),
                # What it is in already counts as one of them.
                ('copies_at_least: 2', ['objects', 'ceph'])):
            plan = self.plan('ceph', ('    copies: [ceph]', (
                '    copies: [ceph]\n    ' + changes)))
            self.assertEqual(('old', Format.QCOW2, stores),
                             self.placed(plan)[1], changes)
        plan = self.plan('ceph', ('copies: [ceph]', (
            'copies: [{store: ceph, clones: 7}, objects]')))
        self.assertEqual(['ceph'], self.placed(plan)[1][2])

    def test_booted_what_has_to_stay(self) -> None:
        """Beside what it is booted from."""
        whole = '    copies: [objects]'
        plan = self.plan('ceph', (
            whole, whole + '\n    copies_at_least: 2'))
        self.assertEqual(('ubuntu', Format.RAW, ['ceph', 'objects']),
                         self.placed(plan)[0])
        # What has clones is no other image.
        plan = self.plan('ceph', (
            whole, '    copies: [{store: objects, clones: 1}]'))
        self.assertEqual(('ubuntu', Format.COMPRESSED, ['ceph', 'objects']),
                         self.placed(plan)[0])

    def test_room_once(self) -> None:
        """What the booted images take is not free for the others: 2 GiB of
        data of ubuntu leave less than the 4 of old, until there are 6.
        """
        cheap = ('cost_per_gib_month: 0.02', 'cost_per_gib_month: 0.001')
        there = ('    copies: [ceph]', '    copies: [objects]')
        for free, archive in (('5 GiB', 'objects'), ('6 GiB', 'ceph')):
            plan = self.plan('ceph', cheap, there, (
                'free: 5 TiB', 'free: ' + free))
            self.assertEqual(('ceph', Format.RAW), (
                plan.default.store.name, plan.default.kind))
            self.assertEqual(
                [('ubuntu', Format.RAW, ['ceph']),
                 ('old', Format.QCOW2, [archive])], self.placed(plan))
        # Also where imports do not go.
        plan = self.plan('edge', (
            'copies: [central]', 'copies: [central]\n'
            '    boots_per_week: {main: 400, edge: 20}\n'
            '  - name: old\n    disk_format: qcow2\n    size: 499 GiB\n'
            '    virtual_size: 500 GiB\n    copies: [central]'), (
            '    boots_per_week: {main: 400, edge: 20, far: 4}\n', ''), (
            'name: near, kind: rbd, fsid: b2, cost_per_gib_month: 0.02',
            'name: near, kind: rbd, fsid: b2, cost_per_gib_month: 0.01'))
        self.assertEqual(['central', 'near'], self.placed(plan)[0][2])
        self.assertEqual(['central'], self.placed(plan)[1][2])
