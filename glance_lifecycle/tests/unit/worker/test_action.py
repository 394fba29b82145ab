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

"""An action as text and as data."""

from typing import Any
import unittest

from glance_lifecycle import exceptions
from glance_lifecycle.policy import drift
from glance_lifecycle.worker import action as actions

REASON = drift.Drift('place', 'stores', 'far', 'fast', 'golden', 'later',
                     'far')


def action(kind: str = 'copy', **arguments: Any) -> actions.Action:
    return actions.Action(kind, 'i1', 'name', 'p',
                          arguments or {'stores': ['far']}, (REASON,), 1000)


class ActionTest(unittest.TestCase):

    def test_text(self) -> None:
        for each, text in (
                (action(), 'copy to far'),
                (action('drop', stores=['fast']),
                 'DESTRUCTIVE: delete the copy in fast'),
                (action('delete'), 'DESTRUCTIVE: delete the image'),
                (action('hide'), 'hide'),
                (action('update', attributes={'protected': True},
                        set_properties={'a': 'b'}, remove_properties=['c'],
                        add_tags=['d'], remove_tags=['e']),
                 'protected = true; property a = b; remove property c; '
                 'add tag d; remove tag e')):
            self.assertEqual(text, each.text())
        self.assertEqual('stores: wanted far, found fast', action().why())
        self.assertEqual(('golden',), action().rules)

    def test_purpose(self) -> None:
        self.assertEqual('copy', action().purpose)
        self.assertEqual('drop:a', action('drop', stores=['a']).purpose)
        self.assertEqual({'drop', 'delete'}, {
            kind for kind in actions.KINDS if action(kind).destructive})

    def test_data(self) -> None:
        again = actions.Action.from_dict(action().to_dict())
        self.assertEqual(action(), again)
        self.assertTrue(again.same(action()))
        self.assertFalse(action(stores=['a']).same(action()))

    def test_no_action(self) -> None:
        good = action().to_dict()
        for bad in ({}, {**good, 'kind': 'burn'}, {**good, 'x': 1},
                    {**good, 'reasons': [{}]}, {**good, 'reasons': None},
                    {**good, 'arguments': []}):
            with self.assertRaisesRegex(exceptions.ConfigurationError,
                                        'no action of a plan'):
                actions.Action.from_dict(bad)
