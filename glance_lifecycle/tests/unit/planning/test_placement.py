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


"""Why each image moves, in words."""

import unittest

from glance_lifecycle.planning import layout
from glance_lifecycle.planning import options
from glance_lifecycle.planning import placement
from glance_lifecycle.tests.unit.planning import small_clouds


class PlacementTest(unittest.TestCase):

    def moves(self, *changes: tuple[str, str], advised: bool = True,
              wants: options.Wants | None = None) -> dict[str, str]:
        cloud = small_clouds.paper_with_room(*changes)
        found = placement.search(cloud, layout.plan(cloud), wants, advised)
        self.summary = placement.summary(cloud, found)
        return {one.placed.image.name: placement.why(
            cloud, found, one.placed) for one in found.moves}

    def test_reasons(self) -> None:
        self.assertEqual({
            'ubuntu-24.04': 'ubuntu-24.04 moves from archive to ceph as raw '
            'because 430 of its disks a week are cloned from there, and none '
            'of its disks needs the copy in archive.',
            'windows-2022': 'windows-2022 leaves archive because none of its '
            'disks needs the copy in archive.',
            'ubuntu-18.04': 'ubuntu-18.04 moves from ceph to archive because '
            'it was last booted 400 days ago.'}, self.moves())
        self.assertEqual(0, self.summary['gap'])
        self.assertIsNone(self.summary['dearer'])

    def test_as_today(self) -> None:
        """No image becomes another one."""
        self.assertEqual({'windows-2022', 'ubuntu-18.04'},
                         set(self.moves(advised=False)))

    def test_policy(self) -> None:
        self.assertIn('gets a copy in ceph because the policy wants it in '
                      'ceph', self.moves(
                          ('  - name: ubuntu-18.04\n', '  - name: old\n'),
                          ('    copies: [ceph]\n', '    copies: [archive]\n'),
                          advised=False, wants=lambda image: options.Wanted(
                              ('ceph', 'archive') if image.name == 'old'
                              else ()))['old'])

    def test_dearer(self) -> None:
        """It is said why."""
        self.moves(('    copies: [ceph]\n',
                    '    copies: [ceph]\n    copies_at_least: 2\n'),
                   ('    copies: [ceph, archive]\n', '    copies: [ceph]\n'),
                   advised=False)
        self.assertRegex(
            self.summary['dearer'], r'It costs 0\.02 EUR a month more than '
            r'today, for 1 image, such as: ubuntu-18\.04 gets a copy in '
            r'archive because it has to have 2 copies\.')

    def test_no_room(self) -> None:
        """It stays, and that is counted."""
        self.moves(('free: 80 TiB', 'free: 0 B'),
                   ('    copies: [ceph]\n',
                    '    copies: [ceph]\n    copies_at_least: 2\n'),
                   ('    copies: [ceph, archive]\n', '    copies: [ceph]\n'),
                   advised=False)
        self.assertEqual(1, self.summary['without_room'])
