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

import hashlib
from typing import Any

import fixtures
import testtools

from glance_lifecycle.audit.hygiene import examination
from glance_lifecycle.audit.hygiene import export_file
from glance_lifecycle.audit.hygiene import exports
from glance_lifecycle.audit.hygiene import judging
from glance_lifecycle.audit.hygiene import others
from glance_lifecycle.audit.hygiene import wording
from glance_lifecycle.signing import detached
from glance_lifecycle.signing import trust
from glance_lifecycle.tests.unit.audit.hygiene import helpers
from glance_lifecycle.transfer.backends import inventory

A, B, C, D = helpers.A, helpers.B, helpers.C, helpers.D
Word = judging.Word


class OthersTest(testtools.TestCase):

    def of(self, *ids: str, time: float = helpers.NOW) -> others.Others:
        text = export_file.Header('west', int(time), len(ids)).dump()
        text += b''.join(b'%s\n' % one.encode() for one in ids)
        path = self.useFixture(fixtures.TempDir()).join('export')
        with open(path, 'wb') as file:
            file.write(text + export_file.Trailer(export_file.digest(
                hashlib.new(detached.HASH, text).digest()), None).dump())
        return others.Others(exports.load_all(
            [path], exports.Trust(trust.TrustPolicy(), unsigned=True),
            helpers.NOW))

    def word(self, other: others.Others, word: Word, name: str = A,
             **entry: Any) -> Word:
        return other.seen(judging.Verdict(
            word, 'So it is.', helpers.entry(name, **entry))).word

    def test_theirs(self) -> None:
        other = self.of(A)
        for word in (*judging.NEEDLESS, Word.UNKNOWN_IMAGE):
            for name in (A, A.upper()):
                self.assertEqual(Word.OTHERS, self.word(other, word, name))
            self.assertEqual(word, self.word(other, word, B))
        # What this Glance has there is its own business.
        for word in set(Word) - judging.NEEDLESS - {Word.UNKNOWN_IMAGE}:
            self.assertEqual(word, self.word(other, word))
        nothing = judging.Verdict(Word.MISSING, '', None, None)
        self.assertIs(nothing, other.seen(nothing))
        self.assertEqual(
            'An image of that id is needed by another Glance, west.',
            other.seen(judging.Verdict(
                Word.ORPHAN, '', helpers.entry(A))).why)

    def test_later_than_the_export(self) -> None:
        other = self.of(A, time=helpers.NOW - helpers.DAY)
        for changed, word in ((helpers.NOW - helpers.DAY, Word.UNCLEAR),
                              (helpers.NOW, Word.UNCLEAR),
                              (None, Word.UNCLEAR),
                              (helpers.LONG_AGO, Word.ORPHAN)):
            self.assertEqual(word, self.word(
                other, Word.ORPHAN, B, changed=changed))
            self.assertEqual(Word.ORPHAN, self.word(
                others.NONE, Word.ORPHAN, B, changed=changed))

    def examine(self, other: others.Others, host: helpers.Host,
                *entries: inventory.Entry) -> list[wording.Item]:
        return list(examination.Examination(
            host, {'s1': helpers.Inventory(*entries)}, ['s1'], {},
            helpers.TIMES, other).items())

    def test_store_that_is_mostly_theirs(self) -> None:
        """It is judged all the same: now it is known what is whose."""
        theirs = ['%08x-0000-4000-8000-000000000000' % one
                  for one in range(5)]
        host = helpers.Host(helpers.stored(A), helpers.gone(B),
                            helpers.gone(C))
        entries = [helpers.entry(one) for one in (A, B, C, *theirs)]
        self.assertEqual(['store-of-another'], [
            one.slug for one in self.examine(others.NONE, host, *entries)])
        found = self.examine(self.of(*theirs, C), host, *entries)
        self.assertEqual(
            [('orphan-object', B), ('needed-by-another', 's1')],
            [(one.slug, one.finding.subject) for one in found])
        self.assertIn('There are 6, of 24576 bytes.',
                      found[1].finding.evidence)

    def test_some_of_a_third(self) -> None:
        host = helpers.Host(helpers.stored(A), helpers.gone(B))
        found = self.examine(self.of(C), host, *(
            helpers.entry(one) for one in (A, B, C, D)))
        self.assertEqual(
            [('orphan-object', B), ('object-of-unknown-image', D),
             ('needed-by-another', 's1')],
            [(one.slug, one.finding.subject) for one in found])
