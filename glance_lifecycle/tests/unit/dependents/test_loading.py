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

"""Providers by name; one that is missing is not left out."""

import unittest

from glance_lifecycle.dependents import base
from glance_lifecycle.dependents import loading


class LoadingTest(unittest.TestCase):

    def test_order_and_missing(self) -> None:
        found = loading.providers(('members', 'no-such', 'null'), None,
                                  base.Settings())
        self.assertEqual(['members', 'no-such', 'null'],
                         [provider.name for provider in found])
        answer = found[1].ask(base.Image('i'))
        self.assertEqual(
            (False, 'there is no such provider of dependents installed'),
            (answer.asked, answer.reason))
        with self.assertRaises(base.NotAsked):
            found[1].used()

    def test_import_error(self) -> None:
        self.assertEqual('the Python module of_others is not installed',
                         loading._why(ImportError('x', name='of_others')))
        for name in ('openstack', 'openstack.exceptions'):
            self.assertEqual(
                'the Python module %s is not installed: pip install '
                'glance-lifecycle[protection]' % name,
                loading._why(ImportError('x', name=name)))
        self.assertNotIn('secret', loading._why(ValueError('secret')))
