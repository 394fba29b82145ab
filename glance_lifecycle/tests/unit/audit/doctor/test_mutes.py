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

import datetime
import unittest

from glance_lifecycle.audit.doctor import mutes
from glance_lifecycle.audit import finding
from glance_lifecycle import exceptions

TODAY = datetime.date(2026, 11, 27)

ONE = finding.Finding('GLC103', finding.Severity.INFO, '[DEFAULT] workers',
                      'It is.', 'Do it.', hosts=('a',))
OTHER = finding.Finding('GLC105', finding.Severity.ERROR, '[DEFAULT] debug',
                        'It is.', 'Do it.', hosts=('a', 'b'))

GOOD = """\
version: 1
mutes:
  - code: GLC103
    subject: "[DEFAULT] workers"
    until: '2027-01-31'
    reason: kolla-ansible writes it.
  - {code: GLC105, until: '2026-11-27', reason: Later., severity: error,
     count: 2}
"""


class MutesTest(unittest.TestCase):

    def applied(self, text: str = GOOD, today: datetime.date = TODAY,
                *found: finding.Finding) -> mutes.Muted:
        return mutes.apply(found or (ONE, OTHER), mutes.load(text.encode()),
                           today)

    def test_mutes(self) -> None:
        muted = self.applied()
        self.assertEqual((), muted.shown)
        self.assertEqual([ONE, OTHER], [one for one, _mute in muted.muted])
        self.assertEqual((), muted.lapsed)

    def test_subject(self) -> None:
        muted = self.applied(GOOD.replace('workers', 'backlog'))
        self.assertEqual((ONE,), muted.shown)

    def test_expiry(self) -> None:
        muted = self.applied(today=TODAY + datetime.timedelta(1))
        self.assertEqual((OTHER,), muted.shown)
        self.assertIn('until 2026-11-27', muted.lapsed[0])

    def test_worse(self) -> None:
        for text, said in ((GOOD.replace('count: 2', 'count: 1'), 'count: 2'),
                           (GOOD.replace('severity: error', 'severity: info'),
                            'severity: error')):
            muted = self.applied(text)
            self.assertEqual((OTHER,), muted.shown)
            self.assertIn(said, muted.lapsed[0])

    def test_broken(self) -> None:
        for text in ('', 'version: 2\nmutes: []', 'mutes: []', '[]', '- a',
                     'version: 1\nmutes: 5', 'version: 1\nmutes: [a]',
                     'version: 1\nmute: []', '{' * 10_000,
                     GOOD.replace('reason', 'why'),
                     GOOD.replace('2027-01-31', 'never'),
                     GOOD.replace('severity: error', 'severity: bad'),
                     GOOD.replace('count: 2', 'count: true'),
                     GOOD.replace('code: GLC103', 'code: 5')):
            self.assertRaises(exceptions.ConfigurationError, mutes.load,
                              text.encode())
