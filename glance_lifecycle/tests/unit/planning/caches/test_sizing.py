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

"""Sizes and ages that are advised."""

import dataclasses
import json
from typing import Any
import unittest

from glance_lifecycle.planning.caches import report
from glance_lifecycle.planning.caches import rows
from glance_lifecycle.planning.caches import sizing
from glance_lifecycle.planning.caches import trace
from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import known
from glance_lifecycle.planning import layout
from glance_lifecycle.tests.unit.planning import paper

GIB = 1024 ** 3
HOUR = 3600.0


def many(number: int, weekly: float) -> clouds.Cloud:
    """Images of a GiB, that all hosts boot without keeping them."""
    cloud = paper.cloud('local')
    image = paper.changed(cloud.images[0], size=GIB)
    given = known.Known(weekly, known.Source.GIVEN)
    return dataclasses.replace(
        cloud, images=tuple(dataclasses.replace(
            image, name='image-%d' % one, boots={'local': given})
            for one in range(number)),
        compute_groups=(paper.changed(
            cloud.compute_groups[0], image_cache=False),))


class SizingTest(unittest.TestCase):

    def planned(self, cloud: clouds.Cloud,
                boots: trace.Trace | None = None) -> sizing.Plan:
        return sizing.planned(cloud, layout.plan(cloud), boots)

    def boots(self, *found: tuple[float, str, str]) -> trace.Trace:
        return trace.Trace(tuple(
            trace.Boot(hour * HOUR, 'local', host, image)
            for hour, host, image in found), 4 * trace.WEEK, given=True)

    def test_age(self) -> None:
        """Each 60 hours on one host: a day is too short, and four are not.

        A server exists for a day, so 48 hours are enough.
        """
        plan = self.planned(paper.cloud('local'), self.boots(*(
            (60 * one, 'h', 'debian') for one in range(11))))
        group, = plan.groups
        self.assertEqual((48 * HOUR, 24 * HOUR), (
            group.best.setting, group.today.setting))
        self.assertEqual((1, 0), (group.best.served, group.best.moved))
        # 8 of the boots are counted, in 3 weeks; each moves 2 GiB.
        self.assertEqual(0, group.today.served)
        self.assertAlmostEqual(8 * 2 * GIB / 3, group.today.moved)
        self.assertAlmostEqual(
            8 * group.longest / 3, group.today.waited)

    def test_age_without_gain(self) -> None:
        """Each image once, or one each hour: today's age stays."""
        cloud = paper.cloud('local')
        image, = cloud.images
        cloud = dataclasses.replace(cloud, images=tuple(
            dataclasses.replace(image, name='image-%d' % one)
            for one in range(20)))
        for booted in ([(50 * one, 'h', 'image-%d' % one)
                        for one in range(12)],
                       [(one, 'h', 'image-0') for one in range(600)]):
            plan = self.planned(cloud, self.boots(*booted))
            group, = plan.groups
            self.assertEqual(24 * HOUR, group.best.setting)
            self.assertIn('Keep remove_unused_original_minimum_age_seconds = '
                          '86400', [*rows.of(plan)][1].advice)

    def test_size(self) -> None:
        """As many images are asked for as often: all of them, or nearly."""
        sized = self.planned(many(20, 50)).glance
        assert sized is not None
        self.assertEqual(20 * GIB, sized.best.setting)
        self.assertGreater(sized.best.served, 0.97)
        served = [one.served for one in sized.points]
        self.assertEqual(sorted(served), served)
        # Today's is 10 GiB: half of them.
        self.assertEqual(10 * GIB, sized.today.setting)
        self.assertLess(sized.today.served, 0.8)
        self.assertEqual(20, len(sized.prefetched))

    def test_useless(self) -> None:
        """Each image once: no cache serves anything."""
        plan = self.planned(many(20, 50), self.boots(*(
            (one, 'h', 'image-%d' % one) for one in range(20))))
        assert plan.glance is not None
        self.assertTrue(plan.glance.useless)
        self.assertIn('Leave image_cache_dir unset', next(
            rows.of(plan)).advice)

    def test_cloned(self) -> None:
        """Who clones needs none."""
        cloud = paper.cloud('ceph')
        plan = self.planned(cloud)
        self.assertIsNone(plan.glance)
        self.assertEqual(((), []), (plan.groups, list(rows.of(plan))))

    def test_nodes(self) -> None:
        """Each node sees a part; told is what all of them move."""
        cloud = many(20, 50)
        one, three = (self.planned(dataclasses.replace(
            cloud, caches=paper.changed(cloud.caches, glance_nodes=nodes)))
            .glance for nodes in (1, 3))
        assert one and three
        self.assertAlmostEqual(
            1, three.today.moved / one.today.moved, delta=0.15)
        for sized in (one, three):
            self.assertAlmostEqual(
                50, sized.prefetched[0].downloads, delta=25)

    def test_part(self) -> None:
        """A part of many hosts tells the same of all, or nearly."""
        cloud = paper.cloud('local')
        image, = cloud.images
        cloud = dataclasses.replace(
            cloud, images=(dataclasses.replace(
                image, boots={'local': known.Known(
                    2000.0, known.Source.GIVEN)}),),
            compute_groups=(paper.changed(
                cloud.compute_groups[0], hosts=1000.0),))
        plan = layout.plan(cloud)
        (whole,), (part,) = (sizing.planned(cloud, plan, trace.generated(
            {'local': {'debian': 2000.0}}, {'local': 1000}, 1, most)).groups
            for most in (10_000, 2000))
        for one, other in zip(whole.points, part.points):
            self.assertAlmostEqual(one.served, other.served, delta=0.04)
            self.assertAlmostEqual(one.moved / whole.points[0].moved,
                                   other.moved / whole.points[0].moved,
                                   delta=0.06)

    def test_prefetch(self) -> None:
        """What at least half of the hosts download anew each week."""
        plan = self.planned(paper.cloud('local'), self.boots(*sorted(
            (168 * week + 10 * host, 'h%d' % host, 'debian')
            for week in range(4) for host in range(4) if week % 2 or host)))
        group, = plan.groups
        group = dataclasses.replace(group, best=group.today)
        self.assertEqual(336 * HOUR, group.points[-1].setting)
        advice = [one for one in rows.of(plan)
                  if one.what.startswith('prefetch')]
        self.assertEqual([], advice)
        cloud = paper.cloud('local')
        young = self.planned(dataclasses.replace(cloud, caches=paper.changed(
            cloud.caches, server_seconds=10 ** 7)), plan.trace)
        self.assertEqual((), young.groups[0].prefetched)

    def test_rows(self) -> None:
        found = list(rows.of(self.planned(many(20, 50))))
        self.assertEqual(['cache of Glance'], [one.what for one in found])
        self.assertRegex(
            found[0].advice, r'^Set image_cache_max_size = 21474836480 '
            r'\(20 GiB\) in \[DEFAULT\] of glance-api.conf of each '
            r'glance-api, and run glance-cache-pruner every \d+ minutes\.$')
        self.assertIn('10 GiB', [one.what for one in found[0].rejected])
        advised = list(rows.of(self.planned(paper.cloud('local'))))
        self.assertEqual(['cache of Glance', 'base images of local'],
                         [one.what for one in advised])

    def test_same_advice(self) -> None:
        """Groups with the same are one row."""
        cloud = paper.cloud('local')
        group = cloud.compute_groups[0]
        both = dataclasses.replace(
            cloud, compute_groups=(group, dataclasses.replace(
                group, name='other')),
            images=(dataclasses.replace(cloud.images[0], boots={
                name: known.Known(100.0, known.Source.GIVEN)
                for name in ('local', 'other')}),))
        self.assertIn('base images of local, other', [
            one.what for one in rows.of(self.planned(both))])

    def test_report(self) -> None:
        found: Any = json.loads(json.dumps(report.report(self.planned(
            paper.cloud('local')))))
        self.assertEqual(86400, found['compute_groups'][0]['today'])
        self.assertEqual({'setting', 'served', 'moved', 'waited', 'disk'},
                         set(found['glance']['points'][0]))
