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

"""Files that share blocks, on a real XFS: what is promised comes back."""

import os
import pathlib
import subprocess
from unittest import mock

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import loopfs
from glance_lifecycle.tests.functional import reclaim_case
from glance_lifecycle.transfer.backends.file import extent_map

MIB = images.MIB

# Of the metadata of XFS, which go with a file.
LITTLE = 256 * 1024


class SharedBlocksTest(reclaim_case.ReclaimCase):

    kind = 'xfs'

    def new_glance(self) -> glance.GlanceApi:
        self.mount = self.useFixture(loopfs.LoopFs(
            loopfs.REFLINKS[self.kind], self.kind))
        conf = {}
        for name in ('s1', 's2'):
            (self.mount.path / name).mkdir()
            conf[name] = {'filesystem_store_datadir': self.mount.path / name}
        return self.useFixture(glance.GlanceApi(conf=conf))

    def path(self, name: str, store: str = 's1') -> pathlib.Path:
        return self.mount.path / store / name

    def clone(self, path: pathlib.Path, like: pathlib.Path, own: int) -> None:
        """All blocks of another file, the first ones written anew."""
        subprocess.run(['cp', '--reflink=always', like, path], check=True)
        with path.open('r+b') as stream:
            stream.write(os.urandom(own))
        os.sync()

    def free(self) -> int:
        os.sync()
        room = os.statvfs(self.mount.path)
        return room.f_bfree * room.f_frsize

    def test_what_is_shared_does_not_come_back(self) -> None:
        kept = self.new_image(os.urandom(8 * MIB))
        orphan, alone = self.orphan(b'x'), self.orphan(os.urandom(4 * MIB))
        self.clone(self.path(orphan), self.path(kept), 3 * MIB)
        rows = {row['Image']: row for row in self.found(code=4)}
        self.assertEqual({orphan, alone}, set(rows))
        self.assertEqual((3 * MIB, 4 * MIB), (
            rows[orphan]['Bytes'], rows[alone]['Bytes']))
        self.assertIn(f'share up to {5 * MIB} bytes of it',
                      rows[orphan]['Evidence'])
        self.assertNotIn('share', rows[alone]['Evidence'])
        plan = self.plan()
        self.assertEqual(7 * MIB, sum(
            row['Bytes'] for row in self.planned.json))
        self.reclaim('apply', str(plan))
        before = self.free()
        self.reclaim('apply', str(plan), '--purge', '--yes')
        self.assertLess(abs(self.free() - before - 7 * MIB), LITTLE)
        self.assertTrue(self.admin.download(kept))

    def test_whole(self) -> None:
        """All blocks are of others, too: nothing comes back."""
        kept = self.new_image(os.urandom(MIB))
        orphan = self.orphan(b'x')
        self.clone(self.path(orphan), self.path(kept), 0)
        row, = self.found(code=4)
        self.assertEqual((orphan, 0), (row['Image'], row['Bytes']))

    def test_hard_link(self) -> None:
        orphan = self.orphan(os.urandom(MIB))
        os.link(self.path(orphan), self.mount.path / 'backup')
        row, = self.found(code=4)
        self.assertEqual((orphan, 0), (row['Image'], row['Bytes']))

    def test_many_extents(self) -> None:
        """A file may have millions: what nobody looked at is not promised."""
        kept = self.path(self.new_image(os.urandom(8 * MIB)))
        orphan = self.path(self.orphan(b'x'))
        self.clone(orphan, kept, 4096)
        with orphan.open('r+b') as stream:
            for number in range(0, 8, 2):
                stream.seek(number * MIB)
                stream.write(os.urandom(MIB))
            stream.flush()
            os.fsync(stream.fileno())
            size = 8 * MIB
            self.assertEqual(4 * MIB, extent_map.shared(
                stream.fileno(), size))
            for most in range(8):
                with mock.patch.object(extent_map, '_MOST', most):
                    shared = extent_map.shared(stream.fileno(), size)
                self.assertGreaterEqual(shared, 4 * MIB)
                self.assertLessEqual(shared, size)
            with mock.patch.object(extent_map, '_MOST', 0):
                self.assertEqual(size, extent_map.shared(
                    stream.fileno(), size))
