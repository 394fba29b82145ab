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

"""A directory of instances, made by qemu-img and by hostile hands."""

import hashlib
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from glance_lifecycle.audit.caches import base_images
from glance_lifecycle.audit.caches import names
from glance_lifecycle.audit.caches import nova_conf
from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer.formats.qcow2 import test_backing

ID = '11111111-2222-3333-4444-555555555555'
DIGEST = hashlib.sha1(ID.encode()).hexdigest()
LONG_AGO = 1_000_000_000


class CacheCase(unittest.TestCase):
    """A directory of instances, and what may be in it."""

    def setUp(self) -> None:
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name, 'instances')
        self.base = self.root / '_base'
        self.base.mkdir(parents=True)

    def cached(self, name: str = DIGEST, data: bytes = b'x' * 4096) -> str:
        path = self.base / name
        path.write_bytes(data)
        os.utime(path, (LONG_AGO, LONG_AGO))
        return str(path)

    def overlay(self, instance: str, backing: str, disk: str = 'disk'
                ) -> pathlib.Path:
        directory = self.root / instance
        directory.mkdir(exist_ok=True)
        subprocess.run(
            ['qemu-img', 'create', '-q', '-f', 'qcow2', '-u', '-F', 'raw',
             '-b', backing, str(directory / disk), '1M'], check=True)
        return directory / disk

    def by_hand(self, instance: str, backing: bytes, disk: str = 'disk'
                ) -> None:
        directory = self.root / instance
        directory.mkdir(exist_ok=True)
        (directory / disk).write_bytes(test_backing.header(backing))

    def look(self, text: str = '') -> base_images.Cache:
        conf = self.root.parent / 'nova.conf'
        conf.write_text(text)
        return base_images.look(
            str(self.root), str(self.base), nova_conf.NovaConf([conf]),
            names.of_images([ID]))

    def users(self, name: str = DIGEST) -> tuple[str, ...]:
        return {one.name: one.used_by for one in self.look().files}[name]


