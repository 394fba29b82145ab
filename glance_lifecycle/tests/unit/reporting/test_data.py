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

"""The same facts, as plain data."""

import json
import unittest

from glance_lifecycle.reporting import data
from glance_lifecycle.reporting import model
from glance_lifecycle.reporting import page
from glance_lifecycle.tests.unit.reporting import samples


class DataTest(unittest.TestCase):

    def test_all(self) -> None:
        report = page.report(samples.facts(100))
        found = json.loads(json.dumps(data.data(report), allow_nan=False))
        self.assertEqual(1, found['version'])
        self.assertEqual('EUR', found['currency'])
        self.assertEqual([one.name for one in report.sections],
                         [one['name'] for one in found['sections']])
        for section in found['sections']:
            self.assertIsNone(section['not_asked'])
            for one in (*section['figures'], *section['tables']):
                self.assertIn(one['from'], list(model.Source))
                self.assertTrue(one['command'].startswith(
                    'openstack image lifecycle '))
        stores = found['sections'][1]['tables'][0]
        self.assertEqual({one['name'] for one in stores['columns']},
                         set(stores['rows'][0]))
        self.assertIsInstance(stores['rows'][0]['bytes'], int)

    def test_bounded(self) -> None:
        found = data.data(page.report(samples.facts(5000)))
        for section in found['sections']:
            for table in section['tables']:
                self.assertLessEqual(len(table['rows']), model.MOST_ROWS)
        self.assertLess(len(json.dumps(found)), 100_000)

    def test_absent(self) -> None:
        found = data.data(page.report(samples.nothing('\u202eNo.')))
        self.assertEqual({'\\u202eNo.'}, {
            one['not_asked'] for one in found['sections']})
