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

"""Facts in, Decision out."""

import unittest

from glance_lifecycle.policy import decision
from glance_lifecycle.tests.unit.policy import strategies

GIB = decision.GIB
DEFAULTS = decision.Defaults(
    formats=('raw', 'qcow2', 'iso'), max_virtual_size=100 * GIB,
    max_expansion_ratio=1000)


def facts(**changes: object) -> decision.Facts:
    values: dict[str, object] = {
        'disk_format': 'qcow2', 'container_format': 'bare', 'size': GIB,
        'virtual_size': 4 * GIB}
    return decision.Facts(**(values | changes))  # type: ignore[arg-type]


class DecisionTest(unittest.TestCase):

    def reasons(self, given: decision.Facts,
                defaults: decision.Defaults = DEFAULTS) -> list[str]:
        decided = strategies.decide(given, defaults)
        return [v.reason for v in decided.violations]

    def test_converted(self) -> None:
        decided = strategies.decide(facts(), DEFAULTS)
        self.assertEqual(('raw', ()),
                         (decided.disk_format, decided.violations))

    def test_stored_as_it_is(self) -> None:
        for given, defaults, expected in (
                (facts(disk_format='iso'), DEFAULTS, 'iso'),
                (facts(container_format='ova'), DEFAULTS, 'qcow2'),
                (facts(), decision.Defaults(convert=False), 'qcow2')):
            self.assertEqual(expected, strategies.decide(
                given, defaults).disk_format)

    def test_format(self) -> None:
        self.assertEqual(['format-not-allowed'],
                         self.reasons(facts(disk_format='vmdk')))

    def test_size(self) -> None:
        self.assertEqual([], self.reasons(facts(virtual_size=100 * GIB)))
        self.assertEqual(['size-limit'], self.reasons(
            facts(virtual_size=100 * GIB + 1)))
        self.assertEqual([], self.reasons(
            facts(virtual_size=10 ** 6 * GIB, size=10 ** 6 * GIB),
            decision.Defaults()))

    def test_ratio(self) -> None:
        self.assertEqual(['expansion-ratio'], self.reasons(
            facts(size=196 * 1024, virtual_size=100 * GIB)))
        # A small empty disk.
        self.assertEqual([], self.reasons(
            facts(size=196 * 1024, virtual_size=10 * GIB)))
        self.assertEqual(['expansion-ratio'], self.reasons(
            facts(size=0, virtual_size=11 * GIB)))

    def test_all_at_once(self) -> None:
        self.assertEqual(
            ['format-not-allowed', 'size-limit', 'expansion-ratio'],
            self.reasons(facts(disk_format='vdi', size=1,
                               virtual_size=1000 * GIB)))
