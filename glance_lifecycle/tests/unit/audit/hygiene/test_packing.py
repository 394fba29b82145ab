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


"""What is packed comes back, whatever strangers have called it."""

import hypothesis
from hypothesis import strategies
import testtools

from glance_lifecycle.audit.hygiene import judging
from glance_lifecycle.audit.hygiene import packing
from glance_lifecycle.tests.unit.audit.hygiene import helpers
from glance_lifecycle.transfer.backends import inventory

_TEXT = strategies.text(strategies.characters(exclude_categories=()))
_NUMBER = strategies.none() | strategies.integers(0, 2 ** 70)
_HANGS = strategies.builds(
    inventory.Hangs, _NUMBER, _NUMBER, _NUMBER,
    strategies.lists(_TEXT, max_size=3).map(tuple), _NUMBER,
    strategies.integers(0, 9), _NUMBER)
_ENTRIES = strategies.builds(
    inventory.Entry, _TEXT, strategies.sampled_from(inventory.Kind), _TEXT,
    _TEXT, _NUMBER, _NUMBER, strategies.none() | strategies.floats(
        0, 1e12), _TEXT, strategies.booleans(), _HANGS, _TEXT, _TEXT)


class PackingTest(testtools.TestCase):

    @hypothesis.given(_ENTRIES)
    def test_entry(self, one: inventory.Entry) -> None:
        line = packing.entry(one)
        self.assertEqual(one, packing.to_entry(line))
        self.assertNotIn(b'\n', line)

    @hypothesis.given(_TEXT, _TEXT)
    def test_key(self, one: str, other: str) -> None:
        first, second = packing.key(one), packing.key(other)
        self.assertEqual(one == other, first == second)
        self.assertFalse(set(b'\t\n') & {*first, *second})
        if one != other:
            self.assertFalse(second.startswith(first))

    def test_claim(self) -> None:
        for image in (helpers.stored(helpers.A), helpers.gone(helpers.B),
                      helpers.Image(helpers.C, size=None)):
            claim, = helpers.made(image)
            self.assertEqual(claim, packing.to_claim(packing.claim(claim)))


_SOME_ENTRIES = strategies.builds(
    lambda name, kind, size, usable, place: helpers.entry(
        name, kind, size=size, usable=usable, place=place),
    strategies.sampled_from((helpers.A, helpers.B)),
    strategies.sampled_from(inventory.Kind),
    strategies.sampled_from((100, 200, None)), strategies.booleans(),
    strategies.sampled_from((helpers.PLACE, 'other')))
_SOME_IMAGES = strategies.builds(
    lambda make, busy, size, changed, locations: make(
        helpers.A, busy=busy, size=size, changed=changed,
        **({'locations': locations} if locations else {})),
    strategies.sampled_from((helpers.stored, helpers.gone, helpers.Image)),
    strategies.booleans(), strategies.sampled_from((100, None)),
    strategies.sampled_from((helpers.LONG_AGO, helpers.NOW)),
    strategies.sampled_from((None, (
        helpers.Location('file:///lost/x'),), (
            helpers.Location(helpers.URL + helpers.A),
            helpers.Location('file:///lost/x')))))


class AgreeTest(testtools.TestCase):

    def test_good(self) -> None:
        claim, = helpers.made(helpers.stored(helpers.A))
        self.assertTrue(packing.agree(
            [packing.entry(helpers.entry(helpers.A))],
            [packing.claim(claim)]))

    @hypothesis.given(strategies.lists(_SOME_ENTRIES, max_size=2),
                      strategies.lists(_SOME_IMAGES, max_size=2))
    def test_never_hides_a_judgement(
            self, entries: list[inventory.Entry],
            images: list[helpers.Image]) -> None:
        made = helpers.made(*images)
        if packing.agree(list(map(packing.entry, entries)),
                         list(map(packing.claim, made))):
            self.assertEqual(
                [(judging.Word.GOOD, entries[0])],
                [(one.word, one.entry) for one in judging.judge(
                    entries, made, helpers.TIMES)])
