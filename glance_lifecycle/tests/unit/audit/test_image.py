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

"""An image's record."""

import unittest

from glance_lifecycle.audit import image


class ImageTest(unittest.TestCase):

    def test_of(self) -> None:
        found = image.Image.of({
            'id': 'i', 'name': None, 'status': 'active', 'size': 3,
            'visibility': 'public', 'os_hash_algo': 'sha256',
            'os_hash_value': '00ff', 'stores': 's1', 'mine': 'x'})
        self.assertEqual({'mine': 'x'}, found.properties)
        self.assertEqual(('i', '', 'public', 3), (
            found.id, found.name, found.visibility, found.size))
        self.assertEqual(b'\x00\xff', found.digest('sha256'))
        self.assertIsNone(found.digest('sha512'))
