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

"""What is done about each copy, and what is never done."""

from collections.abc import Sequence
import unittest

from hypothesis import given
from hypothesis import strategies

from glance_lifecycle.copies import known
from glance_lifecycle.copies import repair_plan

Action = repair_plan.Action
Seen = repair_plan.Seen
State = repair_plan.State
Way = known.Way

ALL = frozenset(('os_hash_algo', 'os_hash_value', 'checksum', 'size',
                 'virtual_size'))
DIGESTS = {'sha512': 'aa', 'md5': 'bb'}
OTHERS = {'sha512': 'cc', 'md5': 'dd'}


def facts(*absent: str, checksum: str | None = 'bb',
          status: str = 'active', virtual_size: int | None = 30
          ) -> repair_plan.Facts:
    return repair_plan.Facts(
        'i', 'n', status, None if 'size' in absent else 10, checksum,
        'sha512', frozenset(absent), virtual_size)


def good(store: str) -> Seen:
    return Seen(store, State.GOOD, '', DIGESTS, 10, Way.IN_PLACE)


def wrong(store: str, way: Way = Way.IN_PLACE, against: str = '') -> Seen:
    return Seen(store, State.WRONG, 'Why.', OTHERS, 10, way, against)


def missing(store: str, against: str = '') -> Seen:
    return Seen(store, State.MISSING, 'Why.', against=against)


def read(store: str, right: bool = True) -> Seen:
    return Seen(store, State.READ, '', DIGESTS if right else OTHERS, 10)


def unclear(store: str) -> Seen:
    return Seen(store, State.UNCLEAR, 'Why.')


def actions(plan: repair_plan.Plan) -> dict[str, Action]:
    return {line.store: line.action for line in plan.lines}


class CopiesTest(unittest.TestCase):

    def plan(self, *seen: Seen, drop: bool = False, deactivate: bool = False,
             status: str = 'active') -> repair_plan.Plan:
        return repair_plan.plan(facts(status=status), seen, drop=drop,
                                deactivate=deactivate)

    def test_well(self) -> None:
        found = self.plan(good('a'), good('b'))
        self.assertEqual([], found.work)
        self.assertFalse(any(line.bad or line.unclear
                             for line in found.lines))

    def test_bad_ones(self) -> None:
        found = self.plan(good('a'), missing('b'), wrong('c'),
                          wrong('d', Way.FIRST), wrong('e', Way.BESIDE),
                          wrong('f', Way.ASIDE))
        self.assertEqual({
            'a': Action.NONE, 'b': Action.WRITE, 'c': Action.REPLACE,
            'd': Action.REPLACE, 'e': Action.WRITE, 'f': Action.REPLACE},
            actions(found))
        self.assertEqual(['d'], [line.store for line in found.lines
                                 if line.destructive])
        self.assertIn('  DESTRUCTIVE: store d: wrong; replace. Why. It has '
                      'to go before the new one is written.',
                      list(found.said()))

    def test_drop(self) -> None:
        found = self.plan(good('a'), missing('b'), wrong('c'), drop=True)
        self.assertEqual({'a': Action.NONE, 'b': Action.DROP,
                          'c': Action.REPLACE}, actions(found))

    def test_what_speaks_against_it(self) -> None:
        found = self.plan(good('a'), missing('b', 'No.'), wrong('c'),
                          wrong('d', Way.FIRST, 'No.'),
                          wrong('e', Way.NONE), drop=True)
        self.assertEqual({'c'}, {line.store for line in found.work})
        self.assertIn('Why. No.', [line.detail for line in found.lines])

    def test_none_is_good(self) -> None:
        found = self.plan(wrong('a'), missing('b'), drop=True)
        self.assertEqual([], found.work)
        self.assertEqual(3, sum(line.bad for line in found.lines))
        found = self.plan(wrong('a'), missing('b'), deactivate=True)
        self.assertEqual([Action.DEACTIVATE],
                         [line.action for line in found.work])
        self.assertEqual([], self.plan(
            wrong('a'), deactivate=True, status='deactivated').work)
        # The one may be good.
        self.assertEqual([], self.plan(
            wrong('a'), unclear('b'), deactivate=True).work)

    def test_no_bytes_at_all(self) -> None:
        empty = repair_plan.Facts('i', 'n', 'active', 0, None, 'sha512',
                                  frozenset())
        self.assertEqual((), repair_plan.plan(empty, []).lines)
        self.assertEqual(['no good copy'], [
            line.found for line in self.plan().lines])


