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

"""Python looks for garbage seldom, and as before afterwards."""

import gc
import unittest

from glance_lifecycle.osc.common import garbage


class SeldomTest(unittest.TestCase):

    def test_as_before(self) -> None:
        before = gc.get_threshold()
        with garbage.seldom():
            self.assertGreater(gc.get_threshold()[0], 100 * before[0])
            self.assertTrue(gc.isenabled())
        self.assertEqual(before, gc.get_threshold())

    def test_failed(self) -> None:
        before = gc.get_threshold()
        with self.assertRaises(LookupError), garbage.seldom():
            raise LookupError
        self.assertEqual(before, gc.get_threshold())
