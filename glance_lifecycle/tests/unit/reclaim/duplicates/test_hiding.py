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

"""The newer of two that nothing needs; in doubt, neither."""

from collections.abc import Mapping
from typing import Any

import testtools

from glance_lifecycle.reclaim.duplicates import facts
from glance_lifecycle.reclaim.duplicates import hiding
from glance_lifecycle.tests.unit.reclaim.duplicates import helpers

A, B, C, D = helpers.A, helpers.B, helpers.C, helpers.D
Why = helpers.Why

_Some = Mapping[str, Any]


def nobody(_image_id: str) -> frozenset[tuple[str, str]]:
    return frozenset()


def decided(*some: facts.Fact, why: tuple[Why, ...] = (Why.HASH,),
            members: hiding.Members = nobody, **other: bool
            ) -> list[facts.Verdict]:
    return list(hiding.decide(
        helpers.group(*some, why=why), {one.id: one for one in some}, members,
        **other))


class HidingTest(testtools.TestCase):

    def test_newer(self) -> None:
        first, second, third = map(helpers.fact, (A, B, C))
        self.assertEqual(
            [facts.Verdict(B, first, ('hash',)),
             facts.Verdict(C, first, ('hash',))],
            decided(first, second, third))

    def test_table(self) -> None:
        """What the older or the newer one has, and why that is left."""
        for older, newer, why in (
                ({}, {'protected': True}, 'It is protected.'),
                ({}, {'status': 'deactivated'}, 'It is not active.'),
                ({}, {'os_glance_import_task': 'x'}, 'imported or copied'),
                ({}, {'lifecycle_hidden_by': '0123'}, 'shown it again after '
                 'plan 0123'),
                ({}, {'os_hash_value': 'cd'}, 'has not the same bytes'),
                ({}, {'servers': 1}, '1 servers and 0 volumes need it.'),
                ({}, {'volumes': 2}, '0 servers and 2 volumes need it.'),
                ({}, {'servers': None}, 'It is not known which'),
                ({}, {'volumes': None}, 'It is not known which'),
                ({'servers': 1}, {}, 'may be needed: 1 servers and 0'),
                ({'volumes': None}, {}, 'may be needed: It is not known'),
                ({'status': 'deactivated'}, {}, 'is hidden or busy'),
                ({'os_glance_import_task': 'x'}, {}, 'is hidden or busy'),
                ({'owner': 'p2'}, {}, 'is of another project'),
                ({'owner': None}, {'owner': None}, 'is of another project'),
                ({'visibility': 'public'}, {}, 'it is public, and this one '
                 'is private'),
                ({}, {'visibility': 'public'}, 'it is private, and this one '
                 'is public'),
                ({'name': 'other'}, {}, 'has another name. See --any-name.'),
                ({'min_ram': 512}, {}, 'differs in min_ram.'),
                ({}, {'hw_machine_type': 'q35'}, 'differs in '
                 'hw_machine_type.'),
                ({'os_hash_algo': 'sha256'}, {}, 'converted from')):
            found, = decided(helpers.fact(A, **older),
                             helpers.fact(B, **newer),
                             why=(Why.HASH, Why.SOURCE))
            self.assertIsNone(found.instead)
            self.assertIn(why, found.why)
            self.assertTrue(found.why.endswith('.'), found.why)

    def test_hidden(self) -> None:
        """Who is hidden is left, and does not do instead of another."""
        hidden = helpers.fact(A, os_hidden=True)
        self.assertEqual([], decided(hidden, helpers.fact(B)))
        second, third = helpers.fact(B), helpers.fact(C)
        self.assertEqual([facts.Verdict(C, second, ('hash',))],
                         decided(hidden, second, third))
        self.assertEqual([], decided(second, helpers.fact(
            A, os_hidden=True)))

    def test_closest(self) -> None:
        """Not the first one, but one that does; the others stay."""
        other = helpers.fact(A, owner='p2')
        mine, needed, third = (helpers.fact(B), helpers.fact(C, servers=1),
                               helpers.fact(D))
        self.assertEqual(
            [(B, None), (C, None), (D, B)],
            [(one.image_id, one.instead and one.instead.id)
             for one in decided(other, mine, needed, third)])
        found = decided(other, helpers.fact(B, servers=1), third)
        self.assertIn(f'Image {B}, which is older, may be needed',
                      found[-1].why)

    def test_any_name(self) -> None:
        first, second = helpers.fact(A, name='x'), helpers.fact(B)
        self.assertEqual([facts.Verdict(B, first, ('hash',))],
                         decided(first, second, any_name=True))

    def test_read(self) -> None:
        """They were read, and Glance has hashes of two kinds of them."""
        first, second = helpers.fact(A), helpers.fact(
            B, os_hash_algo='sha256')
        self.assertEqual(
            [facts.Verdict(B, first, ('content',))],
            decided(first, second, why=(Why.CONTENT,)))
        for one, why, said in (
                (second, (Why.SOURCE, Why.CONTENT), 'converted from'),
                (helpers.fact(B, os_hash_algo=None, os_hash_value=None),
                 (Why.CONTENT,),
                 'has no hash')):
            found, = decided(first, one, why=why)
            self.assertIn(said, found.why)

    def test_not_shown(self) -> None:
        some = [helpers.fact(one) for one in (A, B)]
        found, = hiding.decide(helpers.group(*some), {A: some[0]}, nobody)
        self.assertIn('does not show it', found.why)

    def test_shared(self) -> None:
        """Who uses the newer one has to find the older one."""
        first, second = (helpers.fact(one, visibility='shared')
                         for one in (A, B))
        both = frozenset((('p2', 'accepted'), ('p3', 'pending')))
        one = frozenset((('p2', 'accepted'),))
        pending = frozenset((('p2', 'pending'),))
        for older, newer, does in (
                (frozenset(), frozenset(), True), (both, one, True),
                (both, both, True), (one, both, False),
                (pending, one, False), (frozenset(), one, False)):
            found, = decided(first, second,
                             members={A: older, B: newer}.__getitem__)
            self.assertEqual(does, found.instead is not None)
            self.assertEqual(not does, 'not shared with all' in found.why)
