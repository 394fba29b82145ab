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

"""Where the name of a store stands."""

from typing import Any
import unittest

from glance_lifecycle.copies.locations import naming


class NamingTest(unittest.TestCase):

    def test_mentions(self) -> None:
        there: tuple[Any, ...] = (
            'ceph', ['a', 'ceph'], {'ceph': 1}, {'a': {'b': 'ceph'}},
            {'a': [{'stores': ('ceph',)}]})
        for value in there:
            self.assertTrue(naming.mentions(value, 'ceph'), value)
        other: tuple[Any, ...] = (
            None, 1, '', 'ceph2', ['my-ceph'], {'a': 'cephs'})
        for value in other:
            self.assertFalse(naming.mentions(value, 'ceph'), value)

    def test_in_text(self) -> None:
        lines = ['stores: [ceph, bulk]', 'name: ceph-*', 'a: cephs',
                 'later: {ceph: 3}', 'x.ceph', '- ceph']
        self.assertEqual([1, 4, 6], naming.in_text(lines, 'ceph'))
        self.assertEqual([], naming.in_text(lines, '.*'))

    def test_some(self) -> None:
        self.assertEqual('a, b', naming.some(['b', 'a']))
        self.assertEqual('a, b, c, d, e and 2 more',
                         naming.some(list('gfedcba')))
