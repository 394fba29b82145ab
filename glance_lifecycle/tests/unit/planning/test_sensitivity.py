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

"""Assumptions that would change the advice are named, and no others."""

import dataclasses
import unittest

from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import sensitivity
from glance_lifecycle.tests.unit.planning import paper


class SensitivityTest(unittest.TestCase):

    def changes(self, cloud: clouds.Cloud) -> dict[tuple[str, str], str]:
        return {(one.name, one.turned): one.effect
                for one in sensitivity.changes(cloud)}

    def test_robust(self) -> None:
        """A clone takes a second: no rate comes near."""
        for name in ('ceph', 'edge', 'hidden'):
            self.assertEqual({}, self.changes(paper.cloud(name)), name)

    def test_close(self) -> None:
        """24.0 s as qcow2, 22.6 s compressed; at 200 MiB/s 13.8 and 17.5."""
        found = self.changes(paper.cloud('local'))
        self.assertEqual('imports would be qcow2',
                         found['read_per_second', 'twice that'])
        # At 50 MiB/s 44.5 and 32.9 s: it pays to make it again.
        self.assertEqual('debian would be compressed qcow2',
                         found['read_per_second', 'half of that'])
        self.assertNotIn(('start_seconds', 'twice that'), found)

    def test_given_is_not_doubted(self) -> None:
        cloud = paper.cloud('local', (
            'kind: s3,', 'kind: s3, read_per_second: 100 MiB,'))
        self.assertFalse([one for one in self.changes(cloud)
                          if one[0] == 'read_per_second'])

    def test_turned_round(self) -> None:
        """Were holes stored, 10 GiB would not fit where 2 do."""
        cloud = paper.cloud('hidden', (', thin: true', ''),
                            ('free: 5 TiB', 'free: 3 GiB'),
                            ('disk_format: raw', 'disk_format: qcow2'),
                            ('size: 10 GiB', 'size: 2 GiB\n'
                             '    virtual_size: 10 GiB'))
        self.assertEqual('imports would be raw, and ubuntu would be raw',
                         self.changes(cloud)['thin', 'the other way'])

    def test_bounded(self) -> None:
        """Of many images, those that are used most."""
        cloud = paper.cloud('local')
        image, = cloud.images
        many = dataclasses.replace(cloud, images=tuple(
            dataclasses.replace(image, name='image-%d' % number, boots={
                'local': dataclasses.replace(
                    image.boots['local'], value=number)})
            for number in range(300)))
        effect = self.changes(many)['read_per_second', 'half of that']
        self.assertEqual(
            'image-299 would be compressed qcow2, image-298 would be '
            'compressed qcow2, image-297 would be compressed qcow2 and 97 '
            'more images another format', effect)
