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
import json

from glance_lifecycle.audit.doctor import mutes
from glance_lifecycle.audit.doctor import sarif
from glance_lifecycle.tests.unit.audit.doctor import test_report

TODAY = datetime.date(2026, 11, 27)


class SarifTest(test_report.ReportTestCase):

    def test_log(self) -> None:
        log = json.loads(json.dumps(sarif.log(self.report(
            '[DEFAULT]\ndebug = x\nworkers = 2\n',
            mutes.Mute('GLC103', TODAY, 'So it is.')))))
        self.assertEqual('2.1.0', log['version'])
        run, = log['runs']
        rules = {rule['id'] for rule in run['tool']['driver']['rules']}
        found = {one['ruleId']: one for one in run['results']}
        self.assertEqual(rules, set(found))
        place = found['GLC105']['locations'][0]['physicalLocation']
        self.assertEqual(2, place['region']['startLine'])
        self.assertRegex(place['artifactLocation']['uri'], '^file:///')
        self.assertEqual('error', found['GLC105']['level'])
        self.assertEqual(
            [{'kind': 'external', 'justification': 'So it is.'}],
            found['GLC103']['suppressions'])
        self.assertNotIn('suppressions', found['GLC105'])
