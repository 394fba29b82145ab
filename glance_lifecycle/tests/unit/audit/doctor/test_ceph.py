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
import pathlib
import unittest

from glance_lifecycle.audit.doctor import ceph

CONF = """\
fsid = Before
[global]
   FSID = A-1  ; the cluster
mon-host = 192.0.2.1 # one
auth client  required = "cephx"
[client]
rbd default features = 61
[client.glance]
rbd_default_features = 1
key = c4n4ry
no sense
"""


class CephTest(unittest.TestCase):

    def test_values(self) -> None:
        found = ceph.parse(CONF, 'ceph.conf')
        self.assertEqual('a-1', found.fsid)
        self.assertEqual('192.0.2.1', found.value('mon_host'))
        self.assertEqual('cephx', found.value('auth_client_required'))
        self.assertEqual('61', found.value('rbd_default_features'))
        self.assertEqual('1', found.value(
            'rbd_default_features', 'client.glance'))
        self.assertEqual('', found.value('nothing'))
        self.assertEqual('', ceph.parse(
            'fsid = *********\n', 'ceph.conf').fsid)

    def test_places(self) -> None:
        found = ceph.parse(CONF, 'ceph.conf')
        place = found.place('fsid')
        self.assertEqual((3, 'A-1'), (place.line, place.value))
        self.assertIsNone(found.place('key', 'client.glance').value)
        self.assertEqual(0, found.place('nothing').line)

    def test_names(self) -> None:
        """Whatever a configuration calls it, nothing else is read."""
        below = ceph.Below(pathlib.Path('/nonexistent'), None)
        for name in ('', '/', '\0', 'a' * 5000, '..'):
            self.assertIsNone(below.conf(name))
        self.assertIsNone(ceph.Places([below]).conf(''))
