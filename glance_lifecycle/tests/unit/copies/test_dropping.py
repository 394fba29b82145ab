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

"""What speaks against dropping a copy."""

from collections.abc import Iterator
from collections.abc import Sequence
import unittest

from glance_lifecycle.copies import dropping
from glance_lifecycle.copies import known
from glance_lifecycle.dependents import base

GOOD = known.Copy('s1', 'file', True, 10, 5, '2026-01-01T00:00:00Z')
ALSO = known.Copy('s2', 'rbd', True, 10, 5)
GONE = known.Copy('s2', 'file', False, detail='no file')
SHORT = known.Copy('s2', 'file', True, detail='9 bytes')
UNSEEN = known.Copy('s2', detail='not looked at')
NONE = base.Answer('rbd_children', True)


def plan(*copies: known.Copy, lock: str | None = None,
         answer: base.Answer = NONE, store: str = 's1',
         more: Sequence[str] | None = ()) -> dropping.Plan:
    return dropping.plan('i', 'n', store, lock, copies, answer, more)


class PlanTest(unittest.TestCase):

    def assert_against(self, text: str, found: dropping.Plan) -> None:
        self.assertEqual(1, len(found.against), str(found))
        self.assertIn(text, found.against[0])
        self.assertIn('  against it: ' + found.against[0],
                      list(found.lines()))

    def test_may_go(self) -> None:
        found = plan(GOOD, ALSO)
        self.assertEqual(((), GOOD, (ALSO,)),
                         (found.against, found.destroyed, found.kept))
        lines = list(found.lines())
        self.assertTrue(lines[0].startswith('DESTRUCTIVE: '))
        self.assertIn('  stays: store s2, rbd, 10 bytes, 5 allocated', lines)
        self.assertIn('was not verified', found.unsure[0])
        self.assertEqual((), plan(ALSO, GOOD, store='s2').unsure)

    def test_last(self) -> None:
        self.assert_against('the last one', plan(GOOD))
        for bad in (GONE, SHORT):
            self.assert_against('no other copy is known to be whole',
                                plan(GOOD, bad))
        self.assertEqual((), plan(
            GOOD, GONE, known.Copy('s3', 'file', True, 10)).against)

    def test_unseen(self) -> None:
        """Without a look at the store, Glance is believed; and it is said.
        """
        found = plan(GOOD, UNSEEN, more=None)
        self.assertEqual((), found.against)
        self.assertIn('not looked at', found.unsure[0])

    def test_away(self) -> None:
        """With a look, one that nobody can see is not believed in."""
        self.assert_against('no other copy is known to be whole',
                            plan(GOOD, UNSEEN))
        self.assertEqual((), plan(GOOD, UNSEEN, ALSO).against)

    def test_not_there(self) -> None:
        self.assert_against('it has in s1, s2',
                            plan(GOOD, ALSO, store='s9'))

    def test_locked(self) -> None:
        self.assert_against('by task t1', plan(GOOD, ALSO, lock='t1'))

    def test_more(self) -> None:
        self.assert_against('image o needs', plan(
            GOOD, ALSO, more=['image o needs it']))
        self.assertIn('of another image', plan(
            ALSO, GOOD, store='s2', more=None).unsure[-1])

    def test_clones(self) -> None:
        child = base.Dependent('rbd child', 'vms/1', 'disk',
                               detail='cloned from it')
        self.assert_against('vms/1', plan(GOOD, ALSO, answer=base.Answer(
            'rbd_children', True, dependents=[child])))

    def test_clones_unknown(self) -> None:
        def broken() -> Iterator[base.Dependent]:
            raise base.NotAsked(detail='silence')
            yield

        for answer in (base.Answer('x', False, 'silence'),
                       base.Answer('x', True, 'silence'),
                       base.Answer('x', True, dependents=broken())):
            self.assert_against('silence', plan(GOOD, ALSO, answer=answer))
