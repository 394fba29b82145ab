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

"""What the lifecycle policy says of an image that moves."""

from typing import Any
import unittest

from glance_lifecycle.tests.unit.policy import test_checks
from glance_lifecycle.tests.unit.worker import image_api
from glance_lifecycle.tests.unit.worker.migrating import migrating_case
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker.migrating import policy as move_policy


class AgainstTest(unittest.TestCase):

    def against(self, keep: bool = False, **place: Any) -> str:
        """From bulk to fast."""
        wants = {'place': place} if place else {'protect': {'protected': True}}
        return move_policy.against(
            image_api.image(1, stores='bulk'), test_checks.policy(**wants),
            'bulk', 'fast', migrating_case.NOW, image_api.STORES, keep=keep)

    def test_silent(self) -> None:
        self.assertEqual('', self.against())

    def test_wants_it_where_it_is(self) -> None:
        places: tuple[dict[str, Any], ...] = (
            {'stores': ['bulk']}, {'later': ['bulk']},
            {'stores': ['bulk', 'fast']})
        for place in places:
            self.assertIn('a copy in bulk, by the rule the-rule',
                          self.against(**place))
        self.assertEqual('', self.against(keep=True, stores=['bulk']))

    def test_wants_it_there(self) -> None:
        self.assertEqual('', self.against(stores=['fast']))
        self.assertEqual('', self.against(
            stores=['fast'], copies='exact', combine='policy-only'))

    def test_lets_it_not_be_there(self) -> None:
        self.assertIn('lets no copy be in fast, by the rule the-rule',
                      self.against(stores=['far'], copies='exact',
                                   combine='policy-only'))


class EndsTest(unittest.TestCase):

    def test_ends(self) -> None:
        for kind, store, other in (
                (actions.MIGRATE, 'fast', 'bulk'),
                (actions.MIGRATE_DROP, 'bulk', 'fast')):
            self.assertEqual(('bulk', 'fast'), move_policy.ends(
                actions.Action(kind, '', '', '', {
                    'stores': [store], 'other': other}, ())))
