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

import json
import unittest

from glance_lifecycle.transfer.backends.rbd import plan_mark

PLAN, ID = '0123456789abcdef', '1004aabbccdd'


class MarkTest(unittest.TestCase):

    def test_text(self) -> None:
        snapshots = (plan_mark.Snapshot('snap', True),
                     plan_mark.Snapshot('more', False))
        for mark in (plan_mark.Mark(PLAN, ID, 1.5),
                     plan_mark.Mark(PLAN, ID, 17, True),
                     plan_mark.Mark(PLAN, ID, 17, False, ()),
                     plan_mark.Mark(PLAN, ID, 17, True, snapshots, 'more')):
            with self.subTest(mark):
                self.assertEqual(mark,
                                 plan_mark.Mark.from_text(mark.to_text()))

    def test_whose_it_is(self) -> None:
        """That of an image which others have moved into the trash is old."""
        taken = plan_mark.Mark(PLAN, ID, 5000.7)
        before = plan_mark.Mark(PLAN, ID, 5000.7, True)
        for deleted, of_taken, of_before in (
                (3000, False, True), (5000, True, True), (5005, True, False),
                (8000, True, False), (9000, False, False)):
            with self.subTest(deleted):
                self.assertEqual((of_taken, of_before), (
                    taken.is_of(ID, deleted), before.is_of(ID, deleted)))
        self.assertFalse(taken.is_of('1004aabbcce0', 5000))

    def test_hostile(self) -> None:
        """Whoever may write to the pool may have set it."""
        whole = json.loads(plan_mark.Mark(PLAN, ID, 17).to_text())
        for text in (
                '', PLAN, 'null', '7', '[]', '{}', '{"plan"', '[' * 100000,
                json.dumps({'plan': PLAN}),
                json.dumps({**whole, 'more': 1}),
                *(json.dumps({**whole, **other}) for other in (
                    {'plan': 17}, {'plan': PLAN.upper()}, {'plan': ''},
                    {'plan': '../../etc'}, {'image': 7},
                    {'trashed': 1}, {'since': '17'}, {'since': True},
                    {'since': -1}, {'since': 0}, {'since': 1e300},
                    {'since': float('nan')}, {'since': float('inf')},
                    {'same': None}, {'same': 7}, {'removing': 7},
                    {'removing': 'snap'}, {'removing': ['snap']},
                    {'removing': [{'name': 'snap'}]},
                    {'removing': [{'name': 7, 'protected': True}]},
                    {'removing': [{'name': 'a', 'protected': 'yes'}]},
                    {'removing': [{'name': 'a', 'protected': True,
                                   'more': 1}]})),
                json.dumps({**whole, 'same': 'x' * (1 << 21)})):
            with self.subTest(text[:80]):
                self.assertIsNone(plan_mark.Mark.from_text(text))
