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

"""What is said of a symptom, and the checks that it looks for."""

import unittest

from glance_lifecycle.audit.diagnosis.symptoms import known as knowns
from glance_lifecycle.audit.diagnosis.symptoms import report
from glance_lifecycle.audit.doctor import check
from glance_lifecycle.osc import diagnose


class ReportTest(unittest.TestCase):

    def test_command_knows_all(self) -> None:
        self.assertEqual(list(report.WALKS), list(diagnose._SYMPTOMS))

    def test_codes_are_checks(self) -> None:
        """No path looks for what is no more."""
        there = {one.code for one in check.load_all()}
        for name, walk in report.WALKS.items():
            codes = set(walk.__globals__['CODES'])
            self.assertEqual(set(), codes - there, name)

    def test_nothing(self) -> None:
        for name in report.WALKS:
            text = '\n'.join(report.lines(report.data(name, knowns.Known())))
            self.assertIn('Still to be known:', text)
            self.assertIn('Nothing of what is known', text)
