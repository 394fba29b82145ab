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


"""What was found is looked at again before it is said."""

from collections.abc import Iterable
import dataclasses
from typing import Any

import testtools

from glance_lifecycle.audit.hygiene import claims
from glance_lifecycle.audit.hygiene import confirming
from glance_lifecycle.audit.hygiene import judging
from glance_lifecycle.audit.hygiene import leading
from glance_lifecycle.tests.unit.audit.hygiene import helpers
from glance_lifecycle.transfer.backends import inventory

A, B = helpers.A, helpers.B
Word = judging.Word


class ConfirmingTest(testtools.TestCase):

    def confirmed(self, listed: helpers.Inventory, first: helpers.Image,
                  *later: helpers.Image, busy: bool = False
                  ) -> list[judging.Verdict]:
        host = helpers.Host(first, later=later, busy=[A] if busy else ())
        verdicts = judging.judge(listed.listed, helpers.made(first),
                                 helpers.TIMES)
        return self.again(host, listed, verdicts)

    def again(self, host: helpers.Host, listed: helpers.Inventory,
              verdicts: Iterable[judging.Verdict]) -> list[judging.Verdict]:
        store = helpers.store()
        return list(confirming.Confirming(
            host, store, listed, helpers.TIMES, leading.Leading(
                host, store, listed.subject)).confirmed(verdicts))

    def assert_words(self, expected: list[Word],
                     found: list[judging.Verdict]) -> None:
        self.assertEqual(expected, [one.word for one in found], str(found))

    def test_still(self) -> None:
        entry = helpers.entry(A)
        listed = helpers.Inventory(entry)
        # What is said of it is what is seen now.
        now = dataclasses.replace(entry, hangs=inventory.Hangs(children=0))
        listed.now[A] = now
        found = self.confirmed(listed, helpers.gone(A))
        self.assert_words([Word.ORPHAN], found)
        self.assertIs(now, found[0].entry)

    def test_clones(self) -> None:
        """A listing does not tell of them."""
        listed = helpers.Inventory(helpers.entry(A))
        listed.now[A] = helpers.entry(A, hangs=inventory.Hangs(children=2))
        self.assert_words([Word.CLONED], self.confirmed(
            listed, helpers.gone(A)))

    def test_needed_by_now(self) -> None:
        listed = helpers.Inventory(helpers.entry(A))
        first = helpers.Image(A)
        self.assert_words([], self.confirmed(
            listed, first, helpers.stored(A)))
        self.assert_words([Word.IN_FLIGHT], self.confirmed(
            listed, first, helpers.Image(A, busy=True)))
        self.assert_words([Word.IN_FLIGHT], self.confirmed(
            listed, first, busy=True))
        self.assert_words([Word.IN_FLIGHT], self.confirmed(
            listed, helpers.gone(A), helpers.gone(A, changed=helpers.NOW)))

    def test_gone_by_now(self) -> None:
        listed = helpers.Inventory(helpers.entry(A))
        listed.now.clear()
        self.assert_words([], self.confirmed(listed, helpers.gone(A)))

    def test_away_by_now(self) -> None:
        listed = helpers.Inventory(helpers.entry(A))
        listed.now[A] = helpers.failing()
        found = self.confirmed(listed, helpers.gone(A))
        self.assert_words([Word.UNCLEAR], found)
        self.assertIn('could not be looked at again: it is away.',
                      found[0].why)

    def test_purged_by_now(self) -> None:
        listed = helpers.Inventory(helpers.entry(A))
        host = helpers.Host()
        verdicts = judging.judge(
            listed.listed, helpers.made(helpers.gone(A)), helpers.TIMES)
        found = self.again(host, listed, verdicts)
        self.assert_words([Word.UNCLEAR], found)
        self.assertEqual([], listed.looked)

    def other(self, *locations: helpers.Location, **gone: Any
              ) -> list[judging.Verdict]:
        """Of A, while B has them."""
        first = helpers.gone(A, **gone)
        return self.confirmed(
            helpers.Inventory(helpers.entry(A)), first, first,
            helpers.Image(B, locations=locations))

    def test_of_another(self) -> None:
        """Which was registered with it meanwhile: it is that one's."""
        self.assert_words([], self.other(helpers.Location(helpers.URL + A)))
        self.assert_words([Word.ORPHAN], self.other(
            helpers.Location(helpers.URL + A, status=claims.GONE)))
        self.assert_words([Word.ORPHAN], self.other(
            helpers.Location(helpers.URL + B)))

    def test_missing_for_two(self) -> None:
        """It is said of each of them once."""
        first = helpers.stored(A)
        self.assert_words([Word.MISSING], self.confirmed(
            helpers.Inventory(), first, first, helpers.Image(
                B, locations=(helpers.Location(helpers.URL + A),))))

    def test_of_another_and_purged(self) -> None:
        """The image of its id is not even known any more."""
        verdicts = judging.judge(
            [helpers.entry(A)], helpers.made(helpers.gone(A)), helpers.TIMES)
        self.assert_words([], self.again(
            helpers.Host(helpers.Image(B, locations=(
                helpers.Location(helpers.URL + A),))),
            helpers.Inventory(helpers.entry(A)), verdicts))

    def test_of_another_by_another_way(self) -> None:
        """Nobody can tell whether it leads there, and it names it."""
        found = self.other(helpers.Location(f'file:///alias/{A}'))
        self.assert_words([Word.UNCLEAR], found)
        self.assertIn(B, found[0].why)
        self.assert_words([Word.ORPHAN], self.other(
            helpers.Location(f'file:///other/{A}', store='s2')))

    def test_not_readable(self) -> None:
        """It may lead to anything."""
        found = self.other(helpers.Location(''))
        self.assert_words([Word.UNCLEAR], found)
        self.assertIn('metadata_encryption_key', found[0].why)

    def test_led_to(self) -> None:
        """By a location that nobody would have thought of."""
        class Linked(helpers.Inventory):
            def leads(self, entry: inventory.Entry, url: str) -> bool:
                return url == 'file:///other/x'

        image = helpers.Image(A, locations=(
            helpers.Location('file:///other/x', 's2'),))
        self.assert_words([Word.UNCLEAR], self.confirmed(
            Linked(helpers.entry(A)), image))
        self.assert_words([Word.UNREGISTERED], self.confirmed(
            helpers.Inventory(helpers.entry(A)), image))

    def test_missing(self) -> None:
        listed = helpers.Inventory()
        image = helpers.stored(A)
        self.assert_words([Word.MISSING], self.confirmed(listed, image))
        self.assertEqual([A], listed.looked)
        self.assert_words([], self.confirmed(listed, image, helpers.gone(A)))
        listed.now[A] = helpers.entry(A)
        self.assert_words([], self.confirmed(listed, image))
        listed.now[A] = helpers.entry(A, usable=False)
        self.assert_words([Word.MISSING], self.confirmed(listed, image))
        listed.now[A] = helpers.failing()
        self.assert_words([Word.UNCLEAR], self.confirmed(listed, image))

    def test_trash_of_what_is_missing(self) -> None:
        listed = helpers.Inventory(helpers.entry(
            A, inventory.Kind.TRASH, note='A note.', usable=False))
        listed.now.clear()
        found = self.confirmed(listed, helpers.stored(A))
        self.assert_words([Word.UNCLEAR, Word.MISSING], found)
        self.assertIn('A note.', found[1].why)

    def test_others_have_their_own_turn(self) -> None:
        """A copy in one place says nothing of the location in another."""
        image = helpers.stored(A)
        here, there = helpers.entry(A), helpers.entry(A, place='3:4')
        listed = helpers.Inventory(here, there)

        class Both(helpers.Inventory):
            def look(self, entry: inventory.Entry) -> inventory.Entry | None:
                return here if entry.place == here.place else there

        found = self.confirmed(Both(here, there), image)
        self.assert_words([Word.GOOD, Word.UNREGISTERED], found)
        # What the location leads to has gone: this may be the image.
        listed.now[A] = there
        found = self.confirmed(listed, image)
        self.assert_words([Word.GOOD, Word.UNCLEAR], found)

    def test_many(self) -> None:
        """One statement asks for many, and not for all."""
        asked = []

        class Host(helpers.Host):
            def some(self, ids):  # type: ignore[no-untyped-def]
                asked.append(len(ids))
                return super().some(ids)

        images = [helpers.gone('%08x%s' % (number, A[8:]))
                  for number in range(1100)]
        listed = helpers.Inventory(*(helpers.entry(one.id)
                                     for one in images))
        verdicts = (verdict for one in images for verdict in judging.judge(
            [helpers.entry(one.id)], helpers.made(one), helpers.TIMES))
        found = self.again(Host(*images), listed, verdicts)
        self.assertEqual(1100, len(found))
        self.assertEqual([500, 500, 100], asked)
