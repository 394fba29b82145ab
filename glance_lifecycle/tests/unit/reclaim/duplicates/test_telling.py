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

from typing import Any

import testtools

from glance_lifecycle.reclaim.duplicates import facts
from glance_lifecycle.reclaim.duplicates import telling
from glance_lifecycle.tests.unit.reclaim.duplicates import helpers

A, B, C, D = helpers.A, helpers.B, helpers.C, helpers.D
Why = helpers.Why


def decided(*some: facts.Fact) -> list[facts.Verdict]:
    return list(telling.decide(helpers.group(
        *some, why=(Why.HASH, Why.SOURCE)), {one.id: one for one in some}))


class TellingTest(testtools.TestCase):

    def test_told(self) -> None:
        mine, one, other, same = (
            helpers.fact(A, owner='p2'),
            helpers.fact(B, visibility='public'),
            helpers.fact(C, owner='p3', os_hash_algo='sha256'),
            helpers.fact(D))
        self.assertEqual(
            [facts.Verdict(A, one, ('hash',)),
             facts.Verdict(C, one, ('source',))],
            decided(mine, one, other, same))

    def test_the_one(self) -> None:
        """Of those that everybody can use; the oldest where all is equal."""
        table: tuple[tuple[tuple[dict[str, Any], ...], str | None], ...] = (
            (({'visibility': 'community'}, {'visibility': 'public'}), B),
            (({'visibility': 'public'}, {'visibility': 'public'}), A),
            (({'visibility': 'public'}, {'visibility': 'public',
                                         'servers': 3}), B),
            (({'visibility': 'public', 'servers': None},
              {'visibility': 'public'}), A),
            (({'visibility': 'public', 'os_hidden': True},
              {'visibility': 'community'}), B),
            (({'visibility': 'public', 'status': 'deactivated'},
              {'visibility': 'shared'}), None),
            (({}, {'visibility': 'private'}), None))
        for some, one in table:
            found = telling.the_one([helpers.fact(name, **other)
                                     for name, other in zip((A, B), some)])
            self.assertEqual(one, found and found.id)

    def test_nobody(self) -> None:
        """Nobody is told of what is not theirs to see."""
        found = decided(helpers.fact(A), helpers.fact(B, owner='p2'))
        self.assertEqual([A, B], [one.image_id for one in found])
        self.assertEqual([None, None], [one.instead for one in found])
        self.assertIn('No image of its group', found[0].why)
        # Of one project, there is nobody to tell.
        self.assertEqual([], decided(helpers.fact(A), helpers.fact(
            B, visibility='public')))

    def test_pair(self) -> None:
        """When it is looked at again, whatever the plan says."""
        one = helpers.image(B, visibility='public')
        for other, why in (
                ({'owner': 'p2'}, ''), ({}, 'It is of the same project.'),
                ({'owner': 'p2', 'os_hash_value': 'cd'},
                 'It has not the same bytes.')):
            self.assertEqual(why, telling.against_pair(
                helpers.image(A, **other), one))

    def test_not_to_be_told(self) -> None:
        one, ownerless = (helpers.fact(A, visibility='public'),
                          helpers.fact(B, owner=None))
        found, = decided(one, ownerless)
        self.assertEqual('It has no owner.', found.why)
        group = helpers.group(one, helpers.fact(B, owner='p2'))
        found, = telling.decide(group, {A: one})
        self.assertIn('does not show it', found.why)
