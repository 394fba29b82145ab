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


"""Sums of the catalogue tell what looking at each image tells."""

import dataclasses
import unittest

from glance_lifecycle.planning import boots
from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import formats
from glance_lifecycle.planning import matrix
from glance_lifecycle.planning import sizes
from glance_lifecycle.planning import sums
from glance_lifecycle.tests.unit.planning import paper

NAMES = ('ceph', 'edge', 'hidden', 'local')


class SumsTest(unittest.TestCase):

    def test_cells(self) -> None:
        for name in NAMES:
            cloud = paper.cloud(name)
            # Nova that has images copied is not linear.
            for one in (cloud, dataclasses.replace(cloud, compute_groups=(
                    *(dataclasses.replace(group, copies_into=cloud.stores[0])
                      for group in cloud.compute_groups),))):
                for cell in matrix.matrix(one, sums.of(one)):
                    self.same(one, cell)

    def same(self, cloud: clouds.Cloud, cell: matrix.Cell) -> None:
        stored = 0.0
        week = boots.Week()
        for image in cloud.images:
            kind = cell.kind if cell.kind in formats.choices(
                image.disk_format) else (
                formats.Format.AS_IS)
            stored += sizes.stored(image, kind, cell.store)
            for one in cloud.consumers:
                week += paper.week(image, kind, [clouds.Copy(cell.store)],
                                   one, matrix.SHOWN)
        self.assertAlmostEqual(stored, cell.stored)
        for field in ('disks', 'cloned', 'seconds', 'moved'):
            self.assertAlmostEqual(getattr(week, field),
                                   getattr(cell.week, field), 3)

    def test_missing(self) -> None:
        for name in NAMES:
            cloud = paper.cloud(name)
            stored = sums.stored(cloud.images, fitting=False)
            whole = sums.as_they_are(cloud.images)
            for store in cloud.stores:
                for kind in formats.CHOICES:
                    self.assertAlmostEqual(sum(
                        sizes.stored(image, kind, store)
                        for image in cloud.images
                        if kind is not image.kind or store not in [
                            one.store for one in image.copies]),
                        stored.missing(kind, store))
                self.assertAlmostEqual(sum(
                    sizes.stored(image, image.kind, store)
                    for image in cloud.images if store not in [
                        one.store for one in image.copies]),
                    whole.missing(store))
