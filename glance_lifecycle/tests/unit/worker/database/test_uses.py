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

"""When images were last used, whoever wrote it down."""

import uuid

from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.worker.database import marks
from glance_lifecycle.worker.database import uses

at = cases.at

ONE, TWO, THREE = (str(uuid.UUID(int=number)) for number in (1, 2, 10))


class UsesTest(cases.DatabaseTestCase):

    def test_uses(self) -> None:
        self.assertEqual({}, uses.listed(self.database))
        uses.saw(self.database, [ONE, TWO, ONE], at(1))
        uses.saw(self.database, [TWO, THREE.upper()], at(2))
        self.assertEqual({ONE: at(1), TWO: at(2), THREE: at(2)},
                         uses.listed(self.database))
        self.assertEqual(at(2), uses.last(self.database, [ONE, THREE]))
        self.assertEqual(at(1), uses.last(self.database, [ONE]))
        self.assertIsNone(uses.last(self.database, [str(uuid.uuid4())]))

    def test_hostile_ids(self) -> None:
        """What is no id of an image is none, however long it is."""
        uses.saw(self.database, ['', 'x' * 10_000, ONE + '\0', "'; --",
                                 '../' + ONE, ONE], at(1))
        self.assertEqual({ONE: at(1)}, uses.listed(self.database))

    def test_uses_in_batches(self) -> None:
        """In more than one transaction."""
        ids = [str(uuid.UUID(int=number)) for number in range(1200)]
        for second in (1, 2):
            uses.saw(self.database, ids, at(second))
            self.assertEqual(dict.fromkeys(ids, at(second)),
                             uses.listed(self.database))

    def test_uses_and_marks(self) -> None:
        """Marks of others are neither read nor forgotten."""
        for name in ('use', 'user/x', 'sweep/full'):
            marks.set(self.database, name, 'x', now=at(0))
        uses.saw(self.database, [ONE], at(0))
        uses.saw(self.database, [TWO], at(5))
        uses.forget(self.database, at(5))
        self.assertEqual({TWO: at(5)}, uses.listed(self.database))
        self.assertEqual(['use', 'user/x'], [
            mark.name for mark in marks.listed(self.database, 'use')
            if mark.value])
        self.assertIsNotNone(marks.get(self.database, 'sweep/full'))
