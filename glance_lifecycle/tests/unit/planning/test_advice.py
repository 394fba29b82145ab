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

"""Clouds on paper, with the advice that is right, and its reasons."""

import dataclasses
import unittest

from glance_lifecycle.planning import advice
from glance_lifecycle.planning import compared
from glance_lifecycle.planning import exceptional
from glance_lifecycle.planning import layout
from glance_lifecycle.tests.unit.planning import paper

GIB = 1024 ** 3


class AdviceTest(unittest.TestCase):

    maxDiff = None

    def setUp(self) -> None:
        super().setUp()
        self.rows: dict[str, exceptional.Advice] = {}

    def advise(self, name: str, *changes: tuple[str, str]) -> None:
        self.cloud = paper.cloud(name, *changes)
        self.plan = layout.plan(self.cloud)
        rows = list(advice.advice(self.cloud, self.plan))
        self.rows = {one.what: one for one in rows}
        for one in rows:
            for text in (one.advice, one.reason, *(
                    other.why for other in one.rejected)):
                self.assertRegex(text, r'^\S.*[^.]\.$')

    def says(self, what: str, advised: str, reason: str = '',
             **rejected: str) -> None:
        row = self.rows[what]
        self.assertIn(advised, row.advice)
        self.assertIn(reason, row.reason)
        why = {one.what.replace(' ', '_'): one.why for one in row.rejected}
        self.assertEqual(rejected.keys() - why.keys(), set())
        for name, text in rejected.items():
            self.assertIn(text, why[name])

    def totals(self, when: str) -> tuple[float, ...]:
        """GiB stored, on disks; cost; cloned; seconds; GiB moved."""
        found = compared.before(
            self.cloud, self.plan.totals) if when == 'before' else (
                compared.after(self.cloud, self.plan))
        return (found.stored / GIB, found.on_disks / GIB,
                round(found.cost, 6), found.week.cloned,
                round(found.week.seconds, 1), found.week.moved / GIB)

    def test_one_cluster(self) -> None:
        self.advise('ceph')
        self.says('default store', 'Make it ceph.',
                  '500 of 500 disks a week cloned, 1.0 s to a disk',
                  objects='It clones less. As compressed qcow2: 0 of 500')
        self.says('format of imports', 'Import as raw',
                  'Only raw images are cloned.',
                  qcow2='0 of 500 disks a week cloned',
                  compressed_qcow2='3 GiB stored, 0.18 EUR a month')
        self.says('images to convert', '1 image again as raw: ubuntu.',
                  'new id', as_they_are='0 of 500')
        self.says('store of what nobody boots', 'objects: old.',
                  '0.04 EUR a month', ceph='0.24 EUR a month.')
        self.says('copies to make', 'Into objects: old.')
        self.says('copies not needed', 'In objects: ubuntu.')
        self.assertNotIn('locations', self.rows)
        self.assertFalse([one for one in self.rows if 'no copy' in one])
        # Nova, on each of 50 hosts: 1 GiB at 100 MiB/s, 2 GiB decompressed
        # at 180 and imported at 300; and imported 350 times. Cinder: all.
        first = 1024 / 100 + 2048 / 180 + 2048 / 300
        self.assertEqual(
            (1 + 4, 1 + 12, 0.01 + 0.24, 0,
             round(150 * first + 350 * 2048 / 300, 1),
             150 * 3 + 350 * 2), self.totals('before'))
        # 2 GiB of data in Ceph with thin provisioning, 4 GiB of objects.
        self.assertEqual((2 + 4, 6 + 4, 0.12 + 0.04, 500, 500, 0),
                         self.totals('after'))

    def test_another_cluster(self) -> None:
        self.advise('edge')
        self.says('default store', 'Keep central.', '400 of 424',
                  near='It clones less. As raw: 20 of 424')
        self.says('store for edge (Nova)', 'raw copy in near of what it '
                  'boots: ubuntu.', 'copy-on-write', central='not in the '
                  'cluster of Ceph that the disks are in')
        self.says('locations', 'show_multiple_locations = True',
                  'several clusters', as_it_is='400 of 424 disks',
                  show_image_direct_url='one copy only')
        self.assertIn('only Nova and Cinder reach',
                      self.rows['locations'].advice)
        self.says('no copy-on-write for far (Nova)',
                  'a store in cluster c3', 'same-cluster is not met, so 4 '
                  'disks a week are made by download: ubuntu from central')
        self.assertNotIn('no copy-on-write for edge (Nova)', self.rows)
        self.assertNotIn('images to convert', self.rows)
        # Far, before and after: 10 GiB at 400 MiB/s on both hosts, 2 GiB
        # imported at 300 each time; edge the same on 5 of 20, before.
        far = 2 * 10240 / 400 + 4 * 2048 / 300
        edge = 5 * 10240 / 400 + 20 * 2048 / 300
        self.assertEqual(
            (2, 6, 0.12, 400, round(400 + far + edge, 1),
             20 + 8 + 50 + 40), self.totals('before'))
        self.assertEqual((4, 12, 0.24, 420, round(420 + far, 1), 20 + 8),
                         self.totals('after'))

    def test_local_disks(self) -> None:
        self.advise('local')
        self.says('default store', 'Keep objects.',
                  'Neither Nova nor Cinder can clone')
        self.says('no copy-on-write for local (Nova)', 'Keep base images',
                  'images_type is qcow2. The condition disks-in-ceph is not '
                  'met, so 100 disks a week are made by download: debian '
                  'from objects, 24.0 s for the first on a host, 1.0 s')
        self.says('format of imports', 'Import as compressed qcow2',
                  'this is the fastest', qcow2='3.3 s to a disk',
                  raw='21.5 s to a disk')
        self.assertNotIn('images to convert', self.rows)
        self.assertNotIn('locations', self.rows)
        # On 10 hosts 2 GiB at 100 MiB/s, converted at 800; 100 overlays.
        self.assertEqual(
            (2, 2, 0.04, 0, round(10 * (20.48 + 2.56) + 100, 1), 20),
            self.totals('before'))
        self.assertEqual(self.totals('before'), self.totals('after'))

    def test_local_disks_without_cache(self) -> None:
        self.advise('local', ('image_cache: true', 'image_cache: false'))
        self.says('no copy-on-write for local (Nova)',
                  'Let Nova keep base images')
        self.assertEqual((2, 2, 0.04, 0, round(100 * 24.04, 1), 200),
                         self.totals('before'))

    def test_not_shown(self) -> None:
        self.advise('hidden')
        self.says('default store', 'Keep ceph.', '400 of 400')
        self.says('locations', 'show_image_direct_url = True', 'GLC802',
                  as_it_is='0 of 400', show_multiple_locations='OSSN-0090')
        self.assertEqual(['default store', 'locations', 'format of imports'],
                         list(self.rows))
        # On 50 hosts 10 GiB at 400 MiB/s; 2 GiB imported at 300 each time.
        self.assertEqual(
            (2, 6, 0.12, 0, round(50 * 25.6 + 400 * 2048 / 300, 1),
             500 + 800), self.totals('before'))
        self.assertEqual((2, 6, 0.12, 400, 400, 0), self.totals('after'))

    def test_weight(self) -> None:
        """The copy that is cloned has to be the one that is shown."""
        self.advise('ceph', ('weight: 10', 'weight: 0'))
        self.says('weight of stores', 'Give ceph the largest weight.')
        self.advise('ceph', ('weight: 10', 'weight: 0'), (
            'copies: [objects]', 'copies: [ceph]'), (
            'free: 50 TiB', 'free: 0 B'))
        self.assertNotIn('weight of stores', self.rows)

    def test_exceptions(self) -> None:
        """What helps depends on what fails."""
        for name, old, new, who, helps in (
                ('ceph', 'name: volumes,', 'name: volumes, encrypted: true,',
                 'volumes (Cinder)', 'never clones an image into an encr'),
                ('ceph', 'name: volumes, fsid: a1', 'name: volumes',
                 'volumes (Cinder)', 'its volumes are not in Ceph'),
                ('ceph', 'hosts: 50', 'hosts: 50, cannot_open: [ceph]',
                 'main (Nova)', 'profile rbd-read-only'),
                ('edge', 'free: 500 GiB', 'free: 1 GiB', 'edge (Nova)',
                 'Make room in a store in cluster b2'),
                ('hidden', 'disk_format: raw', 'disk_format: iso',
                 'main (Nova)', 'not disks that can be made raw')):
            with self.subTest(new=new):
                self.advise(name, (old, new))
                self.says('no copy-on-write for ' + who, helps)

    def test_what_has_to_stay(self) -> None:
        """Is not advised away: 2 GiB of ubuntu and 4 of old in Ceph."""
        for changes in ('golden: true', 'last_boot: unknown'):
            self.advise('ceph', ('    copies: [ceph]', (
                '    copies: [ceph]\n    ' + changes)))
            self.assertNotIn('store of what nobody boots', self.rows)
            self.says('copies not needed', 'In objects: ubuntu.')
            self.assertEqual((2 + 4, 6 + 12, 0.36, 500, 500, 0),
                             self.totals('after'))
        idle = (self.cloud.images[1], dataclasses.replace(
            self.cloud.images[1], name='older', last_boot=None))
        self.cloud = dataclasses.replace(self.cloud, images=idle)
        self.plan = layout.plan(self.cloud)
        row = next(one for one in advice.advice(self.cloud, self.plan)
                   if one.what == 'store of what nobody boots')
        self.assertEqual('objects: older.', row.advice)
        self.assertIn('booted in the last 90 days: 1 image.', row.reason)

    def test_no_room(self) -> None:
        self.advise('ceph', ('free: 5 TiB', 'free: 1 MiB'))
        self.says('default store', 'Keep objects.', 'has the room',
                  ceph='It has no room')

    def test_nobody_boots(self) -> None:
        self.advise('ceph', ('    boots_per_week: {main: 400}\n', ''),
                    ('    volumes_per_week: {volumes: 100}\n', ''))
        self.says('default store', 'Keep objects.', 'only money counts',
                  ceph='costs more')
