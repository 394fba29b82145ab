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

from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends.object_store import quarantined
from glance_lifecycle.transfer.backends.swift import rows

IMAGE = helpers.IMAGE
PLAN = '0123456789abcdef'


class RowsTest(unittest.TestCase):

    def test_groups(self) -> None:
        for name, plan in ((IMAGE, ''), (IMAGE + '-00001', ''),
                           (IMAGE + '-x', ''),
                           (quarantined.name(PLAN, IMAGE), PLAN),
                           (quarantined.name(PLAN, IMAGE + '-00001'), PLAN)):
            found = rows.group_of(name)
            self.assertEqual((plan, IMAGE), found)
            assert found is not None
            self.assertEqual(name.endswith(IMAGE), name == found.first)

    def test_nobodys(self) -> None:
        for name in ('', 'x', IMAGE + '.', IMAGE + ' ', IMAGE + '/x',
                     quarantined.name(PLAN, 'x'),
                     quarantined.name(PLAN, IMAGE + '-'),
                     quarantined.name(PLAN, IMAGE + '-x'),
                     quarantined.name('x', IMAGE)):
            self.assertIsNone(rows.group_of(name), name)

    def test_an_id_at_the_end(self) -> None:
        """It is a segment, whatever it looks like."""
        found = rows.group_of(f'{IMAGE}-{IMAGE}')
        assert found is not None
        self.assertEqual(IMAGE, found.first)

    def test_manifests(self) -> None:
        own = {'x-object-manifest': f'images%2F{IMAGE}-'}
        other = {'x-object-manifest': 'images/other-'}
        static = {'x-static-large-object': 'True'}
        self.assertFalse(rows.is_manifest({}))
        for head, foreign in ((own, False), (other, True), (static, False)):
            self.assertTrue(rows.is_manifest(head))
            self.assertEqual(foreign, rows.is_foreign_manifest(
                head, 'images', IMAGE))

    def test_identities(self) -> None:
        self.assertEqual('1767225600.12345', rows.identity(1767225600.12345))
        self.assertEqual('2 7 1767225600.00000', rows.segments_identity(
            2, 7, 1767225600.0))
