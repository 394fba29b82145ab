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

import importlib.metadata
import unittest
import unittest.mock

from glance_lifecycle.audit.doctor import check
from glance_lifecycle import exceptions


class CheckTest(unittest.TestCase):

    def test_all(self) -> None:
        found = check.load_all()
        codes = [kind.code for kind in found]
        self.assertGreater(len(codes), 40)
        self.assertEqual(sorted(set(codes)), codes)
        self.assertEqual(len(codes), len({kind.title() for kind in found}))
        for kind in found:
            self.assertIs(kind, check.load(kind.code))
            self.assertTrue(kind.subject())
            self.assertTrue(kind.why())

    def test_none(self) -> None:
        with self.assertRaisesRegex(exceptions.ConfigurationError,
                                    'no check GLC999'):
            check.load('GLC999')

    def test_broken(self) -> None:
        """What cannot be loaded is not left out in silence."""
        entry = importlib.metadata.EntryPoint(
            'ABC101', 'glance_lifecycle.nothing:Nothing', check.NAMESPACE)
        with unittest.mock.patch(
                'stevedore.ExtensionManager.list_entry_points',
                return_value=[entry]):
            self.assertRaises(exceptions.ConfigurationError, check.load_all)
