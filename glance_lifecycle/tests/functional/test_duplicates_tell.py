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

"""Owners are told of an image that every project can use."""

import json
import os

from glance_lifecycle.tests.functional import duplicates_case


class TellTest(duplicates_case.DuplicatesPlanCase):

    def setUp(self) -> None:
        super().setUp()
        self.projects = self.identity.projects
        self.notices = self.work / 'notices'
        demo, demo2 = map(self.api.keystone_user, ('demo', 'demo2'))
        self.theirs = [self.image(user=demo, name='\x1b[31mred')
                       for _ in range(2)]
        self.one = self.image(name='Ubuntu')
        self.admin.update(self.one, visibility='public')
        self.other = self.image(user=demo2, hw_disk_bus='scsi')
        self.cloud.boot(self.theirs[0])

    def write(self, code: int = 0) -> dict[str, str]:
        return self.results('--notices', str(self.notices), code=code)

    def told(self, project: str) -> list[tuple[str, str]]:
        """Image and the one to use instead."""
        found = json.loads((
            self.notices / f'{self.projects[project]}.json').read_text())
        self.assertEqual(self.projects[project], found['project'])
        return [(one['image']['id'], one['use_instead']['id'])
                for one in found['images']]

    def test_told(self) -> None:
        everybody = [*self.theirs, self.other]
        rows = self.plan('tell')
        self.assertEqual({(image_id, self.one, 'hash')
                          for image_id in everybody},
                         {(row['Image'], row['Instead'], row['Same By'])
                          for row in rows})
        self.assertNotIn('\x1b', self.file.read_text())
        answer = self.duplicates('apply', str(self.file), code=1)
        self.assertIn('say where, with --notices', answer.stderr)
        self.assertEqual(dict.fromkeys(everybody, 'written'),
                         self.results('--dry-run'))
        self.assertFalse(self.notices.exists())
        before = [*map(self.admin.get, everybody)]
        self.assertEqual(dict.fromkeys(everybody, 'written'), self.write())
        self.assertEqual([(image_id, self.one) for image_id in self.theirs],
                         self.told('demo'))
        self.assertEqual([(self.other, self.one)], self.told('demo2'))
        text = (self.notices / f'{self.projects["demo"]}.txt').read_text()
        self.assertIn(f'use instead: image {self.one} (Ubuntu), public', text)
        self.assertIn('servers that need yours: 1, volumes: 0', text)
        self.assertNotIn(self.other, text)
        self.assertNotIn('\x1b', text)
        text = (self.notices / f'{self.projects["demo2"]}.txt').read_text()
        self.assertIn('not the same in: hw_disk_bus', text)
        # Nothing was changed, and nothing is written twice.
        self.assertEqual(before, [*map(self.admin.get, everybody)])
        self.assertEqual(dict.fromkeys(everybody, 'done before'),
                         self.write())

    def test_changed(self) -> None:
        """Nobody is told of what is not so any more."""
        self.plan('tell')
        self.admin.delete(self.theirs[1])
        self.assertEqual(
            {self.theirs[0]: 'written', self.theirs[1]: 'gone',
             self.other: 'written'}, self.write())
        self.assertEqual([(self.theirs[0], self.one)], self.told('demo'))
        # Nor of an image that is not everybody's.
        self.admin.update(self.one, visibility='private')
        self.assertEqual({'left', 'gone'}, set(self.write(code=3).values()))
        rows = self.plan('tell', code=3)
        self.assertEqual({'left'}, {row['Step'] for row in rows})
        self.assertIn('no owner could use it instead', rows[0]['Why'])

    def test_killed(self) -> None:
        """Whatever file is there is whole."""
        self.plan('tell')
        self.assertLess(4, self.killed(
            ('_write', '_put'), duplicates_case.RUN, 'apply', str(self.file),
            '--notices', str(self.notices)))
        names = [self.projects[one] + suffix for one in ('demo', 'demo2')
                 for suffix in ('.json', '.txt')]
        self.assertEqual(sorted(names), sorted(os.listdir(self.notices)))
        self.assertEqual(2, len(self.told('demo')))

    def check_killed(self) -> None:
        for path in self.notices.glob('[!.]*.json'):
            json.loads(path.read_text())
