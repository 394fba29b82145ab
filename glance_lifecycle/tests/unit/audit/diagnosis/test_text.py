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

"""Diagnoses, shown."""

import dataclasses

import testtools

from glance_lifecycle.audit.diagnosis import judging
from glance_lifecycle.audit.diagnosis import text
from glance_lifecycle.tests.unit.audit.diagnosis import cases


class TextTest(testtools.TestCase):

    def test_lines(self) -> None:
        found = cases.known('importing', name='\x1b[2Jx', here=cases.here(
            unknown=('It cannot be looked into.',)),
            lines=[cases.line('Boom')])
        said = list(text.lines(found, judging.diagnose(found)))
        for part in ('ERROR GLC058 import-abandoned (certain)',
                     '    Waiting helps: no.',
                     '    DESTRUCTIVE: openstack image delete '
                     + cases.IMAGE, 'It cannot be looked into.',
                     '    api.log:7: Boom'):
            self.assertIn(part, said)
        self.assertTrue(all(line.isprintable() for line in said))

    def test_rows(self) -> None:
        found = cases.known('uploading')
        [row] = text.rows(found, judging.diagnose(found))
        self.assertEqual(len(text.COLUMNS), len(row))
        shown = dict(zip(text.COLUMNS, row))
        self.assertEqual(
            ('never-imported', 'warning', 'certain', 'no'),
            (shown['Cause'], shown['Severity'], shown['Confidence'],
             shown['Destructive']))
        [row] = text.rows(dataclasses.replace(
            found, tasks=None), judging.diagnose(found))
        self.assertIn(cases.IMAGE, row)
