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

"""What becomes a step, and what is left, and why."""

from collections.abc import Iterable
import dataclasses
from typing import Any

import testtools

from glance_lifecycle.audit.hygiene import examination
from glance_lifecycle.audit.hygiene import judging
from glance_lifecycle.audit.hygiene import wording
from glance_lifecycle.reclaim import planning
from glance_lifecycle.tests.unit.audit.hygiene import helpers
from glance_lifecycle.transfer.backends import inventory

A, B, C = helpers.A, helpers.B, helpers.C
Kind = inventory.Kind
Word = judging.Word
WISHES = planning.Wishes(86400.0, 7 * 86400.0, 1000, 10.0)


def item(word: Word, name: str = A, store: str = 's1', **other: Any
         ) -> wording.Item:
    return wording.of_verdict(store, judging.Verdict(
        word, 'So it is.', helpers.entry(name, **other),
        helpers.made(helpers.gone(name))[0]))


class PlanningTest(testtools.TestCase):

    def made(self, items: Iterable[wording.Item], **wishes: Any
             ) -> planning.Made:
        totals = {name: examination.Totals(objects=100, held=100_000)
                  for name in ('', 's1', 's2', 's3')}
        return planning.make(
            iter(items), totals, lambda store: 'It has none.' if store == 's3'
            else frozenset((Kind.IMAGE, Kind.UNFINISHED)),
            dataclasses.replace(WISHES, **wishes), 'now')

    def left(self, made: planning.Made) -> list[str]:
        self.assertEqual((), made.plan.steps)
        return [one.why for one in made.left]

    def test_steps(self) -> None:
        made = self.made([
            item(Word.ORPHAN), item(Word.UNFINISHED, f'.{B}.lifecycle',
                                    's2', kind=Kind.UNFINISHED, image_id=B),
            item(Word.UNREGISTERED, C), item(Word.IN_FLIGHT),
            item(Word.UNCLEAR), item(Word.MISSING), item(Word.WRONG_SIZE),
            item(Word.FOREIGN), item(Word.QUARANTINED)])
        self.assertEqual(
            [('s1', 'GLC020', A), ('s1', 'GLC025', C), ('s2', 'GLC022', B)],
            [(one.store, one.code, one.image_id) for one in made.plan.steps])
        self.assertEqual((), made.left)
        self.assertEqual(['s1', 's2', 's3'],
                         [one.name for one in made.plan.stores])
        self.assertEqual(helpers.entry(A), made.plan.steps[0].entry)
        self.assertTrue(made.plan.steps[0].deleted)

    def test_left(self) -> None:
        for one, why in (
                (item(Word.CLONED), 'It has clones, which need it.'),
                (item(Word.TRASH, kind=Kind.TRASH,
                      hangs=inventory.Hangs(children=1)),
                 'It has clones, which need it.'),
                (item(Word.TRASH, kind=Kind.TRASH),
                 'Of this store, nothing of the kind "trash" can be taken.'),
                (item(Word.ORPHAN, store='s3'), 'It has none.'),
                (item(Word.ORPHAN, changed=None),
                 'The store does not tell when it changed.'),
                (item(Word.ORPHAN, allocated=10_001),
                 'It alone takes more than 10 percent of the bytes of the '
                 'store. See --percent.')):
            self.assertEqual([why], self.left(self.made([one])))
        self.assertEqual(1, len(self.made([
            item(Word.ORPHAN, allocated=10_000)]).plan.steps))

    def test_one_name_twice(self) -> None:
        made = self.made([item(Word.ORPHAN), item(Word.UNREGISTERED),
                          item(Word.ORPHAN, store='s2')])
        self.assertEqual([('s1', 'GLC020'), ('s2', 'GLC020')], [
            (one.store, one.code) for one in made.plan.steps])
        self.assertIn('Another object of that name', made.left[0].why)

    def test_codes(self) -> None:
        made = self.made([item(Word.ORPHAN), item(Word.UNREGISTERED, B)],
                         codes=frozenset(['GLC025']))
        self.assertEqual((['GLC025'], ()), (
            [one.code for one in made.plan.steps], made.left))

    def test_unknown_images(self) -> None:
        """Another Glance may have the ids of this one, too."""
        items = [item(Word.ORPHAN), item(Word.UNKNOWN_IMAGE, B),
                 item(Word.ORPHAN, C, 's2')]
        made = self.made(items)
        self.assertEqual(['s2'], [one.store for one in made.plan.steps])
        why, = (one.why for one in made.left)
        self.assertIn('1 of its objects are of images that this Glance does '
                      'not know (GLC026)', why)
        self.assertIn('--alone s1', made.plan.stores[0].refused)
        made = self.made(items, alone=frozenset(['s1']))
        self.assertEqual([A, C], [one.image_id for one in made.plan.steps])
        self.assertEqual(('s1',), made.plan.alone)
        made = self.made(items, needed={B})
        self.assertEqual([A, C], [one.image_id for one in made.plan.steps])

    def test_needed_elsewhere(self) -> None:
        for needed in ({A}, {A.lower()}):
            self.assertEqual(
                ['Another Glance has an image of that id.'],
                self.left(self.made([item(Word.ORPHAN)], needed=needed,
                                    alone=frozenset(['s1']))))

    def test_not_understood(self) -> None:
        for slug, code in ((wording.ANOTHER, 'GLC035'),
                           (wording.NOT_THE_ONE, 'GLC036'),
                           (wording.NOT_LISTED, 'GLC037')):
            why, = self.left(self.made(
                [item(Word.ORPHAN), wording.made(slug, 's1', 'So it is.',
                                                 store='s1')],
                alone=frozenset(['s1'])))
            self.assertIn('So it is. (%s)' % code, why)
