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

"""Findings and differences, counted as they come."""

import unittest

from glance_lifecycle.audit import drift as drifts
from glance_lifecycle.audit import finding
from glance_lifecycle.policy import drift
from glance_lifecycle.reporting import counted

Severity = finding.Severity


class FindingsTest(unittest.TestCase):

    def test_worst(self) -> None:
        """As many as are kept, the first of those that are as bad."""
        found = counted.Findings(3)
        for number, severity in enumerate((
                Severity.INFO, Severity.WARNING, Severity.ERROR,
                Severity.WARNING, Severity.ERROR, Severity.UNKNOWN)):
            found.add(finding.Finding('c', severity, str(number), 'E.', 'R.'))
        self.assertEqual(['2', '4', '5'], [
            one.subject for one in found.worst])
        self.assertEqual((6, 2, 2), (found.total, found.of(Severity.ERROR),
                                     found.of(Severity.WARNING)))


class DriftTest(unittest.TestCase):

    def test_sums(self) -> None:
        found = counted.Drift(2)
        for image, field in (('a', 'x'), ('a', 'y'), ('b', 'x')):
            found.add(drifts.Drifted(image, 'n', drift.Drift(
                'place', field, 'w', 'f', 'r')))
        self.assertEqual((3, 2, 2), (found.total, found.images,
                                     len(found.first)))
        self.assertEqual(2, found.fields['place', 'x'])
