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

"""What "ceph df" says of a pool."""

import unittest

from glance_lifecycle.audit.cloud import room


class RoomTest(unittest.TestCase):

    def test_room(self) -> None:
        for usage, quota, expected in (
                ({'stored': 30, 'max_avail': 70}, 0, (100, 70)),
                ({'stored': 30, 'max_avail': 70}, 50, (50, 20)),
                ({'stored': 30, 'max_avail': 70}, 10, (30, 0)),
                ({'stored': 0, 'max_avail': 7}, 0, (7, 7)),
                # Without a manager nothing is known.
                ({'stored': 0, 'max_avail': 0}, 0, None), ({}, 0, None),
                ({'stored': 'x', 'max_avail': 7}, 0, None)):
            with self.subTest(usage=usage, quota=quota):
                found = room.room(usage, quota)
                self.assertEqual(expected, (
                    found['capacity']['value'], found['free']['value']
                ) if found else None)
