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

"""What the worker may do with what no image needs, as a document says it."""

import unittest

from glance_lifecycle.policy import document
from glance_lifecycle.policy import hygiene
from glance_lifecycle.policy import shadow

DAY = 86400


def load(said: str) -> document.Document:
    return document.load(
        f'version: 1\nhygiene: {{stores: {said}}}\n'.encode())


class HygieneTest(unittest.TestCase):

    def problem(self, said: str) -> str:
        with self.assertRaises(document.DocumentError) as caught:
            load(said)
        found, = caught.exception.problems
        return str(found)

    def warnings(self, said: str) -> list[str]:
        return [str(one) for one in shadow.warnings(load(said))]

    def test_said(self) -> None:
        for said, expected in (
                ('{apply: never}', hygiene.SILENT),
                ('{alone: false}', hygiene.SILENT),
                ('{apply: quarantine}', hygiene.Store('quarantine')),
                ('{apply: quarantine, purge: never}',
                 hygiene.Store('quarantine')),
                ('{apply: quarantine, after: 14 days, at_most: {objects: 3, '
                 'percent: 50}, purge: {after: 30 days}, alone: true}',
                 hygiene.Store('quarantine', 14 * DAY, 3, 50, 30 * DAY,
                               True)),
                ('{apply: quarantine, at_most: {objects: 3}}',
                 hygiene.Store('quarantine', objects=3))):
            self.assertEqual({'fast': expected},
                             load(f'{{fast: {said}}}').hygiene, said)

    def test_silent(self) -> None:
        self.assertEqual({}, document.load(b'version: 1').hygiene)
        self.assertFalse(hygiene.SILENT.takes)
        self.assertIsNone(hygiene.SILENT.purge)

    def test_wrong(self) -> None:
        for said, message in (
                ('{fast: {apply: purge}}',
                 'purge is not one of never, quarantine'),
                ('{fast: {apply: quarantin}}', 'did you mean quarantine?'),
                ('{fast: {apply: quarantine, after: 14}}',
                 '14 is not a time such as 30 days'),
                ('{fast: {apply: quarantine, after: 14 d}}',
                 'd is not a unit of time'),
                ('{fast: {at_most: {objects: 0}}}',
                 '0 is not a number of objects'),
                ('{fast: {at_most: {percent: 101}}}',
                 '101 is not a whole number of percent'),
                ('{fast: {at_most: {}}}', 'it is empty'),
                ('{fast: {purge: always}}',
                 'always is not never, or {after: 30 days}'),
                ('{fast: {purge: {}}}', 'there must be after here'),
                ('{fast: {aply: never}}', 'did you mean apply?'),
                ('{fast: {}}', 'it is empty'),
                ('{}', 'it is empty'),
                ('[fast]', 'a list is not a mapping of store names')):
            self.assertIn(message, self.problem(said), said)

    def test_contradiction(self) -> None:
        self.assertRegex(
            self.problem('{fast: {purge: {after: 30 days}}}'),
            'line 2, .*: it is to be purged, and nothing is taken')

    def test_warnings(self) -> None:
        for said, message in (
                ('after: 23 hours', 'less than a day ago'),
                ('purge: {after: 23 hours}', 'within a day')):
            found, = self.warnings(f'{{fast: {{apply: quarantine, {said}}}}}')
            self.assertIn(message, found)
        for said in ('{fast: {apply: never, after: 1 hours}}',
                     '{fast: {apply: quarantine, after: 1 day, purge: '
                     '{after: 1 day}}}'):
            self.assertEqual([], self.warnings(said))

    def test_text(self) -> None:
        self.assertEqual('apply: never', hygiene.text(hygiene.SILENT))
        self.assertEqual(
            'apply: quarantine; after: 1 week; at_most: 100 objects, 5 '
            'percent; purge: never', hygiene.text(
                hygiene.Store('quarantine')))
        self.assertEqual(
            'apply: quarantine; after: 2 days; at_most: 1 objects, 2 '
            'percent; purge: after 3 days; alone: true', hygiene.text(
                hygiene.Store('quarantine', 2 * DAY, 1, 2, 3 * DAY, True)))
