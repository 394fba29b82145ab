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

"""The newest of a family are kept, whatever happens in whichever order."""

from collections.abc import Iterator
import datetime
from typing import Any
import unittest

import hypothesis
from hypothesis import stateful
from hypothesis import strategies as st

from glance_lifecycle.audit import drift
from glance_lifecycle.audit import families
from glance_lifecycle.policy import decision
from glance_lifecycle.policy import generations
from glance_lifecycle.policy import wants
from glance_lifecycle.tests.unit.policy import test_checks
from glance_lifecycle.tests.unit.worker import image_api
from glance_lifecycle.tests.unit.worker import test_reconcile
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker import reconcile

DAY = datetime.timedelta(days=1)
KEEP = 2

Image = dict[str, Any]


def policy(**retain: Any) -> decision.Policy:
    return test_checks.policy(retain={
        'family': {'property': 'build'}, **retain})


class Catalogue:
    """Images, a day after the other, and the time."""

    def __init__(self) -> None:
        self.images: dict[str, Image] = {}
        self.now = test_reconcile.NOW

    def add(self, **changes: Any) -> Image:
        self.now += DAY
        image = image_api.image(len(self.images) + 1, **{
            'build': 'x', 'created_at': self.now.isoformat(), **changes})
        self.images[image['id']] = image
        return image

    def needs(self, image: Image, wanted: decision.Policy,
              unused: int | None = None) -> reconcile.Needs:
        """As of all that there is now."""
        seen = families.Families(self._get, wanted, None, self.now)
        known = drift.facts(image, self.now)
        found = wanted.decide(known)
        return reconcile.reconcile(image, known, found, reconcile.Around(
            seen.view(image, known, found), unused))

    def _get(self, _path: str, query: Any) -> dict[str, Any]:
        return {'images': [
            each for each in self.images.values()
            if each['owner'] == query['owner']
            and each['os_hidden'] is (query['os_hidden'] == 'true')]}

    def carry_out(self, image: Image, action: actions.Action) -> None:
        done = test_reconcile.carried_out(image, action)
        image.clear()
        image.update(done)


class KeepLastTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.there = Catalogue()
        self.made = [self.there.add() for _ in range(5)]

    def kinds(self, wanted: decision.Policy, unused: int | None = None
              ) -> list[list[str]]:
        """What is done to each, the oldest first."""
        return [[each.kind for each in self.there.needs(
            image, wanted, unused).actions] for image in self.made]

    def left(self, wanted: decision.Policy, image: Image) -> str:
        found = self.there.needs(image, wanted)
        self.assertEqual((), found.actions)
        return ' '.join(left.why for left in found.left)

    def test_keep_last_alone(self) -> None:
        """It deletes nothing, nor hides."""
        self.there.now += 1000 * DAY
        self.assertEqual([[]] * 5, self.kinds(policy(keep_last=1)))
        self.assertEqual([[]] * 5, self.kinds(policy(
            keep_last=1, unused_for='0 days'), 10 ** 9))

    def test_at_once(self) -> None:
        wanted = policy(keep_last=2, hide_after='0 days')
        self.assertEqual([['hide']] * 3 + [[]] * 2, self.kinds(wanted))
        action = self.there.needs(self.made[0], wanted).actions[0]
        self.assertEqual(
            'os_hidden: wanted hide_after 0 seconds since 2 newer ones of '
            'its family were there, found false', action.why())

    def test_time(self) -> None:
        """From when there were two newer ones, which is not its age."""
        wanted = policy(keep_last=2, delete_after='2 days')
        # The first was not of the last two for two days now.
        self.assertEqual([['delete'], [], [], [], []], self.kinds(wanted))
        self.there.now += DAY
        self.assertEqual([['delete'], ['delete'], [], [], []],
                         self.kinds(wanted))
        self.there.now += 1000 * DAY
        self.assertEqual([['delete']] * 3 + [[]] * 2, self.kinds(wanted))

    def test_hidden_ones_go(self) -> None:
        """That the others were hidden does not make it young again."""
        wanted = policy(keep_last=2, hide_after='0 days',
                        delete_after='2 days')
        for image in self.made[1:3]:
            image['os_hidden'] = True
        self.assertEqual(['delete'], self.kinds(wanted)[0])

    def test_not_enough(self) -> None:
        """The newest cannot be used: those before it are kept."""
        wanted = policy(keep_last=2, delete_after='0 days')
        self.made[4]['status'] = 'deactivated'
        self.made[3]['os_hidden'] = True
        self.assertEqual([['delete'], [], [], [], []], self.kinds(wanted))

    def test_no_family(self) -> None:
        """Whoever forgets the property loses nothing."""
        wanted = policy(keep_last=2, delete_after='1 day')
        del self.made[0]['build']
        self.assertIn('not known of which family',
                      self.left(wanted, self.made[0]))
        known = drift.facts(self.made[1], self.there.now)
        self.assertEqual((), reconcile.reconcile(
            self.made[1], known, wanted.decide(known)).actions)
        # Where it is new, there is nothing to tell.
        self.there.now -= 4 * DAY
        self.assertEqual('', self.left(wanted, self.made[0]))
        # Of a rule that does not count, age does as ever.
        self.there.now += 9 * DAY
        self.assertEqual(['delete'], self.kinds(policy(
            delete_after='1 day'))[0])

    def test_unused_for(self) -> None:
        wanted = policy(keep_last=2, delete_after='0 days',
                        unused_for='90 days')
        self.assertEqual([[]] * 5, self.kinds(wanted))
        self.assertIn('Only a worker', self.left(wanted, self.made[0]))
        self.assertEqual([[]] * 5, self.kinds(wanted, 90 * 86400 - 1))
        self.assertEqual('', self.left(wanted, self.made[4]))
        self.assertEqual([['delete']] * 3 + [[]] * 2,
                         self.kinds(wanted, 90 * 86400))
        self.assertTrue(self.there.needs(
            self.made[0], wanted, 90 * 86400).actions[0].unused)

    def test_protected(self) -> None:
        self.made[0]['protected'] = True
        self.assertIn('It is protected', self.left(
            policy(keep_last=1, delete_after='0 days'), self.made[0]))

    def test_deprecated(self) -> None:
        """In one request; the newest is named, and has no mark."""
        wanted = policy(deprecate={'hidden': True})
        newest = self.made[-1]['id']
        action, = self.there.needs(self.made[0], wanted).actions
        self.assertEqual({
            'attributes': {'os_hidden': True}, 'set_properties': {
                'lifecycle_deprecated': self.made[1]['created_at'].replace(
                    '+00:00', 'Z'), 'lifecycle_replaced_by': newest}},
            action.arguments)
        self.assertFalse(action.destructive)
        self.assertEqual((), self.there.needs(self.made[-1], wanted).actions)


