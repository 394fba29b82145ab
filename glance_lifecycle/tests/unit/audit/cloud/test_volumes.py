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

"""Back ends of Cinder, of three sources, and what they make."""

import collections
from typing import Any
import unittest

from glance_lifecycle.audit.cloud import volumes


class VolumesTest(unittest.TestCase):

    def test_backend(self) -> None:
        for host, name in (('h@ceph#pool', 'ceph'), ('h@ceph', 'ceph'),
                           ('h', 'h'), ('', ''), (None, '')):
            self.assertEqual(name, volumes.backend(host))

    def test_items(self) -> None:
        """The file counts, but where it does not know the cluster."""
        found = volumes.Made(
            collections.Counter({('i', 'ceph'): 3, ('gone', 'old'): 1}),
            collections.Counter(ceph=2), collections.Counter(ceph=3, old=1))
        confs: dict[str, dict[str, Any]] = {
            'ceph': {'service_token': {'value': True, 'from': 'read'},
                     'fsid': ''}, 'new': {'fsid': 'theirs'}}
        told: dict[str, dict[str, Any]] = {
            'ceph': {'fsid': 'x'}, 'lvm': {}, 'new': {'fsid': 'other'}}
        notes: list[str] = []
        items = volumes.items(confs, told, found, notes.append)
        self.assertEqual([
            {'name': 'ceph', 'fsid': 'x',
             'service_token': {'value': True, 'from': 'read'},
             'encrypted': {'value': True, 'from': 'read'}},
            {'name': 'new', 'fsid': 'theirs'}, {'name': 'lvm'},
            {'name': 'old', 'encrypted': {'value': False, 'from': 'read'}}],
            items)
        self.assertEqual({'image': {'ceph': 3}}, volumes.counted(
            found, {'ceph', 'old'}, {'i': 'image'}))
        self.assertEqual([], notes)
