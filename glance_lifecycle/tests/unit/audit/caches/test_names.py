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

"""Names in Nova's directory of cached images."""

import hashlib
import unittest

from glance_lifecycle.audit.caches import names

ID = '11111111-2222-3333-4444-555555555555'
DIGEST = hashlib.sha1(ID.encode()).hexdigest()


class NamesTest(unittest.TestCase):

    def test_kinds(self) -> None:
        for name, kind in {
                DIGEST: 'original', DIGEST + '_20': 'resized',
                DIGEST + '_sm': 'resized', DIGEST + '_1': 'other',
                DIGEST + '.part': 'unfinished',
                DIGEST + '.converted': 'unfinished',
                DIGEST + '.other': 'other', 'swap_1024': 'swap',
                'swap_': 'other', 'swap_1_2': 'other', 'swap_x': 'other',
                'ephemeral_20_40d1d2c': 'ephemeral',
                'ephemeral_20_default': 'ephemeral',
                'ephemeral_20_linux': 'other', 'ephemeral_20': 'other',
                'x' * 40: 'original', 'x' * 40 + '.part': 'other',
                '': 'other', '\n': 'other', 'a' * 255: 'other',
                '\udcff' * 40: 'original'}.items():
            self.assertEqual(kind, names.kind(name), name)

    def test_digest(self) -> None:
        for name, digest in {
                DIGEST: DIGEST, DIGEST + '_20': DIGEST,
                DIGEST + '.part': DIGEST, DIGEST + '0': '',
                DIGEST.upper(): '', 'x' * 40: ''}.items():
            self.assertEqual(digest, names.digest(name), name)

    def test_images(self) -> None:
        self.assertEqual({DIGEST: ID}, names.of_images([ID]))
        self.assertEqual(1, len(names.of_images(['\udcff'])))
