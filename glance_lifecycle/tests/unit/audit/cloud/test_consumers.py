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

"""nova.conf, cinder.conf and ceph.conf -> who makes disks of images."""

import pathlib
import tempfile
from typing import Any
import unittest

from glance_lifecycle.audit.cloud import consumers
from glance_lifecycle.audit.doctor import beside

FSID = '4d6c0b1e-0000-4000-8000-0000000000a1'


class ConsumersTest(unittest.TestCase):

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.base = pathlib.Path(directory.name)
        (self.base / 'ceph.conf').write_text(f'[global]\nfsid = {FSID}\n')
        self.notes: list[str] = []

    def conf(self, kind: str, text: str) -> Any:
        path = self.base / f'{kind}.conf'
        path.write_text(text)
        given = beside.Given(**{kind: [('h', path)]},  # type: ignore
                             ceph=[self.base / 'ceph.conf'])
        return consumers.services(given, self.notes.append)[0]

    def test_nova(self) -> None:
        kept = {'value': True, 'from': 'read'}
        for text, expected in (
                ('', {'images_type': 'qcow2', 'image_cache': kept}),
                ('[DEFAULT]\nuse_cow_images = no\n',
                 {'images_type': 'raw', 'image_cache': kept}),
                ('[libvirt]\nimages_type = lvm\n',
                 {'images_type': 'raw', 'image_cache': kept}),
                ('[libvirt]\nimages_type = rbd\n'
                 'images_rbd_glance_store_name = ceph\n',
                 {'images_type': 'rbd', 'image_cache': kept,
                  'copies_into': 'ceph', 'fsid': FSID}),
                ('[libvirt]\nimages_type = rbd\n'
                 'images_rbd_glance_store_name = elsewhere\n'
                 'images_rbd_ceph_conf = /etc/ceph/other.conf\n',
                 {'images_type': 'rbd', 'image_cache': kept}),
                ('[image_cache]\n'
                 'remove_unused_original_minimum_age_seconds = 60\n',
                 {'images_type': 'qcow2', 'image_cache': {
                     'value': False, 'from': 'read'}})):
            with self.subTest(text):
                self.assertEqual(expected, consumers.nova(
                    self.conf('nova', text), {'ceph'}))

    def test_cinder(self) -> None:
        found = consumers.cinder(self.conf('cinder', (
            '[DEFAULT]\nenabled_backends = fast,far,lvm\n'
            '[service_user]\nsend_service_user_token = true\n'
            '[fast]\nvolume_driver = cinder.volume.drivers.rbd.RBDDriver\n'
            '[far]\nvolume_driver = cinder.volume.drivers.rbd.RBDDriver\n'
            'rbd_ceph_conf = /etc/ceph/far.conf\n')))
        self.assertEqual({'fast': FSID, 'far': '', 'lvm': None}, {
            name: one.get('fsid') for name, one in found.items()})
        self.assertTrue(found['lvm']['service_token']['value'])

    def test_no_file(self) -> None:
        path = self.base / 'nova.conf'
        self.assertEqual((), consumers.services(
            beside.Given(nova=[('h', path)]), self.notes.append))
        self.assertIn('There is no such file', self.notes[0])

    def test_clusters(self) -> None:
        """That of the stores, if they have one; else none of theirs."""
        for fsids, expected in ((['a'], 'a'), (['a', 'a'], 'a'),
                                (['a', 'b'], 'unknown-too'),
                                ([], 'unknown-too')):
            stores = [{'kind': 'rbd', 'fsid': one} for one in fsids]
            items: list[dict[str, Any]] = [
                {'name': 'x'}, {'name': 'y', 'fsid': 'known'},
                {'name': 'z', 'other': True}]
            consumers.clusters(
                items, [*stores, {'kind': 'file'}],
                lambda one: 'other' not in one, self.notes.append)
            self.assertEqual([expected, 'known', None],
                             [one.get('fsid') for one in items])
        self.assertEqual(4, len(self.notes))
