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


"""The placement keeps every constraint, and none is cheaper."""

import itertools
import unittest

import hypothesis
from hypothesis import strategies

from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import copy_on_write
from glance_lifecycle.planning import layout
from glance_lifecycle.planning import matrix
from glance_lifecycle.planning import options
from glance_lifecycle.planning import placement
from glance_lifecycle.planning import pricing
from glance_lifecycle.planning import programme
from glance_lifecycle.planning import sizes
from glance_lifecycle.tests.unit.planning import small_clouds

FEW = hypothesis.settings(max_examples=25, deadline=None,
                            suppress_health_check=[
                                hypothesis.HealthCheck.too_slow])
ROUNDING = 1 + 1e-6


def rooms(cloud: clouds.Cloud) -> dict[str, float]:
    """What is free, and what is taken by images today."""
    found = {one.name: one.free.value for one in cloud.stores}
    for image in cloud.images:
        for copy in image.copies:
            found[copy.store.name] += sizes.stored(
                image, image.kind, copy.store)
    return found


def fits(cloud: clouds.Cloud, images: tuple[layout.Placed, ...]) -> bool:
    found = rooms(cloud)
    for placed in images:
        for store in placed.stores:
            found[store.name] -= sizes.stored(
                placed.image, placed.kind, store)
    return min(found.values()) >= -1


def as_fast(cloud: clouds.Cloud, placed: layout.Placed,
            stores: tuple[clouds.Store, ...]) -> bool:
    """As in these stores, for all that boot it, and as it is today."""
    image, today = placed.image, placed.image.kind
    if not image.used:
        return True
    before = matrix.week(cloud, image, today, copy_on_write.ordered(
        tuple(map(clouds.Copy, stores))), matrix.SHOWN)
    after = matrix.week(cloud, image, placed.kind, placed.copies,
                        matrix.SHOWN)
    return after.cloned >= before.cloned and (
        after.seconds <= before.seconds * ROUNDING)


class ProgrammeTest(unittest.TestCase):

    @FEW
    @hypothesis.given(small_clouds.tiny(), strategies.booleans())
    def test_constraints(self, cloud: clouds.Cloud, advised: bool) -> None:
        plan = layout.plan(cloud)
        found = placement.search(cloud, plan, advised=advised)
        self.assertTrue(fits(cloud, found.images))
        before = sum(map(placement.cost_before, cloud.images))
        if found.result.cost > before * ROUNDING:
            self.assertIn('more than today', placement.summary(
                cloud, found)['dearer'])
            # Of what is as fast as today, nothing costs more, unless there
            # have to be more copies, or another store becomes the default,
            # from which Glance then reads first, and which may be slower.
            self.assertTrue(
                advised or plan.default.store != cloud.default_store or any(
                    image.least_copies > len(image.copies)
                    for image in cloud.images))
        for placed, choice in zip(found.images, found.result.choices,
                                  strict=True):
            image = placed.image
            names = {one.name for one in placed.stores}
            self.assertLessEqual({one.store.name for one in image.copies
                                  if one.clones}, names)
            if choice.kept:
                self.assertEqual({one.store.name for one in image.copies},
                                 names)
                continue
            self.assertGreaterEqual(len(names), image.least_copies)
            if not advised:
                self.assertFalse(placed.converted)
                self.assertTrue(as_fast(cloud, placed, tuple(
                    one.store for one in image.copies)))

    @FEW
    @hypothesis.given(small_clouds.tiny())
    def test_none_is_cheaper(self, cloud: clouds.Cloud) -> None:
        """Of all, each looked at."""
        plan = layout.plan(cloud)
        found = placement.search(cloud, plan, advised=False)
        if any(one.kept for one in found.result.choices):
            return
        search = options.Options(cloud, plan)
        each = []
        for image, reference in zip(cloud.images, options.references(
                cloud, plan, False), strict=True):
            need = search.need(image, reference)
            each.append([layout.Placed(image, image.kind, tuple(
                cloud.stores[place] for place in search.ordered(mask)))
                for mask in range(1, 8) if search.does(need, mask)])
        least = min(sum(map(placement.cost, images))
                    for images in itertools.product(*each)
                    if fits(cloud, images))
        self.assertLessEqual(found.result.cost,
                             least * (1 + 2 * pricing.MOVED) + 1e-9)
        self.assertLessEqual(found.result.cost - found.result.above,
                             least * ROUNDING + 1e-9)

    def test_groups(self) -> None:
        """Many images, a few groups: it is near the bound, and fits."""
        cloud = small_clouds.many(300)
        plan = layout.plan(cloud)
        most = programme._MOST_COLUMNS
        self.addCleanup(setattr, programme, '_MOST_COLUMNS', most)
        programme._MOST_COLUMNS = 60
        found = placement.search(cloud, plan)
        self.assertTrue(fits(cloud, found.images))
        self.assertLess(found.result.gap, 0.05)
        self.assertLess(found.result.cost,
                        sum(map(placement.cost_before, cloud.images)))