class BaseImagesTest(CacheCase):

    def test_used(self) -> None:
        path = self.cached()
        self.cached(DIGEST + '_20')
        self.overlay('a', path)
        self.overlay('b', '../_base/' + DIGEST)
        self.overlay('c', 'json:' + json.dumps({
            'driver': 'raw', 'file': {'driver': 'file', 'filename': path}}))
        self.overlay('d', 'file:' + path)
        self.overlay('e', path, 'base-of-snapshot')
        self.overlay('e', 'disk.snap', 'disk')
        self.overlay('e', 'base-of-snapshot', 'disk.snap')
        used, unused = self.look().files
        self.assertEqual(
            (DIGEST, ID, ('a', 'b', 'c', 'd', 'e'), None, ''),
            (used.name, used.image, used.used_by, used.prunable_at,
             used.option))
        self.assertEqual(
            (ID, (), LONG_AGO + 3600, nova_conf.RESIZED_AGE),
            (unused.image, unused.used_by, unused.prunable_at,
             unused.option))
        self.assertEqual((4096, 4096), (used.size, used.virtual_size))
        self.assertGreater(used.allocated, 0)
        self.assertEqual((), self.look().elsewhere)

    def test_options(self) -> None:
        for name in (DIGEST, 'swap_1', 'ephemeral_1_default',
                     DIGEST + '.part'):
            self.cached(name)
        found = {one.kind: (one.prunable_at, one.option)
                 for one in self.look().files}
        old = (LONG_AGO + 86400, nova_conf.ORIGINAL_AGE)
        self.assertEqual(
            {'original': old, 'swap': old, 'ephemeral': old,
             'unfinished': (None, '')}, found)
        for text, option in (
                ('remove_unused_base_images = false', nova_conf.REMOVE),
                ('manager_interval = -1', nova_conf.INTERVAL)):
            self.assertEqual(
                {(None, option), (None, '')},
                {(one.prunable_at, one.option) for one in self.look(
                    '[image_cache]\n' + text).files})

    def test_elsewhere(self) -> None:
        self.cached()
        for name in (b'/etc/shadow', b'../../../etc/' + DIGEST.encode(),
                     b'/gone/_base/' + b'0' * 40, b'\x1b[2J', b'/x\n'):
            self.by_hand('i-' + name.hex()[:20], name)
        self.assertEqual(5, len(self.look().elsewhere))
        # Nova compares the last part only, and keeps the file.
        self.assertEqual(1, len(self.users()))

    def test_not_files(self) -> None:
        for name in (b'nbd://host/x', b'json:{', b'json:[]',
                     b'json:{"file":1}', b'json:' + b'[' * 1000, b'\0',
                     b'rbd:x/y'):
            self.by_hand('i-' + name.hex()[:20], name)
        found = self.look()
        self.assertEqual(((), ()), (found.elsewhere, found.unread))

    def test_circles(self) -> None:
        self.by_hand('a', b'disk.1')
        self.by_hand('a', b'disk', 'disk.1')
        self.by_hand('b', b'disk')
        for number in range(20):
            self.by_hand('c', b'disk%d' % (number + 1), 'disk%d' % number)
        self.assertEqual({'a', 'b', 'c'},
                         {one.instance for one in self.look().unread})

    def test_hostile_disks(self) -> None:
        """None is followed, waited for, or taken for unused in silence."""
        path = self.cached()
        secret = self.root.parent / 'secret'
        secret.mkdir()
        (secret / 'disk').write_bytes(test_backing.header(path.encode()))
        (self.root / 'linked').symlink_to(secret)
        (self.root / 'a').mkdir()
        (self.root / 'a/disk').symlink_to(secret / 'disk')
        (self.root / 'b').mkdir()
        os.mkfifo(self.root / 'b/disk')
        self.by_hand('c', b'n' * 1024)
        (self.root / 'd').mkdir()
        (self.root / 'd/disk').mkdir()
        (self.root / 'file').write_bytes(b'')
        found = self.look()
        self.assertEqual({'linked', 'a', 'b', 'c', 'd'},
                         {one.instance for one in found.unread})
        self.assertEqual((), found.files[0].used_by)

    def test_raw_disk(self) -> None:
        """A guest can write a header into a raw disk, and is not believed."""
        self.cached()
        self.by_hand('a', b'/x/_base/' + DIGEST.encode())
        self.assertEqual(('a',), self.users())
        info = self.root / 'a/disk.info'
        info.write_text(json.dumps({str(self.root / 'a/disk'): 'raw'}))
        self.assertEqual((), self.users())
        for text in ('[]', '{', '[' * 10_000, '{"/x/disk": []}'):
            info.write_text(text)
            self.assertEqual(('a',), self.users())

    def test_hostile_base(self) -> None:
        self.cached(data=test_backing.header(b'/etc/shadow'))
        self.cached('x' * 40, test_backing.header(bits=63))
        (self.base / ('y' * 40)).symlink_to('/etc/passwd')
        os.mkfifo(self.base / ('z' * 40))
        overlay, broken = self.look().files
        self.assertEqual(('/etc/shadow', 1024),
                         (overlay.backing, overlay.virtual_size))
        self.assertIn('version', broken.unread)

    def test_many_names(self) -> None:
        for number in range(10_000):
            fd = os.open(os.fsencode(self.base) + b'/\xff\n\x1b[%d' % number,
                         os.O_CREAT, 0o600)
            os.close(fd)
        found = self.look()
        self.assertEqual({'other'}, {one.kind for one in found.files})
        self.assertEqual(10_000, len(found.files))

    def test_no_directory(self) -> None:
        self.base.rmdir()
        with self.assertRaisesRegex(exceptions.ConfigurationError, '--base'):
            self.look()
        self.base.symlink_to('/etc')
        with self.assertRaisesRegex(exceptions.ConfigurationError,
                                    'symbolic link'):
            self.look()
