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


"""Findings say what was seen, and nothing that a terminal would obey."""

import testtools

from glance_lifecycle.audit.hygiene import judging
from glance_lifecycle.audit.hygiene import pages
from glance_lifecycle.audit.hygiene import wording
from glance_lifecycle.tests.unit.audit.hygiene import helpers
from glance_lifecycle.transfer.backends import inventory


class WordingTest(testtools.TestCase):

    def of(self, entry: inventory.Entry, why: str = 'So it is.'
           ) -> wording.Item:
        return wording.of_verdict('s1', judging.Verdict(
            judging.Word.ORPHAN, why, entry))

    def test_all_have_a_page_and_a_remedy(self) -> None:
        slugs = {one.slug for one in pages.PAGES}
        self.assertEqual(slugs, set(wording._REMEDIES))
        words = {str(word) for word in judging.Word} - {'good'}
        self.assertEqual(slugs, words | {
            wording.ANOTHER, wording.NOT_THE_ONE, wording.NOT_LISTED,
            wording.WITHOUT_LOCATION, wording.WITHOUT_HASH,
            wording.OTHER_BYTES})
        for remedy in wording._REMEDIES.values():
            self.assertTrue(remedy.endswith('.'))

    def test_all_that_hangs(self) -> None:
        item = self.of(helpers.entry(helpers.A, hangs=inventory.Hangs(
            2, 1, 5, ('a/b', 'c'), 1, 3, 7), note='A note.'))
        self.assertEqual(
            'So it is. A note. It has 100 bytes, takes 4096, and last '
            'changed 2026-10-08T08:00:00+00:00. It has 3 more names, so that '
            'removing this one frees nothing. Other files share up to 7 bytes '
            'of it, which do not come back when only this one goes. It has 2 '
            'snapshots, 1 of them protected. It has 5 clones: a/b, c, .... 1 '
            'clients have it open.', item.finding.evidence)
        self.assertEqual(('GLC020', 4096, '/images/' + helpers.A), (
            item.finding.code, item.held, item.where))

    def test_hostile(self) -> None:
        name = '\x1b[31m\u202e' + 'x' * 1000
        item = self.of(helpers.entry(
            name, changed=1e300, size=2 ** 80, allocated=None, note=name,
            hangs=inventory.Hangs(children=1, some=(name,))), name)
        for text in (item.where, item.finding.subject,
                     item.finding.evidence):
            self.assertNotIn('\x1b', text)
            self.assertNotIn('\u202e', text)
        self.assertLess(len(item.where), 400)
        self.assertIn('at no time that there is', item.finding.evidence)
        self.assertEqual(2 ** 80, item.held)

    def test_location(self) -> None:
        claim, = helpers.made(helpers.stored(helpers.A))
        item = wording.of_verdict('s1', judging.Verdict(
            judging.Word.MISSING, 'Nothing is there.', None, claim))
        self.assertEqual((helpers.A, helpers.A, 0), (
            item.finding.subject, item.where, item.held))
