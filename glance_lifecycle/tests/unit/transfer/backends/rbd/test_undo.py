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

"""What can be told of an RBD image by its id."""

import unittest

from glance_lifecycle.transfer.backends.rbd import undo


class MayBeOfTest(unittest.TestCase):

    def test_ids_of_a_client(self) -> None:
        """As generate_image_id makes them: the number and 32 random bits."""
        for client, image_id in (
                (0x1043, '1043' + 'c0ffee42'),
                # Leading zeros are not written.
                (0x1043, '1043' + '7'),
                # Fourteen digits are the most: the last ones count.
                (0x1234567, '234567' + 'c0ffee42'),
                (0xabcdef0123, 'ef0123' + 'c0ffee42')):
            self.assertTrue(undo.may_be_of(client, image_id), image_id)

    def test_ids_of_others(self) -> None:
        for client, image_id in (
                (0x1043, '1044' + 'c0ffee42'),
                (0x1043, '1043'),
                (0x1043, ''),
                (0x1043, '1043' + 'c0ffee42f'),
                (0x1234567, '1234567' + 'c0ffee42'),
                (0x1234567, '234568' + 'c0ffee42')):
            self.assertFalse(undo.may_be_of(client, image_id), image_id)
