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

"""Who is newer in a family."""

from collections.abc import Mapping
import datetime
from typing import Any
import unittest

import hypothesis
from hypothesis import strategies as st

from glance_lifecycle.policy import decision
from glance_lifecycle.policy import generations
from glance_lifecycle.policy import wants
from glance_lifecycle.tests.unit.policy import strategies
from glance_lifecycle.tests.unit.policy import test_checks

FAMILY = {'family': {'property': 'build'}, 'keep_last': 2}
POLICY = test_checks.policy(retain=FAMILY)
BEGIN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def at(day: int) -> datetime.datetime:
    return BEGIN + datetime.timedelta(days=day)


def made(image_id: str, day: int, policy: decision.Policy = POLICY, *,
         status: str = 'active', properties: Mapping[str, str] | None = None,
         **facts: Any) -> tuple[generations.Key, generations.Member]:
    known = test_checks.facts(**{
        'hidden': False, 'age': 0,
        'properties': {'build': 'x', **(properties or {})}, **facts})
    wanted = policy.decide(known)
    key = generations.key(known, wanted)
    member = generations.member(image_id, status, at(day), known, wanted)
    assert key is not None and member is not None
    return key, member


class ViewTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.found = generations.Generations()

    def add(self, *args: Any, **facts: Any) -> None:
        self.found.add(*made(*args, **facts))

    def view(self, *args: Any, keep_last: int | None = 2, **facts: Any
             ) -> tuple[Any, ...]:
        """Newer ones, the newest, days until the first and out."""
        view = self.found.view(*made(*args, **facts), keep_last)
        return (view.newer, view.replacement,
                (view.first - BEGIN).days if view.first else None,
                None if view.out is None else view.out / 86400)

    def test_newer(self) -> None:
        for number, name in enumerate('abcd'):
            self.add(name, number)
        self.assertEqual((3, 'd', 1, 2), self.view('a', 0))
        self.assertEqual((2, 'd', 2, 2), self.view('b', 1))
        self.assertEqual((1, 'd', 3, None), self.view('c', 2))
        self.assertEqual((0, '', None, None), self.view('d', 3))
        self.assertEqual((3, 'd', 1, None), self.view('a', 0,
                                                      keep_last=None))
        self.assertEqual((3, 'd', 1, 3), self.view('a', 0, keep_last=3))
        self.assertEqual((3, 'd', 1, None), self.view('a', 0, keep_last=4))

    def test_of_one_second(self) -> None:
        self.add('b', 0)
        self.add('c', 0)
        self.assertEqual(2, self.view('a', 0)[0])
        self.assertEqual(1, self.view('b', 0)[0])
        self.assertEqual(0, self.view('c', 0)[0])

    def test_not_usable(self) -> None:
        """It makes nothing old, but it tells since when others are."""
        self.add('b', 1, hidden=True)
        self.add('c', 2, status='deactivated')
        self.add('d', 3)
        self.assertEqual((1, 'd', 1, 2), self.view('a', 0))

    def test_less_visible(self) -> None:
        """What not all can see replaces nothing for them."""
        for number, visibility in enumerate(wants.ALL_VISIBILITIES):
            self.add(visibility, number + 1, visibility=visibility)
        self.assertEqual([1, 2, 3, 4], [
            self.view('a', 0, visibility=visibility)[0]
            for visibility in wants.ALL_VISIBILITIES])
        self.assertEqual('public', self.view('a', 0, visibility='public')[1])

    def test_others(self) -> None:
        """Another project, architecture or family, or rule, counts not."""
        self.add('b', 1, project='q')
        self.add('c', 1, properties={'architecture': 'arm64'})
        self.add('d', 1, properties={'build': 'y'})
        self.add('e', 1, test_checks.policy(
            retain={'family': {'name': '*'}, 'keep_last': 2}), name='x')
        self.assertEqual((0, '', None, None), self.view('a', 0))

    def test_listed_twice(self) -> None:
        self.add('b', 1)
        self.add('b', 1)
        self.assertEqual(1, self.view('a', 0)[0])
        self.add('b', 1, hidden=True)
        self.assertEqual(0, self.view('a', 0)[0])

    def test_no_family(self) -> None:
        changes: dict[str, Any]
        for changes in ({'properties': {}}, {'properties': None},
                        {'project': ''}, {'project': None},
                        {'properties': {'build': 'x',
                                        'image_type': 'snapshot'}},
                        {'properties': {'build': 'x',
                                        'architecture': 'x' * 256}}):
            known = test_checks.facts(**changes)
            self.assertIsNone(generations.key(known, POLICY.decide(known)))
        known = test_checks.facts()
        self.assertIsNone(generations.key(known, test_checks.policy(
            retain={'hide_after': '1 day'}).decide(known)))

    def test_no_member(self) -> None:
        known = test_checks.facts(hidden=False)
        wanted = POLICY.decide(known)
        for status, created in (('queued', BEGIN), (None, BEGIN),
                                ('active', None),
                                ('active', BEGIN.replace(tzinfo=None))):
            self.assertIsNone(generations.member(
                'a', status, created, known, wanted))
        known = test_checks.facts(visibility='of another release')
        self.assertIsNone(generations.member(
            'a', 'active', BEGIN, known, wanted))

    @hypothesis.given(st.lists(st.tuples(
        st.integers(0, 3), st.sampled_from(wants.ALL_VISIBILITIES),
        st.booleans(), st.sampled_from('pq')), max_size=8),
        st.integers(1, 3))
    def test_counted(self, images: list[tuple[int, str, bool, str]],
                     keep: int) -> None:
        """As who goes by all of them would count."""
        found = generations.Generations()
        members = [made(str(number), day, visibility=visibility,
                        hidden=hidden, project=project)
                   for number, (day, visibility, hidden, project)
                   in enumerate(images)]
        for key, member in members:
            found.add(key, member)
        for key, member in members:
            newer = sorted(
                (other.created, other.id, other.usable)
                for kin, other in members
                if kin == key and other.width <= member.width and (
                    other.created, other.id) > (member.created, member.id))
            usable = [name for _, name, can in newer if can]
            view = found.view(key, member, keep)
            self.assertEqual(
                (len(usable), usable[-1] if usable else ''),
                (view.newer, view.replacement))
            self.assertEqual(newer[0][0] if newer else None, view.first)
            self.assertEqual(
                (newer[keep - 1][0] - member.created).total_seconds()
                if len(newer) >= keep else None, view.out)


