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

"""Facts out of what the Image API says, whatever that is."""

import datetime

import testtools

from glance_lifecycle.audit.diagnosis import facts
from glance_lifecycle.tests.unit.audit.diagnosis import cases


class FactsTest(testtools.TestCase):

    def test_image(self) -> None:
        found = facts.image({
            'id': 'i', 'name': None, 'status': 'importing', 'size': 7,
            'updated_at': '2026-11-27T12:00:00Z', 'stores': 's1, s2',
            'os_glance_import_task': 't1', 'locations': [{}],
            'os_glance_failed_import': 's3',
            'os_glance_importing_to_stores': ''})
        self.assertEqual(
            facts.Image('i', '', 'importing', 7, updated=cases.NOW,
                        lock='t1', failed=('s3',), stores=('s1', 's2'),
                        locations=1), found)
        self.assertIsNone(facts.image({'id': 'i'}).locations)

    def test_tasks(self) -> None:
        found = facts.tasks([
            {'id': 'a', 'status': 'failure', 'message': None,
             'created_at': '2026-11-27T11:00:00Z'},
            {'id': 'b', 'status': 'processing', 'request_id': 'req-1',
             'created_at': '2026-11-27T12:00:00.5Z', 'input': {
                 'import_req': {'method': {'name': 'web-download'}}}},
            {'input': 'x'}])
        self.assertEqual(['b', 'a', ''], [one.id for one in found])
        self.assertEqual(('web-download', True), (
            found[0].method, found[0].open))
        self.assertEqual(('', False), (found[1].message, found[1].open))

    def test_moment(self) -> None:
        for text in (None, '', 'x', 7, '2026-99-01'):
            self.assertIsNone(facts.moment(text))
        self.assertEqual(cases.NOW, facts.moment('2026-11-27T12:00:00'))
        self.assertEqual(cases.NOW, facts.moment('2026-11-27T14:00:00+02:00'))

    def test_age(self) -> None:
        found = cases.known('active')
        self.assertEqual(60, found.age(cases.ago(60)))
        self.assertEqual(0, found.age(cases.NOW + datetime.timedelta(1)))
        self.assertIsNone(found.age(None))
