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


"""What is an orphan, and above all what is none."""

from typing import Any

import hypothesis
from hypothesis import strategies
import testtools

from glance_lifecycle.audit.hygiene import claims
from glance_lifecycle.audit.hygiene import judging
from glance_lifecycle.tests.unit.audit.hygiene import helpers
from glance_lifecycle.transfer.backends import inventory

A, B = helpers.A, helpers.B
Kind = inventory.Kind
Word = judging.Word
YOUNG = helpers.NOW - 10


class JudgingCase(testtools.TestCase):

    def judge(self, entries: Any, *images: helpers.Image,
              busy: bool = False) -> list[judging.Verdict]:
        return list(judging.judge(
            entries, helpers.made(*images, busy=busy), helpers.TIMES))

    def assert_words(self, expected: list[Word], entries: Any,
                     *images: helpers.Image, busy: bool = False) -> None:
        found = self.judge(entries, *images, busy=busy)
        self.assertEqual(expected, [one.word for one in found], str(found))


class NeedlessTest(JudgingCase):

    def test_deleted(self) -> None:
        for kind, expected in (
                (Kind.IMAGE, Word.ORPHAN), (Kind.MANIFEST, Word.ORPHAN),
                (Kind.SEGMENT, Word.SEGMENT),
                (Kind.UNFINISHED, Word.UNFINISHED), (Kind.TRASH, Word.TRASH)):
            self.assert_words([expected], [helpers.entry(A, kind)],
                              helpers.gone(A))

    def test_clones(self) -> None:
        self.assert_words([Word.CLONED], [helpers.entry(
            A, hangs=inventory.Hangs(children=1))], helpers.gone(A))

    def test_alive_elsewhere(self) -> None:
        there = helpers.Image(A, locations=(
            helpers.Location('file:///other/' + A, 's2'),))
        self.assert_words([Word.UNREGISTERED], [helpers.entry(A)], there)
        self.assert_words([Word.UNFINISHED], [
            helpers.entry(A, Kind.UNFINISHED)], there)

    def test_in_a_second_directory(self) -> None:
        self.assert_words(
            [Word.GOOD, Word.UNREGISTERED],
            [helpers.entry(A), helpers.entry(A, place='3:4')],
            helpers.stored(A))

    def test_location_forgotten(self) -> None:
        """It died before it had one, or that was purged: the times tell."""
        image = helpers.gone(A, locations=())
        self.assert_words([Word.ORPHAN], [helpers.entry(A)], image)
        self.assert_words([Word.UNKNOWN_IMAGE], [helpers.entry(
            A, changed=helpers.LONG_AGO - helpers.DAY)], image)
        # Clocks differ.
        self.assert_words([Word.ORPHAN], [helpers.entry(
            A, changed=helpers.LONG_AGO - 60)], image)

    def test_location_remembered(self) -> None:
        """A store that was filled from a backup has old times."""
        self.assert_words([Word.ORPHAN], [helpers.entry(
            A, changed=1.0)], helpers.gone(A))