class MarksTest(unittest.TestCase):

    def marks(self, deprecate: Any, replacement: str = '',
              visibility: dict[str, Any] | None = None,
              retain: dict[str, Any] | None = None, **facts: Any) -> Any:
        wanted = {'retain': {'family': {'property': 'build'},
                             **(retain or {}), 'deprecate': deprecate}}
        if visibility:
            wanted['visibility'] = visibility
        policy = decision.Policy(strategies.load({
            'version': 1, 'rules': [{'name': 'the-rule', **wanted}]}))
        known = test_checks.facts(**facts)
        return generations.marks(
            known, policy.decide(known), generations.View(
                None, 1, replacement, BEGIN))

    def test_marked(self) -> None:
        since = '2026-01-01T00:00:00Z'
        self.assertEqual(
            {'lifecycle_deprecated': since, 'lifecycle_replaced_by': 'b'},
            self.marks(True, 'b'))
        self.assertEqual(True, self.marks({'hidden': True}, 'b')['os_hidden'])
        # The policy says elsewhere whether it is hidden.
        for hidden in (True, False):
            self.assertNotIn('os_hidden', self.marks(
                {'hidden': True}, 'b', visibility={'hidden': hidden}))
        # It was so before; what is no time is none of ours.
        for found, expected in (('2025-12-01T00:00:00Z',) * 2,
                                ('forged', since), ('', since)):
            self.assertEqual(expected, self.marks(True, 'b', properties={
                'lifecycle_deprecated': found})['lifecycle_deprecated'])

    def test_not_any_more(self) -> None:
        marked = {'lifecycle_deprecated': '2026-01-01T00:00:00Z'}
        gone = {'lifecycle_deprecated': None, 'lifecycle_replaced_by': None}
        self.assertEqual({}, self.marks(True))
        self.assertEqual(gone, self.marks(True, properties=marked))
        self.assertEqual({**gone, 'os_hidden': False}, self.marks(
            {'hidden': True}, properties=marked))
        self.assertEqual(gone, self.marks(False, 'b', properties=marked))
        # It is old by itself.
        for age, hidden in ((86400, {}), (86399, {'os_hidden': False})):
            self.assertEqual({**gone, **hidden}, self.marks(
                {'hidden': True}, properties=marked, age=age,
                retain={'hide_after': '1 day'}))

    def test_not_looked_at(self) -> None:
        known = test_checks.facts(
            properties={'lifecycle_replaced_by': 'b'})
        wanted = test_checks.policy(retain={
            'family': {'property': 'build'}, 'deprecate': True}).decide(known)
        self.assertEqual({}, generations.marks(known, wanted, None))
        wanted = POLICY.decide(known)
        self.assertEqual({}, generations.marks(known, wanted,
                                               generations.View()))
