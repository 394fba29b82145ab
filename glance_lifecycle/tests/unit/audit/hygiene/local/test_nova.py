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

import hashlib
import os
import pathlib
import subprocess

from glance_lifecycle.audit.caches import nova_conf
from glance_lifecycle.audit.hygiene.local import found
from glance_lifecycle.audit.hygiene.local import nova
from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.audit.hygiene.local import case

LONG_AGO = 1_000_000_000


def digest(image_id: str) -> str:
    return hashlib.sha1(image_id.encode()).hexdigest()


class NovaTest(case.LocalCase):

    def setUp(self) -> None:
        super().setUp()
        self.conf = self.put('nova.conf', b'')
        self.base = self.base / 'instances'
        self.root = self.base
        self.host = case.Host(case.image(case.A), case.gone(case.B))

    def cached(self, name: str) -> pathlib.Path:
        path = self.put('_base/' + name)
        os.utime(path, (LONG_AGO, LONG_AGO))
        return path

    def disk(self, instance: str, backing: pathlib.Path) -> None:
        (self.root / instance).mkdir()
        subprocess.run(
            ['qemu-img', 'create', '-q', '-f', 'qcow2', '-u', '-F', 'raw',
             '-b', str(backing), str(self.root / instance / 'disk'), '1M'],
            check=True)

    def place(self) -> nova.Nova:
        return nova.Nova(str(self.root / '_base'),
                         nova_conf.NovaConf([self.conf]))

    def test_all(self) -> None:
        names = [digest(case.A), digest(case.B), digest(case.C),
                 digest(case.B) + '_20', digest(case.B) + '.part',
                 'swap_512', 'ephemeral_1_0706d66', 'x' * 40, 'README']
        for name in names:
            self.cached(name)
        self.disk('i1', self.cached(digest(case.D)))
        found_ = self.items(self.place(), self.host)
        self.assertEqual(
            {'_base/' + name for name in (
                digest(case.B), digest(case.C), digest(case.B) + '_20',
                digest(case.B) + '.part')}, {*found_})
        self.assertEqual({found.BASE}, {
            one.slug for one in found_.values()})
        one = found_['_base/' + digest(case.B)].finding
        self.assertEqual(case.B, one.subject)
        self.assertIn('Nova itself removes it after 2001-09-10', one.remedy)
        self.assertIn('last changed 2001-09-09', one.evidence)
        self.assertIn('never', found_[
            '_base/%s.part' % digest(case.B)].finding.remedy)
        self.assertEqual(10, self.totals.objects)
        self.conf.write_text('[image_cache]\nmanager_interval = -1\n')
        self.assertIn('[image_cache] manager_interval', self.items(
            self.place(), self.host)['_base/' + digest(case.B)
                                     ].finding.remedy)

    def test_unread_disk(self) -> None:
        """It may need any of them."""
        self.cached(digest(case.B))
        (self.root / 'i1').symlink_to('/')
        item, = self.items(self.place(), self.host).values()
        self.assertEqual(found.UNCLEAR, item.slug)
        self.assertIn('1 disks of servers could not be read',
                      item.finding.evidence)

    def test_another_cloud(self) -> None:
        self.cached(digest(case.C))
        self.assertEqual({'_base/' + digest(case.C): found.UNCLEAR},
                         self.said(self.place(), self.host))

    def test_young(self) -> None:
        self.put('_base/' + digest(case.B))
        self.cached(digest(case.C))
        self.times = type(self.times)(
            os.stat(self.root / '_base' / digest(case.B)).st_mtime, case.DAY)
        self.assertEqual({}, self.said(self.place(), case.Host(
            case.gone(case.B), case.gone(case.C, changed=self.times.now))))

    def test_of(self) -> None:
        self.conf.write_text(
            '[DEFAULT]\ninstances_path = /srv/nova\n[image_cache]\n'
            'subdirectory_name = base\n')
        self.assertEqual(['/srv/nova/base'], [
            one.path for one in nova.of([], [str(self.conf)])])
        self.assertEqual(['/a/_base', '/b'], [
            one.path for one in nova.of(['/a/_base/', '/b', '/b'],
                                        [str(self.conf)])])
        self.assertEqual([], nova.of([], []))
        with self.assertRaises(exceptions.ConfigurationError):
            nova.of([], ['/none/nova.conf'])

    def test_no_directory(self) -> None:
        with self.assertRaises(exceptions.ConfigurationError) as caught:
            self.items(nova.Nova('/none/_base', nova_conf.NovaConf()),
                       self.host)
        self.assertIn('--nova-base', str(caught.exception))
