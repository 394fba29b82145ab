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

"""Tokens, times, and what they vouch for."""

import time
import unittest

from glance_lifecycle.transfer.backends.object_store import marks
from glance_lifecycle.transfer import sink


class ObjectMarksTest(unittest.TestCase):

    def test_tokens(self) -> None:
        made = {marks.new_token() for _ in range(100)}
        self.assertEqual(100, len(made))
        self.assertEqual({'a', 'b'}, marks.tokens(
            [{'token': 'a'}, {'absent': True}, {'token': 'b', 'size': 1}]))

    def test_service_time(self) -> None:
        self.assertEqual(784111777.0, marks.service_time(
            'Sun, 06 Nov 1994 08:49:37 GMT'))
        for text in (None, '', 'yesterday'):
            before = time.time()
            self.assertGreaterEqual(marks.service_time(text), before)

    def test_vouched_part(self) -> None:
        absent = marks.absent(100.0 - sink.PRECISION)
        for created, made, expected in (
                ([], 1e12, False),
                ([{'token': 'a', 'begun': 1.0}], 1e12, False),
                ([absent], 99.9, False),
                ([absent], 100.0, True),
                # Nothing is known of the time.
                ([{'absent': True}], 1e12, False),
                ([sink.since(50)], 49.0, False),
                ([sink.since(50)], 50.0, True),
                ([absent, sink.since(50)], 60.0, True)):
            self.assertEqual(expected, marks.vouched_part(
                created, made), (created, made))
