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

"""One meaning of an image's facts, whoever asks."""

import datetime
from typing import Any
import unittest

from glance_lifecycle.policy import facts
from glance_lifecycle.signing import properties

NOW = datetime.datetime(2026, 11, 26, tzinfo=datetime.UTC)
WHOLE = dict.fromkeys(facts.SIGNATURE, 'x')


def of_image(**changes: Any) -> facts.Facts:
    values: dict[str, Any] = {
        'disk_format': 'raw', 'container_format': 'bare', 'size': 1,
        'virtual_size': None, 'name': None, 'owner': None,
        'visibility': 'private', 'tags': None, 'properties': {},
        'created': None, 'now': NOW, 'stores': (), 'store_kinds': None,
        'protected': None, 'hidden': None}
    return facts.of_image(**values | changes)


class FactsTest(unittest.TestCase):

    def test_signed(self) -> None:
        self.assertEqual(properties.NAMES, facts.SIGNATURE)
        self.assertTrue(facts.signed(WHOLE))
        self.assertFalse(facts.signed({}))
        for name in facts.SIGNATURE:
            for part in ({k: v for k, v in WHOLE.items() if k != name},
                         WHOLE | {name: ''}, WHOLE | {name: ' '},
                         {name: 'x'}):
                self.assertFalse(facts.signed(part))

    def test_what_is_not_there(self) -> None:
        found = of_image(properties={'a': None, 'b': 1}, stores=['s', ''])
        self.assertEqual(('', '', frozenset(), {'b': '1'}, None, ('s',)), (
            found.name, found.project, found.tags, found.properties,
            found.age, found.stores))

    def test_age(self) -> None:
        for created, age in (
                (datetime.datetime(2026, 11, 25), 86400),
                (datetime.datetime(2026, 11, 25, tzinfo=datetime.UTC), 86400),
                (datetime.datetime(2026, 11, 27), 0)):
            self.assertEqual(age, of_image(created=created).age)

    def test_plain_data(self) -> None:
        for found in (of_image(), of_image(tags=['b', 'a'], stores=['s'])):
            self.assertEqual(found, facts.Facts.from_dict(found.to_dict()))