class KeptTest(JudgingCase):

    def test_good(self) -> None:
        self.assert_words([Word.GOOD], [helpers.entry(A)], helpers.stored(A))

    def test_unknown(self) -> None:
        for kind in (Kind.IMAGE, Kind.SEGMENT, Kind.UNFINISHED, Kind.TRASH):
            self.assert_words([Word.UNKNOWN_IMAGE], [helpers.entry(A, kind)])

    def test_foreign(self) -> None:
        self.assert_words([Word.FOREIGN], [
            helpers.entry('volume-1', Kind.FOREIGN)])
        self.assert_words([Word.FOREIGN], [
            helpers.entry('volume-1', Kind.TRASH)])
        # But where a location leads to it.
        image = helpers.stored(A, locations=(
            helpers.Location(helpers.URL + 'volume-1'),))
        self.assert_words([Word.GOOD], [
            helpers.entry('volume-1', Kind.FOREIGN)], image)

    def test_quarantined(self) -> None:
        away = helpers.entry(A, Kind.QUARANTINED)
        for image in (helpers.gone(A), helpers.Image(A)):
            self.assert_words([Word.QUARANTINED], [away], image)
        self.assert_words([Word.QUARANTINED], [away])
        # By then it was needed again.
        found = self.judge([away], helpers.stored(A))
        self.assertEqual([Word.QUARANTINED, Word.MISSING],
                         [one.word for one in found])
        self.assertIn('It is in quarantine.', found[1].why)
        self.assert_words([Word.GOOD, Word.QUARANTINED],
                          [helpers.entry(A), away], helpers.stored(A))

    def test_moving(self) -> None:
        for image in (
                helpers.gone(A, busy=True), helpers.gone(A, changed=YOUNG),
                helpers.gone(A, changed=helpers.NOW + 1000),
                *(helpers.Image(A, status) for status in (
                    'queued', 'saving', 'importing', 'uploading', 'killed',
                    'pending_delete', 'of a later release'))):
            self.assert_words([Word.IN_FLIGHT], [helpers.entry(A)], image)
        self.assert_words([Word.IN_FLIGHT], [helpers.entry(A)],
                          helpers.gone(A), busy=True)
        for entry in (
                helpers.entry(A, changed=YOUNG),
                helpers.entry(A, changed=helpers.NOW + 1000),
                helpers.entry(A, hangs=inventory.Hangs(watchers=1))):
            self.assert_words([Word.IN_FLIGHT], [entry], helpers.gone(A))

    def test_leaving(self) -> None:
        image = helpers.Image(A, 'pending_delete', locations=(
            helpers.Location(helpers.URL + A, status='pending_delete'),))
        self.assert_words([Word.IN_FLIGHT], [helpers.entry(A)], image)

    def test_doubt(self) -> None:
        stray = helpers.gone(A, locations=(
            helpers.Location('file:///gone/x', 's2'),))
        self.assert_words([Word.UNCLEAR], [helpers.entry(A)], stray)
        self.assert_words([Word.UNCLEAR], [helpers.entry(A, changed=None)],
                          helpers.gone(A))
        link = helpers.entry(A, Kind.FOREIGN, place='3:4')
        self.assert_words([Word.UNCLEAR, Word.FOREIGN],
                          [helpers.entry(A), link], helpers.gone(A))

    def test_what_is_left_of_it(self) -> None:
        """Of a location that leads nowhere, something may be elsewhere."""
        for entry in (helpers.entry(A, place='3:4'),
                      helpers.entry(A + '-', Kind.SEGMENT, image_id=A),
                      helpers.entry('.a', Kind.UNFINISHED, image_id=A)):
            self.assert_words([Word.UNCLEAR, Word.MISSING], [entry],
                              helpers.stored(A))

    def test_trash(self) -> None:
        """What a location leads to is lost, and nothing to be purged."""
        trashed = helpers.entry(A, Kind.TRASH, usable=False, note='A note.')
        found = self.judge([trashed], helpers.stored(A))
        self.assertEqual([Word.UNCLEAR, Word.MISSING],
                         [one.word for one in found])
        self.assertIn('It is in the trash. A note.', found[1].why)
        self.assert_words([Word.UNCLEAR, Word.GOOD],
                          [trashed, helpers.entry(A)], helpers.stored(A))

    _images = strategies.builds(
        lambda kind, image_id, busy, changed, status: kind(
            image_id, busy=busy, changed=changed, **(
                {} if kind is helpers.gone else {'status': status})),
        strategies.sampled_from((helpers.stored, helpers.gone,
                                 helpers.Image)),
        strategies.sampled_from((A, B)), strategies.booleans(),
        strategies.sampled_from((helpers.LONG_AGO, YOUNG)),
        strategies.sampled_from(('active', 'queued', 'deactivated')))
    _entries = strategies.builds(
        lambda name, kind, changed, children: helpers.entry(
            name, kind, changed=changed,
            hangs=inventory.Hangs(children=children)),
        strategies.sampled_from((A, B, 'volume-1')),
        strategies.sampled_from(Kind),
        strategies.sampled_from((None, YOUNG, helpers.LONG_AGO)),
        strategies.sampled_from((None, 0, 2)))

    @hypothesis.given(strategies.lists(_entries, max_size=3), strategies.lists(
        _images, max_size=2, unique_by=lambda one: one.id))
    def test_never_needless(self, entries: list[inventory.Entry],
                            images: list[helpers.Image]) -> None:
        """Whatever comes together, what may be needed is not needless."""
        known = {one.id: one for one in images}
        for verdict in self.judge(entries, *images):
            if verdict.word not in judging.NEEDLESS:
                continue
            entry = verdict.entry
            assert entry is not None
            image = known[entry.image_id]
            self.assertFalse(image.busy)
            self.assertEqual(helpers.LONG_AGO, image.changed)
            self.assertEqual(helpers.LONG_AGO, entry.changed)
            self.assertIn(image.status, ('active', 'deactivated', 'deleted'))
            self.assertFalse(any(
                one.status == 'active' and helpers.spot(one.url) == entry.spot
                for one in image.locations))
            if verdict.word is Word.ORPHAN:
                self.assertTrue(image.deleted)
                self.assertFalse(entry.hangs.children)


class LocationsTest(JudgingCase):

    def test_missing(self) -> None:
        self.assert_words([Word.MISSING], [], helpers.stored(A))
        # It may have come after the listing was made.
        self.assert_words([Word.GOOD], [], helpers.stored(A, busy=True))
        self.assert_words([Word.GOOD], [], helpers.stored(A, changed=YOUNG))
        self.assert_words([], [], helpers.gone(A))
        self.assert_words([], [], helpers.Image(A))

    def test_not_usable(self) -> None:
        self.assert_words([Word.MISSING], [helpers.entry(
            A, Kind.UNFINISHED, usable=False)], helpers.stored(A))

    def test_size(self) -> None:
        self.assert_words([Word.WRONG_SIZE], [helpers.entry(A, size=99)],
                          helpers.stored(A))
        for image in (helpers.stored(A, size=None),
                      helpers.stored(A, busy=True)):
            self.assert_words([Word.GOOD], [helpers.entry(A, size=99)], image)
        self.assert_words([Word.GOOD], [helpers.entry(A, size=None)],
                          helpers.stored(A))

    def test_elsewhere(self) -> None:
        lost = helpers.stored(A, locations=(
            helpers.Location('file:///gone/x', 's1'),
            helpers.Location('file:///gone/y', 's1')))
        self.assert_words([Word.ELSEWHERE], [], lost)
        self.assertEqual(claims.State.NONE, helpers.made(lost)[0].state)
