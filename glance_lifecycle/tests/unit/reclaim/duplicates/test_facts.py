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

from glance_lifecycle.reclaim.duplicates import facts
from glance_lifecycle.tests.unit.reclaim.duplicates import helpers

Why = helpers.Why


class FactsTest(testtools.TestCase):

    def test_users(self) -> None:
        for servers, volumes, users in ((0, 0, 0), (2, 1, 3), (None, 1, None),
                                        (0, None, None)):
            self.assertEqual(users, helpers.fact(
                servers=servers, volumes=volumes).users)

    def test_differ(self) -> None:
        """By a size, or by two hashes of one kind."""
        for other, found in (
                ({}, False), ({'size': 101}, True),
                ({'os_hash_value': 'cd'}, True),
                ({'os_hash_value': None}, True),
                ({'os_hash_algo': 'sha256', 'os_hash_value': 'cd'}, False),
                ({'os_hash_algo': None, 'os_hash_value': None}, False)):
            self.assertEqual(found, facts.differ(
                helpers.image(), helpers.image(helpers.B, **other)))

    def test_same_by(self) -> None:
        one = helpers.fact()
        for other, why, found in (
                ({}, (Why.HASH, Why.SOURCE), ('hash',)),
                # Of a group, not of these two: all of it may be needed.
                ({'os_hash_algo': 'sha256'}, (Why.HASH, Why.SOURCE),
                 ('source',)),
                ({'os_hash_value': None}, (Why.SOURCE, Why.CONTENT),
                 ('source', 'content')),
                ({'size': 101}, (Why.HASH,), ())):
            second = helpers.fact(helpers.B, **other)
            self.assertEqual(found, facts.same_by(helpers.group(
                one, second, why=why), one, second))
        # Without a hash, an image is like nothing by it.
        none = [helpers.fact(name, os_hash_value=None)
                for name in (helpers.A, helpers.B)]
        self.assertEqual(('content',), facts.same_by(helpers.group(
            *none, why=(Why.CONTENT,)), *none))
