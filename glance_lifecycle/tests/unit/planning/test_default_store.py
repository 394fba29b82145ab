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

"""What another default store means, worked out by hand."""

import dataclasses
import unittest

import hypothesis
from hypothesis import strategies

from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import default_store
from glance_lifecycle.planning import formats
from glance_lifecycle.tests.unit.planning import paper
from glance_lifecycle.tests.unit.planning import small_clouds

Change = default_store.Change
GIB = 1024 ** 3
_GROWTH = ('{default_store: central', '{growth_per_week: 50 GiB, '
           'default_store: central')
_BACK = {Change.LOSES_CLONES: Change.GAINS_CLONES,
         Change.SLOWER: Change.FASTER, Change.SAME: Change.SAME,
         Change.FASTER: Change.SLOWER,
         Change.GAINS_CLONES: Change.LOSES_CLONES}


class DefaultStoreTest(unittest.TestCase):

    def landings(self, switch: default_store.Switch
                 ) -> dict[tuple[str, str], default_store.Landing]:
        return {(one.consumer.name, one.kind.value): one
                for one in switch.landings}

    def test_other_cluster(self) -> None:
        """10 GiB of raw at 400 MiB/s, 25.6 s; 2 GiB of data into Ceph at 300
        MiB/s, 6.827 s. A clone takes a second.
        """
        found = self.landings(default_store.switch(
            paper.cloud('edge'), 'near'))
        self.assertEqual({('main', 'raw'), ('edge', 'raw'), ('far', 'raw')},
                         set(found))
        main, edge, far = found.values()
        self.assertEqual(
            [Change.LOSES_CLONES, Change.GAINS_CLONES, Change.SAME],
            [main.change, edge.change, far.change])
        self.assertEqual([400, 20, 4], [main.disks, edge.disks, far.disks])
        self.assertEqual(1, main.before.first.seconds)
        self.assertAlmostEqual(25.6 + 2048 / 300, main.after.first.seconds)
        assert main.after.failed and far.before.failed
        self.assertEqual('same-cluster', main.after.failed.condition)
        self.assertEqual('same-cluster', far.before.failed.condition)

    def test_not_shown(self) -> None:
        """Nobody clones, then or now: the cluster does not matter."""
        found = default_store.switch(paper.cloud('edge', (
            ', show_image_direct_url: true', '')), 'near')
        for one in found.landings:
            self.assertIs(Change.SAME, one.change)
            assert one.after.failed
            self.assertEqual('location-shown', one.after.failed.condition)
        self.assertFalse(any(one.new.direct or one.old.direct
                             for one in found.snapshots))

    def test_formats(self) -> None:
        """The median has 3 GiB of data on a disk of 15. As qcow2, from
        objects 30.72 s, and from Ceph 7.68; 3.84 s to convert, 10.24 to write.
        """
        switch = default_store.switch(paper.cloud('ceph'), 'ceph')
        self.assertEqual((15 * GIB, 3 * GIB), (
            switch.typical.virtual_size.value,
            switch.typical.data_size.value))
        found = self.landings(switch)
        self.assertIs(Change.GAINS_CLONES, found['main', 'raw'].change)
        self.assertIs(Change.GAINS_CLONES, found['volumes', 'raw'].change)
        one = found['main', 'qcow2']
        self.assertIs(Change.FASTER, one.change)
        self.assertAlmostEqual(44.8, one.before.first.seconds)
        self.assertAlmostEqual(21.76, one.after.first.seconds)
        back = self.landings(default_store.switch(paper.cloud('ceph', (
            'default_store: objects', 'default_store: ceph')), 'objects'))
        one = back['main', 'raw']
        self.assertIs(Change.LOSES_CLONES, one.change)
        assert one.after.failed
        self.assertEqual('location-in-ceph', one.after.failed.condition)
        self.assertIs(Change.SLOWER, back['main', 'qcow2'].change)

    def test_snapshots(self) -> None:
        """Those of servers that run stay in the pool of their image; the rest
        go to the new default.
        """
        main, edge, far = default_store.switch(
            paper.cloud('edge'), 'near').snapshots
        self.assertEqual(('central', True), (
            main.old.store.name, main.old.direct))
        self.assertEqual(('near', False), (
            main.new.store.name, main.new.direct))
        self.assertIn('not in the cluster of Ceph', main.new.why)
        self.assertEqual([('near', False), ('near', True)], [
            (one.store.name, one.direct) for one in (edge.old, edge.new)])
        self.assertEqual([('near', False), ('near', False)], [
            (one.store.name, one.direct) for one in (far.old, far.new)])

    def test_room(self) -> None:
        """500 GiB last 10 weeks at 50 GiB, and 5 TiB 102.4."""
        old, new = default_store.switch(
            paper.cloud('edge', _GROWTH), 'near').rooms
        self.assertAlmostEqual(70, new.days or 0)
        self.assertAlmostEqual(716.8, old.days or 0)
        # Three replicas are assumed.
        self.assertAlmostEqual(0.06, new.cost)
        self.assertEqual('assumed', new.source)
        for changes in ((), ((_GROWTH[0], _GROWTH[1].replace('50', '0')),)):
            self.assertIsNone(default_store.switch(
                paper.cloud('edge', *changes), 'near').rooms[1].days)

    def test_stay(self) -> None:
        """10 GiB with holes are 2 GiB in a thin pool of either."""
        found = default_store.switch(paper.cloud('edge', (
            'free: 500 GiB', 'free: 1 GiB')), 'near').stay
        self.assertEqual((1, 2 * GIB, 1, GIB), (
            found.count, found.stored, found.alone, found.lacking))
        found = default_store.switch(paper.cloud('edge', (
            'copies: [central]', 'copies: [central, near]')), 'near').stay
        self.assertEqual((1, 0, 0), (found.count, found.alone, found.lacking))

    def test_nothing_to_switch(self) -> None:
        for name, why in (('central', 'is the default store already'),
                          ('gone', 'no store gone. It has central, near')):
            with self.assertRaisesRegex(default_store.NoSwitch, why):
                default_store.switch(paper.cloud('edge'), name)

    @hypothesis.given(small_clouds.tiny(), strategies.sampled_from('abc'))
    def test_there_and_back(self, cloud: clouds.Cloud, name: str) -> None:
        """What is lost there is gained on the way back."""
        hypothesis.assume(name != cloud.default_store.name)
        there = default_store.switch(cloud, name)
        back = default_store.switch(
            dataclasses.replace(cloud, default_store=there.new),
            cloud.default_store.name)
        for one, other in zip(there.landings, back.landings, strict=True):
            self.assertEqual((one.before, one.after),
                             (other.after, other.before))
            # A difference is a part of what was before.
            if Change.SAME not in (one.change, other.change):
                self.assertIs(_BACK[one.change], other.change)
            self.assertEqual(one.after.cloned, (
                one.kind is formats.Format.RAW and one.consumer.in_ceph
                and one.consumer.fsid == there.new.fsid))
