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

"""Marks are there, or not, and are overwritten."""

from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.worker.database import marks

at = cases.at


class MarksTest(cases.DatabaseTestCase):

    def test_marks(self) -> None:
        self.assertIsNone(marks.get(self.database, 'sweep'))
        marks.set(self.database, 'other', 'x', now=at(0))
        for number in range(3):
            marks.set(self.database, 'sweep', f'v{number}', now=at(number))
            self.assertEqual(marks.Mark('sweep', f'v{number}', at(number)),
                             marks.get(self.database, 'sweep'))
        self.assertEqual(marks.Mark('other', 'x', at(0)),
                         marks.get(self.database, 'other'))

    def test_listed(self) -> None:
        """By how their names begin, to the letter."""
        for name in ('worker/b', 'worker/a', 'Worker/c', 'workers', 'work',
                     'w%/x', 'w_/x', 'wx/x'):
            marks.set(self.database, name, name, now=at(1))
        for prefix, found in (
                ('worker/', ['worker/a', 'worker/b']), ('w%/', ['w%/x']),
                ('w_/', ['w_/x']), ('none/', [])):
            self.assertEqual([marks.Mark(name, name, at(1))
                              for name in found],
                             marks.listed(self.database, prefix))

    def test_remove(self) -> None:
        for name in ('a', 'b'):
            marks.set(self.database, name, 'x')
        for _twice in range(2):
            marks.remove(self.database, 'a')
            self.assertIsNone(marks.get(self.database, 'a'))
        self.assertIsNotNone(marks.get(self.database, 'b'))
        marks.set(self.database, 'a', 'y', now=at(1))
        self.assertEqual(marks.Mark('a', 'y', at(1)),
                         marks.get(self.database, 'a'))
