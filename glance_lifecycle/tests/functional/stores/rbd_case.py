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

"""Tests of the rbd sink on a real cluster, without Glance."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
from typing import Any

from glance_lifecycle.tests.functional.fixtures import ceph
from glance_lifecycle.tests.functional.stores import noted
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends.rbd import sink as rbd_sink

IMAGE = helpers.IMAGE
MIB = 1024 * 1024

# Says where it is and sleeps there until it is killed.
_VICTIM = '''
import sys, time, json
from glance_lifecycle.transfer.backends.rbd import sink as rbd
from glance_lifecycle.tests.unit.transfer.backends import helpers
options, until = json.loads(sys.argv[1]), int(sys.argv[2])
image = helpers.Image(helpers.noise(300000), 4096, b'tail')
sink = rbd.RbdSink('fast', helpers.IMAGE, options)
sink.note = lambda store, mark: print(json.dumps(mark), flush=True)
sink.begin(len(image.content))
helpers.feed(sink, image, until)
if until == 3:
    sink.commit()
print('there', flush=True)
time.sleep(1000000)
'''


class RbdTestCase(noted.Noted):
    """All tests of the class use one cluster.

    :cvar mgr: with a manager
    """

    mgr = False
    cluster: ceph.Ceph

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.cluster = ceph.Ceph(mgr=cls.mgr)
        cls.cluster.setUp()
        cls.addClassCleanup(cls.cluster.cleanUp)

    def setUp(self) -> None:
        super().setUp()
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.path = pathlib.Path(holder.name)
        for pool in self.cluster.pools:
            self.addCleanup(self.cluster.empty, pool)

    def options(self, **other: Any) -> dict[str, Any]:
        return {'pool': 'images', 'user': 'glance', 'order': 23,
                'conf_file': str(self.cluster.conf), 'timeout': 60, **other}

    def sink(self, image: str = IMAGE, /,
             **options: Any) -> rbd_sink.RbdSink:
        sink: rbd_sink.RbdSink = self.noting(
            rbd_sink.RbdSink('fast', image, self.options(**options)))
        return sink

    def undo(self, image: str = IMAGE, /, **options: Any) -> bool:
        return rbd_sink.RbdSink.undo('fast', image, self.options(**options),
                                     self.created)

    def stored(self, image: str = IMAGE, pool: str = 'images') -> bytes:
        """What a clone would see."""
        with self.cluster.image(pool, image, 'snap') as opened:
            return bytes(opened.read(0, opened.size()))

    def facts(self, image: str, pool: str = 'images') -> dict[str, Any]:
        """All that there is to know of an image but its name and content."""
        with self.cluster.image(pool, image) as opened:
            stat = opened.stat()
            return {
                'size': stat['size'], 'order': stat['order'],
                'num_objs': stat['num_objs'],
                'features': opened.features(), 'flags': opened.flags(),
                'stripe': (opened.stripe_unit(), opened.stripe_count()),
                'data_pool': opened.data_pool_id(),
                'metadata': list(opened.metadata_list()),
                'watchers': list(opened.watchers_list()),
                'snaps': [(snap['name'], snap['size'],
                           opened.is_protected_snap(snap['name']))
                          for snap in opened.list_snaps()]}

    def assert_nothing_left(self, pool: str = 'images') -> None:
        self.assertEqual(([], []), (self.cluster.images(pool),
                                    self.cluster.objects(pool)))

    def start_victim(self, until: int,
                     **options: Any) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(
            [sys.executable, '-c', _VICTIM,
             json.dumps(self.options(**options)), str(until)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert child.stdout is not None
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        while (line := child.stdout.readline()) not in (b'there\n', b''):
            self.note('fast', json.loads(line))
        self.assertEqual(b'there\n', line)
        return child

    def kill_at(self, until: int, **options: Any) -> None:
        child = self.start_victim(until, **options)
        child.send_signal(signal.SIGKILL)
        child.wait()

    def sparse_file(self, *pieces: bytes | int) -> pathlib.Path:
        """A file with those pieces of data, and holes between them."""
        path = self.path / 'sparse'
        with path.open('wb') as stream:
            for piece in pieces:
                if isinstance(piece, int):
                    stream.seek(piece, os.SEEK_CUR)
                else:
                    stream.write(piece)
            stream.truncate(stream.tell())
        return path
