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
from typing import Any

import jsonschema

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import examination
from glance_lifecycle.audit.doctor import live
from glance_lifecycle.audit.doctor import mutes
from glance_lifecycle.audit.doctor import report
from glance_lifecycle.tests.unit.audit.doctor import cases

TODAY = datetime.date(2026, 11, 27)


class ReportTestCase(cases.DoctorTestCase):

    def report(self, text: str, *mute: mutes.Mute,
               asked: live.Live | None = None) -> dict[str, Any]:
        kinds = check.load_all()
        found = examination.examine(
            self.gathered({'glance-api.conf': text}), kinds, asked)
        return report.data(found, mutes.apply(found.findings, mute, TODAY),
                           {kind.code: kind for kind in kinds})


class ReportTest(ReportTestCase):

    def test_schema(self) -> None:
        jsonschema.Draft202012Validator.check_schema(report.SCHEMA)
        for text, asked in (('[DEFAULT]\ndebug = x\nworkers = 2\n', None),
                            ('', live.Live('http://image', not_raw={'a': 1}))):
            data = self.report(text, mutes.Mute('GLC103', TODAY, 'So it is.'),
                               asked=asked)
            jsonschema.validate(json.loads(json.dumps(data)), report.SCHEMA)

    def test_muted(self) -> None:
        data = self.report('[DEFAULT]\ndebug = x\nworkers = 2\n',
                           mutes.Mute('GLC103', TODAY, 'So it is.'),
                           mutes.Mute('GLC105', TODAY, 'Not so.'))
        self.assertEqual(1, data['summary']['error'])
        self.assertEqual(1, data['summary']['muted'])
        self.assertEqual('So it is.', data['findings'][-1]['muted']['reason'])
        self.assertEqual(1, len(data['lapsed']))
