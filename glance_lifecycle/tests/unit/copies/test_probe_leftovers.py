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

"""The name of a probe says that it is one, and when it began."""

import datetime
import unittest

from glance_lifecycle.copies import probe_leftovers
from glance_lifecycle.transfer.backends import inventory

NOW = datetime.datetime(2026, 11, 28, 19, 5, 7, tzinfo=datetime.UTC)


class NameTest(unittest.TestCase):

    def test_name(self) -> None:
        name = probe_leftovers.name(NOW)
        self.assertTrue(name.startswith('lifecycle-probe-20261128T190507Z-'))
        self.assertNotEqual(name, probe_leftovers.name(NOW))
        for one in name, probe_leftovers.clone(name):
            self.assertEqual(NOW, probe_leftovers.began(one))
            # No image can have it as its id.
            self.assertEqual('', inventory.image_id(one))

    def test_others(self) -> None:
        name = probe_leftovers.name(NOW)
        for one in ('', 'x' + name, name + 'x', name.upper(),
                    name.replace('20261128', '20261328'),
                    '.' + name, name + '-clone-clone'):
            self.assertIsNone(probe_leftovers.began(one))
