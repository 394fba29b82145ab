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

IMAGE = 'b022d674-05d1-4361-bb04-e742fa605c3e'


def action(kind: str = 'copy', **arguments: Any) -> actions.Action:
    return actions.Action(kind, IMAGE, 'name', 'p',
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

    def test_names_of_strangers(self) -> None:
        """They do not write on the operator's terminal."""
        evil = 'x\x1b[2K\r'
        text = action('update', set_properties={evil: evil},
                      remove_properties=[evil], add_tags=[evil],
                      remove_tags=[evil]).text()
        self.assertTrue(text.isprintable(), text)

    def test_purpose(self) -> None:
        self.assertEqual('copy', action().purpose)
        self.assertEqual('drop:a', action('drop', stores=['a']).purpose)
        self.assertEqual({'drop', 'delete', 'migrate-drop'}, {
            kind for kind in actions.KINDS if action(kind).destructive})

    def test_data(self) -> None:
        again = actions.Action.from_dict(action().to_dict())
        self.assertEqual(action(), again)
        self.assertTrue(again.same(action()))
        self.assertFalse(action(stores=['a']).same(action()))

    def test_no_action(self) -> None:
        good = action().to_dict()
        changes: dict[str, Any]
        for changes in (
                {'kind': 'burn'}, {'kind': []}, {'x': 1},
                {'image_id': '../stores'}, {'image_id': 5},
                {'image_id': IMAGE + '\n'}, {'image_name': None},
                {'size': '5'}, {'unused': 'no'}, {'arguments': []},
                {'arguments': {'stores': 5}},
                {'arguments': {'stores': [5]}}, {'arguments': {'x': []}},
                {'arguments': {'set_properties': {'a': 1}}},
                {'reasons': None}, {'reasons': [{}]},
                {'reasons': [{**good['reasons'][0], 'x': ''}]}):
            bad = good | changes
            with self.assertRaisesRegex(exceptions.ConfigurationError,
                                        'no action of a plan'):
                actions.Action.from_dict(bad)