class NewestTest(unittest.TestCase):

    @hypothesis.given(st.lists(st.tuples(
        st.sampled_from(['active', 'active', 'deactivated', 'queued']),
        st.booleans(), st.sampled_from(['private', 'public'])), min_size=1,
        max_size=7), st.integers(1, 3))
    @hypothesis.settings(max_examples=200, deadline=None)
    def test_retired(self, states: list[tuple[str, bool, str]], keep: int
                     ) -> None:
        """Those, and only those, that have enough newer ones."""
        wanted = policy(keep_last=keep, delete_after='0 days')
        there = Catalogue()
        made = [there.add(status=status, os_hidden=hidden,
                          visibility=visibility)
                for status, hidden, visibility in states]
        for number, image in enumerate(made):
            newer = [each for each in made[number + 1:]
                     if each['status'] == 'active' and not each['os_hidden']
                     and (each['visibility'] == 'public'
                          or image['visibility'] == 'private')]
            self.assertEqual(
                ['delete'] if image['status'] != 'queued'
                and len(newer) >= keep else [],
                [each.kind for each in there.needs(image, wanted).actions])


def _retains() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({
        'family': st.just({'property': 'build'}), 'keep_last': st.just(KEEP)},
        optional={
            'hide_after': st.just('0 days'),
            'deactivate_after': st.sampled_from(['0 days', '2 days']),
            'delete_after': st.sampled_from(['2 days', '4 days']),
            'deprecate': st.sampled_from([True, {'hidden': True}])})


class KeepLastMachine(stateful.RuleBasedStateMachine):
    """What owners, time and a worker do to a family."""

    def __init__(self) -> None:
        super().__init__()
        self.there = Catalogue()
        self.wanted = policy(keep_last=KEEP)

    @stateful.initialize(retain=_retains())
    def begin(self, retain: dict[str, Any]) -> None:
        self.wanted = test_checks.policy(retain=retain)
        for _ in range(2 * KEEP):
            self.there.add()

    def usable(self, project: str) -> list[str]:
        """Newest first; those that all see, or only some."""
        found = sorted((
            each for each in self.there.images.values()
            if each['owner'] == project and each['status'] == 'active'
            and each.get('build') == 'x' and (
                not each['os_hidden'] or (
                    generations.DEPRECATED in each))),
            key=lambda each: (each['created_at'], each['id']), reverse=True)
        return [each['id'] for each in found]

    @stateful.rule(visibility=st.sampled_from((
        'private', *wants.ALL_VISIBILITIES)))
    def build(self, visibility: str) -> None:
        self.there.add(visibility=visibility)

    @stateful.rule(back=st.integers(0, 2), changes=st.sampled_from((
        {'status': 'deactivated'}, {'os_hidden': True},
        {'status': 'deleted'})))
    def spoil(self, back: int, changes: Image) -> None:
        """One of the newest."""
        newest = sorted(self.there.images)[-1 - back:]
        self.there.images[newest[0]].update(changes)

    @stateful.rule(data=st.data(), changes=st.sampled_from((
        {'status': 'active'}, {'os_hidden': False}, {'build': 'y'},
        {'build': 'x'},
        {'visibility': 'private'}, {'visibility': 'public'},
        {'protected': True})))
    def change(self, data: st.DataObject, changes: Image) -> None:
        one = data.draw(st.sampled_from(sorted(self.there.images)))
        self.there.images[one].update(changes)

    @stateful.rule(days=st.integers(1, 5))
    def time(self, days: int) -> None:
        self.there.now += days * DAY

    @stateful.rule(data=st.data())
    def look(self, data: st.DataObject) -> None:
        """Some of what all need is done, in any order."""
        planned = [(image, action) for image in self.there.images.values()
                   for action in self.there.needs(image, self.wanted).actions]
        for image, action in data.draw(st.permutations(planned)):
            # As whoever carries it out: only what is needed still.
            now = [each for each in self.there.needs(
                image, self.wanted).actions if each.same(action)]
            for each in now:
                if each.kind != actions.UPDATE:
                    assert image['id'] not in self.usable(  # noqa: S101
                        image['owner'])[:KEEP], each
                self.there.carry_out(image, each)


