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

"""Millions of things become one finding, with their sums."""

import unittest

from glance_lifecycle.audit.hygiene import counting
from glance_lifecycle.audit.hygiene import judging
from glance_lifecycle.tests.unit.audit.hygiene import helpers
from glance_lifecycle.transfer.backends import inventory

A, B = helpers.A, helpers.B
VERSION = inventory.Kind.VERSION


class CountedTest(unittest.TestCase):

    def counted(self, *entries: inventory.Entry) -> list[tuple[str, int, str]]:
        counted = counting.Counted()
        made = helpers.made(helpers.stored(A), helpers.gone(B))
        self.rest = list(counted.others(
            judging.judge(entries, made, helpers.TIMES)))
        return [(one.finding.code, one.held, one.finding.evidence)
                for one in counted.items('s1')]

    def version(self, name: str, number: int, size: int | None
                ) -> inventory.Entry:
        return helpers.entry(name, VERSION, place='there?versions', size=size,
                             allocated=size, identity=str(number))

    def test_versions(self) -> None:
        self.assertEqual(
            [('GLC029', 4096, 'There are 1, of 4096 bytes.'),
             ('GLC130', 111, 'There are 3, of 111 bytes. Of images that are '
              'deleted: 1, of 10 bytes. There are 2 delete markers, too.')],
            self.counted(
                helpers.entry(A), helpers.entry('x', inventory.Kind.FOREIGN),
                self.version(A, 1, 1), self.version(B, 2, 10),
                self.version('x', 3, 100), self.version(B, 4, None),
                self.version('x', 5, None)))
        self.assertEqual({'good'}, {
            str(one.word) for one in self.rest if one.entry})

    def test_markers_only(self) -> None:
        self.assertEqual([('GLC130', 0, 'There are 0, of 0 bytes. There are '
                           '1 delete markers, too.')],
                         self.counted(self.version(B, 4, None)))

    def test_no_version_is_the_object(self) -> None:
        """A location leads to what readers get."""
        self.counted(self.version(A, 1, 100))
        self.assertEqual([judging.Word.MISSING], [
            one.word for one in self.rest])
