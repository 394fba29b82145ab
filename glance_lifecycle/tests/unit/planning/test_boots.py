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

"""Seconds and bytes of each way to a disk, worked out by hand."""

import dataclasses
import unittest

from glance_lifecycle.planning import boots
from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning.copy_on_write import Condition
from glance_lifecycle.planning.formats import Format
from glance_lifecycle.tests.unit.planning import paper

GIB = 1024 ** 3
SHOWN = clouds.Glance(show_image_direct_url=True,
                      show_multiple_locations=True)


class BootsTest(unittest.TestCase):
    """2 GiB of data of 10 GiB, compressed to 1 GiB; assumed rates."""

    def setUp(self) -> None:
        super().setUp()
        self.cloud = paper.cloud('ceph')
        self.ceph, self.objects = self.cloud.stores
        self.nova, = self.cloud.compute_groups
        self.cinder, = self.cloud.volume_backends
        self.image = self.cloud.images[0]
        self.local = dataclasses.replace(
            self.nova, images_type='qcow2', fsid='')

    def served(self, consumer: clouds.Consumer, kind: Format,
               *stores: clouds.Store, glance: clouds.Glance = SHOWN
               ) -> boots.Served:
        return boots.served(self.image, kind, tuple(map(
            clouds.Copy, stores)), consumer, glance)

    def check(self, boot: boots.Boot, seconds: float, gib: float) -> None:
        self.assertEqual((round(seconds, 3), gib), (
            round(boot.seconds, 3), boot.moved / GIB))

    def test_clone(self) -> None:
        for consumer in (self.nova, self.cinder):
            found = self.served(consumer, Format.RAW, self.ceph)
            self.assertTrue(found.cloned)
            self.check(found.first, 1, 0)
            self.check(found.later, 1, 0)

    def test_any_copy_is_cloned(self) -> None:
        """If Glance shows it, and not only the first."""
        copies = self.objects, self.ceph
        self.assertTrue(self.served(self.nova, Format.RAW, *copies).cloned)
        found = self.served(self.nova, Format.RAW, *copies,
                            glance=clouds.Glance(show_image_direct_url=True))
        self.assertEqual(self.objects, found.store)
        assert found.failed is not None
        # The copy in Ceph comes closest.
        self.assertEqual(Condition.SHOWN, found.failed.condition)

    def test_local(self) -> None:
        """Download at 100 MiB/s, convert, overlay; later only an overlay."""
        for kind, seconds, gib in (
                (Format.RAW, 10240 / 100 + 1, 10),
                (Format.QCOW2, 2048 / 100 + 2048 / 800 + 1, 2),
                (Format.COMPRESSED, 1024 / 100 + 2048 / 180 + 1, 1)):
            found = self.served(self.local, kind, self.objects)
            assert found.failed is not None
            self.assertEqual(Condition.DISKS, found.failed.condition)
            self.check(found.first, seconds, gib)
            self.check(found.later, 1, 0)

    def test_slowest_decides(self) -> None:
        """The hash is made while it is downloaded."""
        slow = paper.changed(self.local, verify_per_second=50 * 1024 ** 2)
        self.check(self.served(slow, Format.RAW, self.objects).first,
                   10240 / 50 + 1, 10)
        near = paper.changed(self.local, network_per_second=10 * 1024 ** 2)
        self.check(self.served(near, Format.RAW, self.objects).first,
                   10240 / 10 + 1, 10)

    def test_local_raw(self) -> None:
        """Each disk is a copy of the base image: 2 GiB at 300 MiB/s."""
        raw = dataclasses.replace(self.local, images_type='raw')
        found = self.served(raw, Format.QCOW2, self.objects)
        self.check(found.first, 20.48 + 2.56 + 2048 / 300, 2)
        self.check(found.later, 2048 / 300, 0)

    def test_downloaded_into_ceph(self) -> None:
        """The base image is imported for each disk."""
        found = self.served(self.nova, Format.QCOW2, self.ceph)
        self.check(found.first, 2048 / 400 + 2.56 + 2048 / 300, 4)
        self.check(found.later, 2048 / 300, 2)

    def test_volume(self) -> None:
        """Every volume is downloaded; into Ceph it is written there."""
        found = self.served(self.cinder, Format.QCOW2, self.ceph)
        self.assertEqual(found.first, found.later)
        self.check(found.first, 2048 / 400 + 2.56 + 2048 / 300, 4)
        other = dataclasses.replace(self.cinder, fsid='')
        self.check(self.served(other, Format.QCOW2, self.ceph).first,
                   2048 / 400 + 2.56 + 2048 / 300, 2)

    def test_copied_for_nova(self) -> None:
        """Read at 100 and written at 200 MiB/s, once; then cloned."""
        group = dataclasses.replace(self.nova, copies_into=self.ceph)
        found = self.served(group, Format.RAW, self.objects)
        self.assertTrue(found.cloned and found.once)
        self.check(found.first, 10240 / 100 + 10240 / 200 + 1, 20)
        self.check(found.later, 1, 0)
        for kind, glance in ((Format.QCOW2, SHOWN),
                             (Format.RAW, clouds.Glance())):
            self.assertFalse(self.served(
                group, kind, self.objects, glance=glance).cloned)

    def test_week(self) -> None:
        """400 boots on 50 hosts: each fetches once, if it keeps that."""
        copies = (clouds.Copy(self.objects),)
        kept = paper.week(self.image, Format.RAW, copies,
                          self.local, SHOWN)
        self.assertEqual((400, 0, 50 * 103.4 + 350, 500 * GIB), (
            kept.disks, kept.cloned, round(kept.seconds, 6), kept.moved))
        lost = paper.week(self.image, Format.RAW, copies, paper.changed(
            self.local, image_cache=False), SHOWN)
        self.assertEqual((400 * 103.4, 4000 * GIB), (
            round(lost.seconds, 6), lost.moved))
        once = paper.week(
            self.image, Format.RAW, copies, dataclasses.replace(
                self.nova, copies_into=self.ceph), SHOWN)
        self.assertEqual((400, 154.6 + 399, 20 * GIB), (
            once.cloned, round(once.seconds, 6), once.moved))
        self.assertEqual(boots.Week(), paper.week(
            self.cloud.images[1], Format.RAW, copies, self.local, SHOWN))
        self.assertEqual(0, boots.Week().mean)
