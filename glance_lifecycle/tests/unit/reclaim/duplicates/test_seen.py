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

import testtools

from glance_lifecycle.reclaim.duplicates import seen
from glance_lifecycle.tests.unit.reclaim.duplicates import helpers

A = helpers.A


class SeenTest(testtools.TestCase):

    def test_of(self) -> None:
        found = seen.of(helpers.image(
            A, name=None, stores='s2,s1', os_hash_algo=None,
            os_hash_value=None))
        self.assertEqual((A, '', ('s1', 's2'), '', ''), (
            found.id, found.name, found.stores, found.algorithm,
            found.digest))

    def test_changed(self) -> None:
        was = seen.of(helpers.image(A, stores='s1,s2'))
        for other, why in (
                ({}, ''), ({'name': 'other'}, ''), ({'os_hidden': True}, ''),
                ({'os_hash_value': 'cd'}, 'os_hash_value'),
                ({'os_hash_algo': None}, 'os_hash_algo'),
                ({'size': 9}, 'size'),
                ({'owner': 'p2'}, 'owner'), ({'visibility': 'public'},
                                             'visibility'),
                ({'created_at': '2027-01-01T00:00:00Z'}, 'created_at'),
                ({'status': 'deactivated', 'size': 9}, 'status, size'),
                ({'stores': 's1'}, 'stores'), ({'stores': 's1,s2,s3'},
                                               'stores')):
            found = seen.changed(was, helpers.image(
                A, **{'stores': 's2,s1', **other}))
            self.assertEqual(
                'It has changed since the plan was made: its %s.' % why
                if why else '', found)

    def test_dropped(self) -> None:
        """What the plan itself has dropped is no change."""
        was = seen.of(helpers.image(A, stores='s1,s2,s3'))
        for stores, changed in (('s1,s2,s3', False), ('s3', False),
                                ('s1,s3', False), ('s1,s2', True),
                                ('s3,s4', True)):
            self.assertEqual(changed, bool(seen.changed(
                was, helpers.image(A, stores=stores), ['s1', 's2'])))

    def test_id(self) -> None:
        self.assertTrue(seen.is_id(A))
        for text in ('', 'x' * 36, A + '/', A + '\n', '..'):
            self.assertFalse(seen.is_id(text))
