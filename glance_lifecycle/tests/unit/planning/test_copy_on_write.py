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

"""Each condition, turned one at a time, as the drivers decide."""

import dataclasses
import unittest

from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import copy_on_write
from glance_lifecycle.planning.copy_on_write import Condition
from glance_lifecycle.tests.unit.planning import paper


class CopyOnWriteTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        cloud = paper.cloud('ceph')
        self.ceph, self.objects = cloud.stores
        self.nova, = cloud.compute_groups
        self.cinder, = cloud.volume_backends

    def failed(self, consumer: clouds.Consumer, disk_format: str = 'raw',
               copy: clouds.Copy | None = None, shown: bool = True
               ) -> Condition | None:
        found = copy_on_write.failed(
            disk_format, copy or clouds.Copy(self.ceph), consumer, shown)
        if found is None:
            return None
        self.assertRegex(found.words, r'^[A-Za-z].*\.$')
        return found.condition

    def test_cloned(self) -> None:
        for consumer in (self.nova, self.cinder):
            self.assertIsNone(self.failed(consumer))
            self.assertTrue(all(one.holds for one in copy_on_write.checks(
                'raw', clouds.Copy(self.ceph), consumer, True)))

    def test_format(self) -> None:
        """ISO passes the first look of Nova, and not the second."""
        for disk_format in ('qcow2', 'iso', 'vmdk'):
            for consumer in (self.nova, self.cinder):
                self.assertEqual(Condition.RAW,
                                 self.failed(consumer, disk_format))

    def test_disks(self) -> None:
        for images_type in ('qcow2', 'raw', 'flat'):
            self.assertEqual(Condition.DISKS, self.failed(
                dataclasses.replace(self.nova, images_type=images_type,
                                    fsid='')))
        self.assertEqual(Condition.DISKS, self.failed(
            dataclasses.replace(self.cinder, fsid='')))

    def test_encrypted(self) -> None:
        self.assertEqual(Condition.NOT_ENCRYPTED, self.failed(
            paper.changed(self.cinder, encrypted=True)))

    def test_shown(self) -> None:
        for consumer in (self.nova, self.cinder):
            self.assertEqual(Condition.SHOWN,
                             self.failed(consumer, shown=False))

    def test_store(self) -> None:
        for consumer in (self.nova, self.cinder):
            self.assertEqual(Condition.LOCATION, self.failed(
                consumer, copy=clouds.Copy(self.objects)))

    def test_cluster(self) -> None:
        for consumer in (self.nova, self.cinder):
            self.assertEqual(Condition.CLUSTER, self.failed(
                dataclasses.replace(consumer, fsid='b2')))

    def test_opens(self) -> None:
        for consumer in (self.nova, self.cinder):
            self.assertEqual(Condition.OPENS, self.failed(
                dataclasses.replace(consumer, cannot_open=('ceph',))))

    def test_location(self) -> None:
        """Old ones have no cluster and no snapshot; parts are quoted."""
        for location, condition in (
                ('rbd://a1/images/id/snap', None),
                ('rbd://%611/images/id/snap', None),
                ('rbd://a1/im%2Fages/id/snap', None),
                ('rbd://b2/images/id/snap', Condition.CLUSTER),
                ('rbd://A1/images/id/snap', Condition.CLUSTER),
                ('rbd://id', Condition.LOCATION),
                ('rbd://a1/images/id', Condition.LOCATION),
                ('rbd://a1/images/id/snap/', Condition.LOCATION),
                ('rbd://a1//id/snap', Condition.LOCATION),
                ('RBD://a1/images/id/snap', Condition.LOCATION),
                ('file:///a1/images/id/snap', Condition.LOCATION)):
            for consumer in (self.nova, self.cinder):
                self.assertEqual(condition, self.failed(
                    consumer, copy=clouds.Copy(self.ceph, location)),
                    location)

    def test_no_location_in_words(self) -> None:
        copy = clouds.Copy(self.objects, 's3://user:secret@host/bucket/id')
        for consumer in (self.nova, self.cinder):
            for one in copy_on_write.checks('raw', copy, consumer, True):
                self.assertNotIn('secret', one.words)

    def test_seen(self) -> None:
        """What of Glance and of Cinder shows a location to whom."""
        token = paper.changed(self.cinder, service_token=True)
        for direct, several, first, nova, cinder, with_token in (
                (False, False, True, False, False, True),
                (False, False, False, False, False, True),
                (True, False, True, True, True, True),
                (True, False, False, False, False, True),
                (False, True, True, True, False, True),
                (False, True, False, True, False, True),
                (True, True, False, True, True, True)):
            glance = clouds.Glance(direct, several)
            self.assertEqual(
                (nova, cinder, with_token), tuple(copy_on_write.seen(
                    glance, one, first=first)
                    for one in (self.nova, self.cinder, token)))

    def test_ordered(self) -> None:
        """The largest weight first, else as they are."""
        copies = clouds.Copy(self.objects), clouds.Copy(self.ceph)
        self.assertEqual(copies[::-1], copy_on_write.ordered(copies))
        light = clouds.Copy(dataclasses.replace(self.ceph, weight=0))
        self.assertEqual((copies[0], light), copy_on_write.ordered(
            (copies[0], light)))
