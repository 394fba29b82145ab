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

"""The command, from a command line to what it prints."""

import contextlib
import io
import json
import os
import subprocess
import sys
from typing import Any
from unittest import mock

from glance_lifecycle.cmd import compute_cache
from glance_lifecycle.tests.unit.audit.caches import test_base_images as cases
from glance_lifecycle.tests.unit.transfer.formats.qcow2 import test_backing

_LOADED = """\
import sys
from glance_lifecycle.cmd import compute_cache
print(*sorted({name.partition('.')[0] for name in sys.modules}))
"""


class ComputeCacheTest(cases.CacheCase):

    def run_it(self, *argv: str) -> tuple[int, str]:
        out = io.StringIO()
        with contextlib.redirect_stdout(out), (
                contextlib.redirect_stderr(out)):
            code = compute_cache.main(
                ['--instances-path', str(self.root), *argv])
        return code, out.getvalue()

    def report(self, *argv: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run_it(*argv, '-f', 'json')[1])
        return found

    def codes(self, *argv: str) -> list[tuple[str, str]]:
        return [(one['severity'], one['code'])
                for one in self.report(*argv)['findings']]

    def conf(self, text: str) -> str:
        path = self.root.parent / 'given.conf'
        path.write_text(text)
        return '--nova-conf=%s' % path

    def images(self, found: object) -> str:
        path = self.root.parent / 'images.json'
        path.write_text(json.dumps(found))
        return '--images=%s' % path

    def test_all_well(self) -> None:
        self.overlay('a', self.cached())
        self.cached('swap_1')
        code, said = self.run_it(cases.ID)
        self.assertEqual(0, code)
        for words in (cases.ID, 'in use', 'now', 'In use: 1, by 1',
                      'at 0 all would be'):
            self.assertIn(words, said)
        found = self.report(cases.ID)
        self.assertEqual([cases.ID, None],
                         [one['image'] for one in found['files']])
        self.assertEqual([False, True],
                         [one['prunable'] for one in found['files']])
        self.assertEqual('2001-09-10T01:46:40Z',
                         found['files'][1]['prunable_at'])
        self.assertIsNone(self.report()['files'][0]['image'])

    def test_images(self) -> None:
        self.cached()
        rows = [{'ID': cases.ID, 'Name': 'x', 'Disk Format': 'raw'}]
        found = self.report(self.images(rows))['files'][0]['image']
        self.assertEqual(cases.ID, found)
        text = json.dumps(rows).encode()
        with mock.patch.object(sys, 'stdin', mock.Mock(
                buffer=io.BytesIO(text))):
            self.assertEqual(
                cases.ID, self.report('--images=-')['files'][0]['image'])
        wrong: object
        for wrong in ({'x': 1}, [1], [{'name': 'x'}], 'x', [[]], 1):
            code, said = self.run_it(self.images(wrong))
            self.assertEqual(1, code, wrong)
            self.assertIn('image list', said)

    def test_useless(self) -> None:
        self.cached()
        conf = self.conf('[libvirt]\nimages_type = rbd\n')
        for kind, code in (('raw', 'cloned-not-read'),
                           ('iso', 'downloaded-for-ceph'),
                           ('qcow2', 'downloaded-for-ceph')):
            images = self.images([{'id': cases.ID, 'disk_format': kind}])
            self.assertEqual([('warning', code)], self.codes(conf, images))
            self.assertEqual(4, self.run_it(conf, images)[0])
            self.assertEqual([], self.codes(images))
        self.assertEqual([], self.codes(conf, cases.ID))

    def test_never(self) -> None:
        self.cached()
        self.cached(cases.DIGEST + '.part')
        conf = self.conf('[image_cache]\nmanager_interval = -1\n')
        self.assertEqual([('warning', 'never-removed'),
                          ('info', 'unfinished-fetch')], self.codes(conf))

    def test_hostile(self) -> None:
        """The worst comes first, and no name reaches the terminal raw."""
        self.cached(data=test_backing.header(b'\x1b[2J/etc/shadow'))
        self.by_hand('a\x1b[2J', b'/\x1b[2J')
        self.by_hand('b', b'n' * 1024)
        self.assertEqual([
            ('error', 'base-is-overlay'), ('unknown', 'disk-unread'),
            ('warning', 'backing-elsewhere')], self.codes())
        code, said = self.run_it()
        self.assertEqual(1, code)
        self.assertNotIn('\x1b', said)
        self.assertIn('\\x1b', said)

    def test_full(self) -> None:
        self.cached()
        with mock.patch.object(os, 'fstatvfs', return_value=mock.Mock(
                f_frsize=4096, f_blocks=1000, f_bavail=10)):
            self.assertEqual([('warning', 'disk-full')], self.codes())

    def test_nothing_there(self) -> None:
        self.base.rmdir()
        code, said = self.run_it()
        self.assertEqual(1, code)
        self.assertIn('--base', said)
        self.assertRegex(said, r'\.\n$')

    def test_light(self) -> None:
        """A compute host has neither Glance nor our services."""
        loaded = subprocess.run(
            [sys.executable, '-c', _LOADED], check=True,
            capture_output=True, text=True).stdout.split()
        self.assertEqual([], sorted(set(loaded) & {
            'glance', 'glance_store', 'keystoneauth1', 'openstack',
            'oslo_db', 'oslo_log', 'oslo_messaging', 'requests',
            'sqlalchemy', 'stevedore', 'taskflow', 'yaml'}))

    def test_nobody_reads(self) -> None:
        """Such as head, which has enough."""
        self.cached()
        read, write = os.pipe()
        os.close(read)
        try:
            done = subprocess.run(
                [sys.executable, '-m', 'glance_lifecycle.cmd.compute_cache',
                 '--instances-path', str(self.root), cases.ID], check=False,
                stdout=write, stderr=subprocess.PIPE, text=True)
        finally:
            os.close(write)
        self.assertEqual((self.run_it(cases.ID)[0], ''),
                         (done.returncode, done.stderr))
