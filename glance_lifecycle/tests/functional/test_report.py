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

"""``openstack image lifecycle report`` on a host of a real Glance."""

import json
import pathlib
from typing import Any

from glance_lifecycle.tests.functional.fixtures import glance_conf
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional import store_case
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import migration

CLOUD = pathlib.Path(__file__).parents[3] / 'etc/planning/cloud.yaml'

POLICY = """\
version: 1
rules:
  - name: golden
    match: {tags: [golden]}
    protect: {protected: true}
  - name: tenant
    place: {stores: [s1]}
"""


class ReportTest(store_case.StoreCase):

    def setUp(self) -> None:
        self.api = self.new_api()
        super().setUp()
        self.page = self.work / 'report.html'

    def report(self, *argv: object, user: openstack.OpenStack | None = None
               ) -> tuple[dict[str, Any], openstack.Answer]:
        """Name of each section -> what it says."""
        answer = (user or self.operator()).spawn(
            'image', 'lifecycle', 'report', '--json', '-',
            *map(str, argv))
        self.assertEqual(0, answer.code, str(answer))
        self.assertNotIn('Traceback', answer.stderr)
        return {one['name']: one for one in answer.json['sections']}, answer

    def figures(self, section: dict[str, Any]) -> dict[str, Any]:
        self.assertIsNone(section['not_asked'])
        return {one['name']: one['value'] for one in section['figures']}

    def test_everything(self) -> None:
        images = [self.new_image(b'x' * 5000) for _ in range(2)]
        self.new_image(b'y' * 3000)
        golden = self.admin.create_image(
            name='<script>alert(1)</script>\u202e', disk_format='raw',
            tags=['golden'])['id']
        self.admin.upload(golden, b'z' * 1000)
        self.rows('copy', images[0], '--to', 's2')
        # What an upload left that died long ago.
        self.api.sql("update images set deleted = 1, status = 'deleted' "
                     f"where id = '{images[1]}'")
        policy = self.work / 'policy.yaml'
        policy.write_text(POLICY)
        database = engine.Database(f'sqlite:///{self.work}/worker.db')
        self.addCleanup(database.close)
        migration.sync(database)
        worker = self.work / 'worker.conf'
        glance_conf.write(worker, {'lifecycle_worker': {
            'connection': f'sqlite:///{self.work}/worker.db'}})
        found, answer = self.report(
            '--html', self.page, '--cloud', CLOUD, '--policy', policy,
            '--config-file', self.api.etc / 'glance-api.conf',
            '--config-file', worker, '--title', 'Test <cloud>')
        self.assertEqual([], [one['title'] for one in found.values()
                              if one['not_asked']], str(answer))
        self.assertEqual('', answer.stderr)
        figures = self.figures(found['catalogue'])
        self.assertEqual((3, 4, 2 * 5000 + 3000 + 1000), (
            figures['images'], figures['copies'], figures['bytes']))
        tables = {one['name']: one for one in found['catalogue']['tables']}
        self.assertEqual(
            {'s1': 3, 's2': 1, 's3': 0},
            {row['store']: row['copies'] for row in tables['stores']['rows']})
        self.assertEqual(
            {'golden': 1, 'tenant': 2},
            {row['classes']: row['images']
             for row in tables['classes']['rows']})
        # The golden one is not protected, and a copy too many lies in s2.
        drifted = self.operator().spawn(
            'image', 'lifecycle', 'drift', 'list', '--policy', str(policy),
            '-f', 'json').json
        self.assertEqual(len({row['Image'] for row in drifted}),
                         self.figures(found['drift'])['drifted'])
        self.assertEqual({'duplicates': 0},
                         self.figures(found['duplicates']))
        self.assertEqual(0, self.figures(found['signatures'])['signed'])
        self.assertAlmostEqual(100 * 60 / 510,
                               self.figures(found['clones'])['cloned'])
        advised = self.operator().spawn(
            'image', 'lifecycle', 'advise', '--cloud', str(CLOUD),
            '-f', 'json').json
        rooms, = (one for one in found['room']['tables']
                  if one['name'] == 'rooms')
        self.assertEqual(
            {one['name']: (one['placed']['stored'], one['placed']['cost'])
             for one in advised['stores']},
            {one['store']: (one['stored_after'], one['cost_after'])
             for one in rooms['rows']})
        self.assertEqual(0, self.figures(found['worker'])['workers'])
        doctor = json.loads(self.operator().spawn(
            'image', 'lifecycle', 'doctor', '--live', '--config-dir',
            str(self.api.etc), '-f', 'json').stdout)
        self.assertEqual(
            doctor['summary']['error'] + doctor['summary']['warning'],
            self.figures(found['health'])['findings'])
        text = self.page.read_text()
        self.assertIn('Images of Test &lt;cloud&gt;', text)
        self.assertNotIn('<script', text)
        self.assertNotIn('\u202e', text)

    def test_nothing_can_be_asked(self) -> None:
        """Neither a session, nor a host of Glance, nor of the worker."""
        nobody = self.operator()
        nobody._options = []
        found, answer = self.report('--html', self.page, user=nobody)
        for one in found.values():
            self.assertRegex(one['not_asked'], r'\.$')
        self.assertIn('no session with the cloud',
                      found['catalogue']['not_asked'])
        self.assertIn('--cloud', found['room']['not_asked'])
        self.assertIn('no configuration of glance-api',
                      found['hygiene']['not_asked'])
        self.assertIn('Not told, and the report says why: Health, Catalogue',
                      answer.stderr)
        self.assertEqual(9, self.page.read_text().count('not asked</p>'))

    def test_of_no_use(self) -> None:
        """A file that is named is needed."""
        for argv, said in (
                ((), 'Say where to write'),
                (('--html', '-', '--json', '-'), 'two different ones'),
                (('--json', '-', '--cloud', 'no'), 'cannot be read'),
                (('--json', '-', '--policy', 'no'), 'cannot be read'),
                (('--json', '/no/such', '--skip', 'hygiene'),
                 'cannot be written')):
            answer = self.operator().spawn(
                'image', 'lifecycle', 'report', *argv)
            self.assertEqual(1, answer.code, str(answer))
            self.assertIn(said, answer.stderr)
