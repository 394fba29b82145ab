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

PLAN = '0123456789abcdef'


class MarkTest(unittest.TestCase):

    def test_text(self) -> None:
        snapshots = (plan_mark.Snapshot('snap', True),
                     plan_mark.Snapshot('more', False))
        for mark in (plan_mark.Mark(PLAN), plan_mark.Mark(PLAN, 1.5),
                     plan_mark.Mark(PLAN, None, ()),
                     plan_mark.Mark(PLAN, 17, snapshots, 'more')):
            with self.subTest(mark):
                self.assertEqual(mark,
                                 plan_mark.Mark.from_text(mark.to_text()))

    def test_in_the_trash_before(self) -> None:
        self.assertTrue(plan_mark.Mark(PLAN, 17).trashed)
        self.assertFalse(plan_mark.Mark(PLAN).trashed)

    def test_hostile(self) -> None:
        """Whoever may write to the pool may have set it."""
        whole = json.loads(plan_mark.Mark(PLAN).to_text())
        for text in (
                '', PLAN, 'null', '7', '[]', '{}', '{"plan"', '[' * 100000,
                json.dumps({'plan': PLAN}),
                json.dumps({**whole, 'more': 1}),
                *(json.dumps({**whole, **other}) for other in (
                    {'plan': 17}, {'plan': PLAN.upper()}, {'plan': ''},
                    {'plan': '../../etc'}, {'since': '17'}, {'since': True},
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