KeepLastTestCase = KeepLastMachine.TestCase
KeepLastTestCase.settings = hypothesis.settings(
    max_examples=60, stateful_step_count=30, deadline=None)


_STRANGERS = st.lists(st.fixed_dictionaries({
    'build': st.sampled_from('xy'), 'visibility': st.sampled_from(
        wants.ALL_VISIBILITIES), 'os_hidden': st.booleans(),
    'name': st.sampled_from(['golden', 'x']),
    'lifecycle_deprecated': st.just('2020-01-01T00:00:00Z')}), max_size=6)


class StrangersTest(unittest.TestCase):

    @hypothesis.given(_retains(), _STRANGERS, st.integers(0, 4))
    @hypothesis.settings(max_examples=60, deadline=None)
    def test_nothing_changes(self, retain: dict[str, Any],
                             strangers: list[Image], own: int) -> None:
        """Whatever another project makes, ours need what they did."""
        wanted = test_checks.policy(retain=retain)

        def found(there: Catalogue, made: list[Image]) -> list[Any]:
            return [there.needs(image, wanted) for image in made]
        alone, among = Catalogue(), Catalogue()
        made = [alone.add() for _ in range(own)]
        for image in made:
            among.images[image['id']] = dict(image)
        for number, stranger in enumerate(strangers):
            image = image_api.image(100 + number, **{
                'owner': 'q', 'created_at': (
                    alone.now + DAY).isoformat(), **stranger})
            among.images[image['id']] = image
        alone.now = among.now = alone.now + 10 * DAY
        self.assertEqual(found(alone, made), found(among, made))
        self.assertEqual(own, len(list(self._of(among, 'p'))))

    @staticmethod
    def _of(there: Catalogue, owner: str) -> Iterator[Image]:
        return (each for each in there.images.values()
                if each['owner'] == owner)


class DeprecationTest(unittest.TestCase):

    @hypothesis.given(st.lists(st.tuples(
        st.sampled_from(['active', 'deactivated']), st.booleans(),
        st.sampled_from(['private', 'public'])), min_size=1, max_size=6),
        st.sampled_from([True, {'hidden': True}]),
        st.sets(st.integers(0, 5)))
    @hypothesis.settings(max_examples=100, deadline=None)
    def test_converges(self, states: list[tuple[str, bool, str]],
                       deprecate: Any, gone: set[int]) -> None:
        """Also after some of them are gone; nothing goes back and forth."""
        wanted = policy(deprecate=deprecate)
        there = Catalogue()
        made = [there.add(status=status, os_hidden=hidden,
                          visibility=visibility)
                for status, hidden, visibility in states]
        self._settle(there, wanted)
        for number in gone:
            if number < len(made):
                there.images.pop(made[number]['id'], None)
        self._settle(there, wanted)
        for image in there.images.values():
            replacement = image.get(generations.REPLACED_BY)
            self.assertEqual(replacement is None,
                             generations.DEPRECATED not in image)
            if replacement is not None:
                newest = there.images[replacement]
                self.assertEqual('active', newest['status'])
                self.assertLess(image['created_at'], newest['created_at'])
                if newest['visibility'] == image['visibility']:
                    self.assertNotIn(generations.DEPRECATED, newest)

    def _settle(self, there: Catalogue, wanted: decision.Policy) -> None:
        for _round in range(len(there.images) + 2):
            for image in [*there.images.values()]:
                for action in there.needs(image, wanted).actions:
                    there.carry_out(image, action)
        self.assertEqual([()] * len(there.images), [
            there.needs(image, wanted).actions
            for image in there.images.values()])