class FactsTest(unittest.TestCase):

    def plan(self, absent: Sequence[str], *seen: Seen,
             checksum: str | None = None,
             virtual_size: int | None = 30) -> repair_plan.Plan:
        said = facts(*absent, checksum=checksum, virtual_size=virtual_size)
        return repair_plan.plan(said, repair_plan.judged(said, seen))

    def test_all(self) -> None:
        found = self.plan(sorted(ALL), read('a'), read('b'), missing('c'))
        self.assertEqual({
            'os_hash_algo': 'sha512', 'os_hash_value': 'aa',
            'checksum': 'bb', 'size': 10, 'virtual_size': 30}, found.values)
        self.assertEqual(
            {'': Action.FILL, 'a': Action.NONE, 'b': Action.NONE,
             'c': Action.WRITE}, actions(found))

    def test_only_what_is_absent(self) -> None:
        self.assertEqual({'virtual_size': 30}, self.plan(
            ['virtual_size'], good('a')).values)

    def test_what_no_copy_tells(self) -> None:
        found = self.plan(['virtual_size'], good('a'), virtual_size=None)
        self.assertEqual({}, found.values)
        self.assertTrue(found.lines[0].unclear)

    def test_two_that_differ(self) -> None:
        found = self.plan(sorted(ALL), read('a'), read('b', False),
                          missing('c'), wrong('d'))
        self.assertEqual([], found.work)
        self.assertEqual({'differs'}, {
            line.found for line in found.lines if line.store in ('a', 'b')})

    def test_the_checksum_tells(self) -> None:
        found = self.plan(['os_hash_value'], read('a'), read('b', False),
                          checksum='bb')
        self.assertEqual({'os_hash_value': 'aa'}, found.values)
        self.assertEqual('wrong', found.lines[2].found)
        found = self.plan(['os_hash_value'], read('a'), checksum='ee')
        self.assertEqual([], found.work)

    def test_not_all_could_be_compared(self) -> None:
        found = self.plan(['os_hash_value'], read('a'), unclear('b'),
                          missing('c'))
        self.assertEqual([], found.work)
        self.assertIn('while the image has no hash',
                      found.lines[-1].detail)
        # Where the hash is there, the one says nothing against the other.
        self.assertEqual({'size': 10}, self.plan(
            ['size'], good('a'), unclear('b')).values)


SEEN = strategies.builds(
    Seen, strategies.sampled_from(['a', 'b', 'c']),
    strategies.sampled_from(State), strategies.just('Why.'),
    strategies.sampled_from([DIGESTS, OTHERS]), strategies.just(10),
    strategies.sampled_from(Way), strategies.sampled_from(['', 'No.']))


class NeverTest(unittest.TestCase):

    @given(strategies.lists(SEEN, unique_by=lambda one: one.store),
           strategies.sets(strategies.sampled_from(sorted(ALL))),
           strategies.sampled_from([None, 'bb', 'ee']),
           strategies.booleans(), strategies.booleans())
    def test_any(self, seen: list[Seen], absent: set[str],
                 checksum: str | None, drop: bool, deactivate: bool) -> None:
        said = facts(*absent, checksum=checksum)
        judged = repair_plan.judged(said, seen)
        found = repair_plan.plan(said, judged, drop=drop,
                                 deactivate=deactivate)
        states = {one.store: one.state for one in judged}
        touched = [line for line in found.work if line.store]
        if touched:
            self.assertTrue(found.good)
        self.assertLessEqual(found.values.keys(), absent)
        for line in touched:
            self.assertIn(states[line.store], (State.MISSING, State.WRONG))
            self.assertNotIn(line.store, found.good)
        if any(line.action is Action.DEACTIVATE for line in found.work):
            self.assertFalse(found.good)
        self.assertEqual(len(judged), sum(
            bool(line.store) for line in found.lines))
