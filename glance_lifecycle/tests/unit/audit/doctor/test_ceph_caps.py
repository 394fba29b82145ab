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

"""Keys of Ceph, and what they open."""

import unittest

from glance_lifecycle.audit.doctor import ceph_caps


class MayReadTest(unittest.TestCase):

    def test_table(self) -> None:
        for caps, answer in (
                ('', False),
                ('allow *', True), ('allow all', True), ('allow r', True),
                ('allow rwx', True), ('allow w', False), ('allow wx', False),
                ('profile rbd', True), ('profile rbd-read-only', True),
                ('profile osd', False),
                ('profile rbd pool=images', True),
                ('profile rbd pool="images"', True),
                ('profile rbd pool=vms', False),
                ('profile rbd pool=images2', False),
                ('profile rbd pool=vms, profile rbd-read-only pool=images',
                 True),
                ('profile rbd pool=vms;allow r pool images', True),
                ('allow class-read object_prefix rbd_children', False),
                ('allow class-read object_prefix rbd_children, allow rwx '
                 'pool=vms, allow rx pool=images', True),
                # Of parts of a pool, nobody can tell.
                ('profile rbd pool=images namespace=a', None),
                ('allow rw tag cephfs data=cephfs', None),
                ('allow r network 10.0.0.0/8', None),
                ('allow r network 10.0.0.0/8, allow r', True),
                ('profile rbd pool=vms namespace=a', False),
                ('\x1b[2J' * 99999, False), (', , ,', False)):
            self.assertIs(answer, ceph_caps.may_read(caps, 'images'), caps)
