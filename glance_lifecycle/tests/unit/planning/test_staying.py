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

"""Golden, booted, booted lately, or perhaps."""

import dataclasses
from typing import Any
import unittest

from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import staying
from glance_lifecycle.tests.unit.planning import small_clouds

DAY = 86400.0

_CHANGES: tuple[tuple[dict[str, Any], bool], ...] = (
    ({}, False), ({'golden': True}, True), ({'last_boot': 89 * DAY}, True),
    ({'last_boot': 90 * DAY}, False),
    # Nobody knows; and nothing is said.
    ({'last_boot': 0.0}, True), ({'last_boot': None}, False))


class StayingTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        _new, self.booted, self.old = small_clouds.paper_with_room().images

    def test_kept(self) -> None:
        self.assertTrue(staying.kept(self.booted))
        for changes, kept in _CHANGES:
            with self.subTest(changes):
                self.assertIs(kept, staying.kept(dataclasses.replace(
                    self.old, **changes)))

    def test_copies(self) -> None:
        """Those with clones, and as many of today's as there have to be."""
        ceph, archive = (copy.store for copy in self.booted.copies)

        def stores(clones: int, least: int, *chosen: clouds.Store
                   ) -> list[str]:
            image = dataclasses.replace(
                self.booted, least_copies=least, copies=(
                    clouds.Copy(ceph, clones=clones), clouds.Copy(archive)))
            return [one.name for one in staying.with_kept(image, chosen)]
        self.assertEqual(['archive'], stores(0, 1, archive))
        self.assertEqual(['archive', 'ceph'], stores(7, 1, archive))
        self.assertEqual(['archive', 'ceph'], stores(0, 2, archive))
        self.assertEqual(['ceph', 'archive'], stores(7, 3, ceph))
