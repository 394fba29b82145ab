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

"""A plan as sums and as a file."""

import json
import unittest

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.worker import test_action
from glance_lifecycle.worker import estimating
from glance_lifecycle.worker import plan as plans


class PlanTest(unittest.TestCase):

    def plan(self) -> plans.Plan:
        return plans.Plan('2026-11-26T00:00:00+00:00', 'digest', 3, (
            test_action.action(stores=['far', 'bulk']),
            test_action.action('hide', attributes={}),
            test_action.action(stores=['far'])))

    def test_totals(self) -> None:
        """Bytes of a copy to two stores are half of each; it is one pass."""
        speeds = estimating.Speeds([
            (test_action.action(stores=[store]).to_dict(), seconds)
            for store, seconds in (('far', 10), ('bulk', 8))])
        self.assertEqual([
            ('action', 'copy', 1, 2, 2000, 15.0),
            ('action', 'hide', 1, 1, 1000, None),
            ('rule', 'golden', 1, 3, 3000, None),
            ('store', 'bulk', 1, 1, 500, 5.0),
            ('store', 'far', 1, 2, 1500, 15.0)], [
                (t.by, t.name, t.images, t.actions, t.size, t.seconds)
                for t in self.plan().totals(speeds)])

    def test_file(self) -> None:
        self.assertEqual(self.plan(),
                         plans.load(self.plan().to_json().encode()))

    def test_no_plan(self) -> None:
        good = json.loads(self.plan().to_json())
        for bad, why in (
                (b'', 'not JSON'), (b'\xff', 'not JSON'),
                (b'[' * 100_000, 'not JSON'), (b'[]', 'schema'),
                (json.dumps({**good, 'schema': 2}).encode(), 'schema'),
                (json.dumps({**good, 'actions': {}}).encode(), 'no list'),
                (json.dumps({**good, 'actions': [1]}).encode(), 'no list'),
                (json.dumps({**good, 'actions': [{}]}).encode(),
                 'no action')):
            with self.assertRaisesRegex(exceptions.ConfigurationError, why):
                plans.load(bad)

    def test_too_large(self) -> None:
        with self.assertRaisesRegex(exceptions.ConfigurationError,
                                    'larger than 256 MiB'):
            plans.load(bytes(plans.MAX_BYTES + 1))
