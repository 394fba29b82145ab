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

"""What every plan in a file is."""

import json
from typing import Any

import testtools

from glance_lifecycle import exceptions
from glance_lifecycle.planning import document

KIND = document.Kind('a plan', 1, 'some plan', 1000)
CHECKS: dict[str, document.Check] = {'name': document.text}


class DocumentTest(testtools.TestCase):

    def test_there_and_back(self) -> None:
        text = KIND.text({'name': '\udcff\n"'})
        self.assertEqual({'name': '\udcff\n"'},
                         KIND.load(text.encode(), CHECKS))
        self.assertEqual(KIND.digest({'name': '\udcff\n"'}),
                         json.loads(text)['digest'])

    def test_refused(self) -> None:
        text = KIND.text({'name': 'a'})
        other = document.Kind('another', 1, 'some plan', 1000)
        later = document.Kind('a plan', 2, 'some plan', 1000)
        for data, why in (
                (text.replace('"a"', '"b"'), 'its digest is another'),
                (other.text({'name': 'a'}), 'does not say'),
                (later.text({'name': 'a'}), 'not of version 1'),
                (KIND.text({}), 'not the fields'),
                (KIND.text({'name': 'a', 'more': 1}), 'not the fields'),
                (KIND.text({'name': 1}), '"name" is no text'),
                (text + ' ' * 1000, 'larger than'), ('[]', 'does not say'),
                ('', 'not JSON')):
            error = self.assertRaises(exceptions.ConfigurationError,
                                      KIND.load, data.encode(), CHECKS)
            self.assertIn(why, str(error))
            self.assertIn('it is no plan of "some plan": ', str(error))

    def test_checks(self) -> None:
        good: tuple[tuple[document.Check, Any, Any], ...] = (
            (document.text, 'x' * 8192, 'x' * 8192),
            (document.number, 0.5, 0.5), (document.count, 3, 3),
            (document.percent, 100, 100), (document.truth, False, False),
            (document.perhaps(document.count), None, None),
            (document.perhaps(document.count), 0, 0),
            (document.every(document.text), ['a'], ('a',)))
        for check, value, made in good:
            self.assertEqual(made, check(value, 'name'))
        bad: tuple[tuple[document.Check, Any], ...] = (
            (document.text, 'x' * 8193), (document.text, None),
            (document.number, -1), (document.number, True),
            (document.number, float('inf')), (document.number, 2 ** 63),
            (document.count, 1.0), (document.count, '1'),
            (document.percent, 101), (document.truth, 0),
            (document.perhaps(document.count), -1),
            (document.every(document.text), 'a'),
            (document.every(document.text), ['a'] * (document.MOST + 1)))
        for check, value in bad:
            self.assertRaises(document.Malformed, check, value, 'name')
