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

"""An error is the same error on the other side of a pipe."""

import copy
import json
import pickle
import unittest

from glance_lifecycle import exceptions


class ExceptionsTest(unittest.TestCase):

    def test_across_a_process_boundary(self) -> None:
        for error in (
                exceptions.ImageRefused(reason='corrupt', detail='why'),
                exceptions.StoreFull(store='s1', detail='no {room}'),
                exceptions.TransferCancelled(detail='x')):
            for again in (
                    exceptions.from_dict(json.loads(json.dumps(
                        error.to_dict()))),
                    copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
                self.assertIs(type(error), type(again))
                self.assertEqual(str(error), str(again))
                self.assertEqual(error.fields, again.fields)

    def test_only_ours(self) -> None:
        for value in ({}, {'error': 'SystemExit', 'fields': {}},
                      {'error': 'StoreFull', 'fields': {}},
                      {'error': 'StoreFull', 'fields': 1}):
            self.assertIsInstance(exceptions.from_dict(value),
                                  exceptions.InternalError)

    def test_names(self) -> None:
        self.assertEqual('a-b', exceptions.ImageRefused(
            reason='a-b', detail='').reason)
        self.assertEqual('s1', exceptions.StoreFull(
            store='s1', detail='').store)
