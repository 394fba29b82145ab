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

import os
import unittest

from glance_lifecycle.audit import finding
from glance_lifecycle.audit.hygiene import judging
from glance_lifecycle.audit.hygiene.local import found
from glance_lifecycle.audit.hygiene.local import listing
from glance_lifecycle.audit.hygiene.local import pages

NOW = 1_800_000_000.0


class FoundTest(unittest.TestCase):

    def item(self, name: str = 'a', changed: float = NOW - 200_000,
             links: int = 0) -> finding.Finding:
        file = listing.File('/staging', name, listing.Kind.STAGED, '', 5,
                            4096, changed, links, (1, 2, 3))
        item = found.item('staging', file, found.Verdict(
            found.STAGING, 'So it is.', 'Do it.'), judging.Times(NOW, 1.0))
        self.assertEqual(('staging', file.allocated),
                         (item.store, item.held))
        for text in (item.where, item.finding.subject,
                     item.finding.evidence):
            self.assertTrue(text.isprintable(), ascii(text))
            self.assertLess(len(text), 500)
        return item.finding

    def test_evidence(self) -> None:
        one = self.item(links=2)
        self.assertEqual(
            'So it is. It has 5 bytes, takes 4096, and last changed '
            '2027-01-13T00:26:40+00:00, 2 days ago. It has 2 more names, so '
            'that removing this one frees nothing.', one.evidence)
        self.assertEqual(('GLC120', 'a', 'Do it.', finding.Severity.WARNING),
                         (one.code, one.subject, one.remedy, one.severity))

    def test_hostile(self) -> None:
        for name in ('\x1b[31m\u202e' + 'x' * 1000,
                     os.fsdecode(b'\xff\xfe')):
            self.item(name, changed=1e300)

    def test_all_have_a_page(self) -> None:
        self.assertEqual({one.slug for one in pages.PAGES}, {
            found.STAGING, found.TASK, found.CACHE, found.LOCK,
            found.JOURNAL, found.RECORD, found.BASE, found.UNCLEAR,
            found.NOT_LISTED})
