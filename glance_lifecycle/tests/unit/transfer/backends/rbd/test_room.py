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

import unittest

from glance_lifecycle.transfer.backends.rbd import room

POOL = {'pool_name': 'images', 'flags_names': 'hashpspool,selfmanaged_snaps',
        'quota_max_bytes': 0}
USAGE = {'pools': [
    {'name': 'other', 'stats': {'max_avail': 1, 'stored': 0}},
    {'name': 'images', 'stats': {'max_avail': 1000, 'stored': 400}}]}


class ShortageTest(unittest.TestCase):

    def test_enough(self) -> None:
        self.assertIsNone(room.shortage(POOL, USAGE, 1000))

    def test_too_little(self) -> None:
        self.assertEqual(
            '1000 bytes are free in pool images, not the 1001 that the image '
            'needs', room.shortage(POOL, USAGE, 1001))

    def test_quota(self) -> None:
        for quota, need, left in ((1000, 601, 600), (300, 1, 0)):
            self.assertEqual(
                'the quota of pool images leaves %d bytes, not the %d that '
                'the image needs' % (left, need),
                room.shortage({**POOL, 'quota_max_bytes': quota}, USAGE,
                              need))
        self.assertIsNone(room.shortage(
            {**POOL, 'quota_max_bytes': 1000}, USAGE, 600))

    def test_flags(self) -> None:
        for flags, text in (
                ('hashpspool,full', 'the cluster has no room'),
                ('full,full_quota', 'the quota of pool images is used up')):
            self.assertIn(text, str(room.shortage(
                {**POOL, 'flags_names': flags}, None, 0)))
        for flags in ('nearfull', 'backfillfull', ''):
            self.assertIsNone(room.shortage(
                {**POOL, 'flags_names': flags}, None, 0))

    def test_unknown(self) -> None:
        """No manager, no rights, no such pool: left to the writing."""
        for pool, usage in ((POOL, None), (POOL, {'pools': []}),
                            ({}, USAGE), ({}, None)):
            self.assertIsNone(room.shortage(pool, usage, 1 << 60))
