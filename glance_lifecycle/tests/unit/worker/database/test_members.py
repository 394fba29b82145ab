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

from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.worker.database import members

at = cases.at


def row(image_id: str, family: str = 'f', width: int = 0) -> members.Row:
    return members.Row(image_id, family, at(1), width, True)


class MembersTest(cases.DatabaseTestCase):

    def write(self, *rows: members.Row, now: int = 1) -> None:
        members.write(self.database, rows, at(now))

    def test_written(self) -> None:
        self.write(row('a'), row('b'), row('c', 'other'))
        self.assertEqual(row('a'), members.get(self.database, 'a'))
        self.assertIsNone(members.get(self.database, 'd'))
        self.assertEqual({row('a'), row('b')},
                         {*members.of_family(self.database, 'f')})
        self.assertEqual(['a', 'b', 'c'], sorted(members.ids(
            self.database, {'f', 'other', 'none'})))

    def test_the_last_counts(self) -> None:
        self.write(row('a'), row('a', 'other'))
        self.assertEqual(row('a', 'other'), members.get(self.database, 'a'))
        self.write(row('a', width=2))
        self.assertEqual(row('a', width=2), members.get(self.database, 'a'))

    def test_many(self) -> None:
        self.write(*(row(str(number))
                     for number in range(2 * members.BATCH + 1)))
        self.assertEqual(2 * members.BATCH + 1,
                         len(members.ids(self.database, ['f'])))

    def test_forgotten(self) -> None:
        """What was met since stays, whoever met it."""
        self.write(row('a'), row('b'))
        self.write(row('b'), row('c'), now=2)
        members.forget(self.database, at(2))
        self.assertEqual(['b', 'c'],
                         sorted(members.ids(self.database, ['f'])))
        members.remove(self.database, ['b', 'd'])
        self.assertEqual(['c'], members.ids(self.database, ['f']))
