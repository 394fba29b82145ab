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

import os
import pathlib

from glance_lifecycle.audit.doctor import files
from glance_lifecycle.tests.unit.audit.doctor import cases


class FilesTest(cases.DoctorTestCase):

    def write(self, *names: str) -> None:
        for name in names:
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text('[DEFAULT]\n')

    def found(self, local: bool = False) -> files.Directory:
        found = files.found(self.work, local=local)
        assert found is not None
        return found

    def test_order(self) -> None:
        self.write('glance-api.conf', 'glance-image-import.conf',
                   'glance-api.conf.d/b.conf', 'glance-api.conf.d/a.conf',
                   'glance.conf.d/z.conf', 'glance.conf.d/.hidden.conf',
                   'glance-registry.conf', 'glance-api.conf.d/a.conf.bak')
        self.assertEqual(
            ['glance-image-import.conf', 'glance-api.conf', 'z.conf',
             'a.conf', 'b.conf'],
            [pathlib.Path(one.shown).name for one in self.found().files()])

    def test_places(self) -> None:
        for place in ('etc/glance', 'etc/kolla/glance-api'):
            self.write(place + '/glance-api.conf')
            self.assertEqual(self.work / place, self.found().path)
            (self.work / place / 'glance-api.conf').unlink()
        self.assertIsNone(files.found(self.work, local=True))

    def test_named(self) -> None:
        self.write('etc/glance/glance-api.conf', 'etc/glance/p.yaml',
                   'srv/q.yaml')
        directory = self.found()
        for name in ('/etc/glance/p.yaml', 'p.yaml', '/srv/q.yaml',
                     str(self.work / 'etc/glance/p.yaml')):
            self.assertEqual(b'[DEFAULT]\n', directory.data(name), name)
        for name in ('/etc/passwd', '/etc/hostname', '/etc/glance/../../x',
                     '../../../etc/passwd', 'a\0b', '/' * 5000):
            self.assertIsNone(directory.data(name), name)
        self.assertTrue(directory.lacks('/etc/glance/r.yaml'))

    def test_own(self) -> None:
        """Of this host, what is elsewhere is not read either."""
        self.write('glance-api.conf')
        directory = self.found(local=True)
        self.assertIsNone(directory.data('/etc/hostname'))
        self.assertFalse(directory.lacks('/etc/nothing'))

    def test_hostile(self) -> None:
        self.write('glance-api.conf', *(
            'glance-api.conf.d/%03d.conf' % number for number in range(150)))
        os.mkfifo(self.work / 'glance-image-import.conf')
        found = list(self.found().files())
        self.assertIn('not a file', found[0].broken)
        self.assertIn('150 files', found[-1].broken)
        self.assertLess(len(found), 110)
        (self.work / 'glance.conf.d').symlink_to('glance.conf.d')
        self.assertEqual(len(found), len(list(self.found().files())))
