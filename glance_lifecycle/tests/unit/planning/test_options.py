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


"""Which sets of stores do, and which do not."""

import dataclasses
import unittest

from glance_lifecycle.planning import layout
from glance_lifecycle.planning import options
from glance_lifecycle.tests.unit.planning import small_clouds

CEPH, ARCHIVE = 1, 2


class OptionsTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.cloud = small_clouds.paper_with_room()
        self.plan = layout.plan(self.cloud)
        self.images = {one.name: one for one in self.cloud.images}

    def sets(self, name: str, wanted: options.Wanted = options.Wanted(),
             **changes: object) -> set[int]:
        image = dataclasses.replace(
            self.images[name], **changes)  # type: ignore[arg-type]
        found = options.Options(self.cloud, self.plan, lambda _image: wanted)
        need = found.need(image, options.Reference(
            image.kind, tuple(
                one.store for one in image.copies)))
        return set(found.sets(need))

    def test_cloned(self) -> None:
        """Only from its cluster; a second copy is only more."""
        self.assertEqual({CEPH}, self.sets('windows-2022'))

    def test_idle(self) -> None:
        self.assertEqual({CEPH, ARCHIVE}, self.sets('ubuntu-18.04'))

    def test_golden(self) -> None:
        """Whoever may boot it does so from Ceph, which reads faster."""
        self.assertEqual({CEPH}, self.sets('ubuntu-18.04', golden=True))
        self.assertEqual({CEPH}, self.sets('ubuntu-18.04',
                                           last_boot=30 * 86400.0))
        self.assertEqual({CEPH, ARCHIVE}, self.sets(
            'ubuntu-18.04', last_boot=400 * 86400.0))
        # Nobody knows when.
        self.assertEqual({CEPH}, self.sets('ubuntu-18.04', last_boot=0.0))

    def test_copies(self) -> None:
        self.assertEqual({CEPH | ARCHIVE}, self.sets(
            'ubuntu-18.04', least_copies=2))

    def test_clones_stay(self) -> None:
        copy, = self.images['ubuntu-18.04'].copies
        self.assertEqual({CEPH}, self.sets('ubuntu-18.04', copies=(
            copy._replace(clones=1),)))

    def test_policy(self) -> None:
        self.assertEqual({ARCHIVE}, self.sets(
            'ubuntu-18.04', options.Wanted(('archive',))))
        self.assertEqual({CEPH | ARCHIVE}, self.sets(
            'windows-2022', options.Wanted(('archive',))))
        # Exactly there it would be slower: nothing does.
        self.assertEqual(set(), self.sets(
            'windows-2022', options.Wanted(('archive',), exact=True)))
