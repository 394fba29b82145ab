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

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import mutes
from glance_lifecycle.audit.doctor import text
from glance_lifecycle.tests.unit.audit.doctor import test_checks
from glance_lifecycle.tests.unit.audit.doctor import test_report

TODAY = datetime.date(2026, 11, 27)


class TextTest(test_report.ReportTestCase):

    def said(self, configuration: str, *mute: mutes.Mute) -> str:
        return '\n'.join(text.lines(
            self.report(configuration, *mute), colour=False))

    def test_all_well(self) -> None:
        said = self.said(test_checks.STORES)
        self.assertRegex(said, r'^All well\. \d+ checks for Glance 33 on 1 '
                         r'host\s\(api\): 1 file, 6 options\.$')

    def test_found(self) -> None:
        said = self.said(test_checks.STORES
                         + '[DEFAULT]\ndebug = x\nworkers = 2\n',
                         mutes.Mute('GLC103', TODAY, 'So it is.'))
        first, _, rest = said.partition('\n')
        self.assertRegex(first, r'^1 error\. ')
        self.assertIn('1 more, muted.', said.replace('\n', ' '))
        self.assertIn('ERROR GLC105 [DEFAULT] debug', rest)
        self.assertIn('/glance-api.conf:12: [DEFAULT] debug = x', rest)
        self.assertIn('Remedy: Write debug = VALUE', rest)
        self.assertNotIn('GLC103', said)
        self.assertNotIn('\033', said)

    def test_lapsed(self) -> None:
        said = self.said('[DEFAULT]\nworkers = 2\n', mutes.Mute(
            'GLC103', TODAY - datetime.timedelta(1), 'So it is.'))
        self.assertIn('The mute of GLC103 was until 2026-11-26.', said)

    def test_colour(self) -> None:
        said = '\n'.join(text.lines(self.report('[DEFAULT]\ndebug = x\n'),
                                    colour=True))
        self.assertIn('\033[31mERROR\033[0m GLC105', said)

    def test_explained(self) -> None:
        for kind in check.load_all():
            lines = list(text.explained(kind))
            self.assertEqual('%s: %s' % (kind.code, kind.title()), lines[0])
            self.assertIn('Wrong:', lines)
            self.assertIn('Right:', lines)
            self.assertEqual([], [line for line in lines
                                  if '``' in line or '\0' in line])
