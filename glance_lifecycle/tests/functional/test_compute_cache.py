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

"""``glance-lifecycle-compute-cache`` on files that qemu-img made."""

import hashlib
import json
import os
import pathlib
import subprocess
import sys
from typing import Any
import uuid

from glance_lifecycle.tests.functional import base
from glance_lifecycle.tests.functional.fixtures import images

LONG_AGO = 1_000_000_000


class ComputeCacheTest(base.FunctionalTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.root = self.work / 'instances'
        self.base = self.root / '_base'
        self.base.mkdir(parents=True)

    def qemu_img(self, *argv: object) -> str:
        return subprocess.run(
            ['qemu-img', *map(str, argv)], check=True, text=True,
            stdout=subprocess.PIPE).stdout

    def fetched(self, image_id: str) -> pathlib.Path:
        """As nova-compute has it: raw."""
        source = images.raw(self.work / 'source', 16 * images.MIB)
        path = self.base / hashlib.sha1(image_id.encode()).hexdigest()
        self.qemu_img('convert', '-f', 'raw', '-O', 'raw', source, path)
        os.utime(path, (LONG_AGO, LONG_AGO))
        return path

    def server(self, backing: pathlib.Path) -> str:
        name = str(uuid.uuid4())
        (self.root / name).mkdir()
        self.qemu_img('create', '-q', '-f', 'qcow2', '-F', 'raw', '-b',
                      backing, self.root / name / 'disk', '32M')
        return name

    def run_it(self, *argv: object) -> Any:
        done = subprocess.run(
            [sys.executable,
             f'{sys.prefix}/bin/glance-lifecycle-compute-cache',
             '--instances-path', str(self.root), '-f', 'json',
             *map(str, argv)], check=False, text=True, capture_output=True)
        self.assertEqual((0, ''), (done.returncode, done.stderr))
        return json.loads(done.stdout)

    def test_tree(self) -> None:
        used, unused = (str(uuid.uuid4()) for _ in range(2))
        path = self.fetched(used)
        self.fetched(unused)
        servers = sorted(self.server(path) for _ in range(3))
        # One with a snapshot that was made outside of Nova.
        disk = self.root / servers[0] / 'disk'
        disk.rename(disk.with_name('disk.before'))
        self.qemu_img('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b',
                      'disk.before', disk)
        listed = self.work / 'images.json'
        listed.write_text(json.dumps([{'ID': used}, {'ID': unused}]))
        found = {one['image']: one for one in self.run_it(
            '--images', listed)['files']}
        self.assertEqual(servers, found[used]['used_by'])
        self.assertEqual([False, True], [
            found[one]['prunable'] for one in (used, unused)])
        chain = json.loads(self.qemu_img(
            'info', '--backing-chain', '--output', 'json', disk))
        self.assertEqual(str(path), chain[-1]['filename'])
        self.assertEqual(chain[-1]['virtual-size'],
                         found[used]['virtual_size'])
        # It changed nothing.
        self.assertEqual(LONG_AGO, path.stat().st_mtime)
        self.assertTrue(path.exists())
