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


"""Sinks on real file systems: full, read-only, sharing extents, killed.

Needs root, loop devices, mkfs.ext4 and mkfs.xfs.
"""

from collections.abc import Mapping
from collections.abc import Sequence
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends.file import sink as file_sink
from glance_lifecycle.transfer import sharing
from glance_lifecycle.transfer import sink as sink_api

IMAGE = helpers.IMAGE
MIB = 1024 * 1024


class MountTestCase(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.path = holder.name

    def mount(self, kind: str, size: int) -> str:
        target = tempfile.mkdtemp(dir=self.path)
        if kind == 'tmpfs':
            self.run_tool('mount', '-t', 'tmpfs', '-o', 'size=%d' % size,
                          'tmpfs', target)
        else:
            device = target + '.img'
            with open(device, 'wb') as stream:
                stream.truncate(size)
            self.run_tool('mkfs.' + kind, '-q', device)
            self.run_tool('mount', '-o', 'loop', device, target)
        self.addCleanup(self.run_tool, 'umount', target)
        return target

    def run_tool(self, *command: str) -> None:
        subprocess.run(command, check=True, capture_output=True)

    def sink(self, path: str, store: str = 'fast',
             image: str = IMAGE) -> file_sink.FileSink:
        sink = file_sink.FileSink(store, image, helpers.file_options(path))
        # Mounts cannot be left while a file is open.
        self.addCleanup(sink.abort)
        return sink

    def left(self, path: str) -> set[str]:
        return set(os.listdir(path)) - {'lost+found'}

    def read(self, path: str, image: str = IMAGE) -> bytes:
        with open(os.path.join(path, image), 'rb') as stream:
            return stream.read()

    def used(self, path: str) -> int:
        self.run_tool('sync', '-f', path)
        info = os.statvfs(path)
        return (info.f_blocks - info.f_bfree) * info.f_frsize


class FileSystemsTest(MountTestCase):

    def test_images(self) -> None:
        for kind, size in (('ext4', 64 * MIB), ('xfs', 320 * MIB),
                           ('tmpfs', 64 * MIB)):
            path = self.mount(kind, size)
            for name, image in helpers.IMAGES.items():
                with self.subTest('%s, %s' % (kind, name)):
                    sink = self.sink(path)
                    helpers.store(sink, image)
                    self.assertEqual(image.content, self.read(path))
                    os.unlink(os.path.join(path, IMAGE))

    def test_whole_blocks_pass_the_cache(self) -> None:
        for kind, size in (('ext4', 64 * MIB), ('xfs', 320 * MIB)):
            path = self.mount(kind, size)
            sink = self.sink(path)
            sink.begin(MIB)
            assert sink._writer is not None
            helpers.feed(sink, helpers.Image(helpers.noise(MIB)))
            self.assertTrue(sink._writer.direct)
            sink.abort()

    def test_full_before_work(self) -> None:
        path = self.mount('ext4', 16 * MIB)
        sink = self.sink(path)
        self.assertRaises(exceptions.StoreFull, sink.begin, 17 * MIB)
        sink.abort()
        self.assertEqual(set(), self.left(path))

    def test_full_while_writing(self) -> None:
        for kind, size in (('ext4', 16 * MIB), ('tmpfs', 16 * MIB)):
            with self.subTest(kind):
                path = self.mount(kind, size)
                before = self.used(path)
                sink = self.sink(path)
                sink.begin(20 * MIB, data_size=1)
                image = helpers.Image(
                    *[helpers.noise(2 * MIB, n) for n in range(10)])
                with self.assertRaisesRegex(exceptions.StoreFull, 'ENOSPC'):
                    helpers.feed(sink, image)
                sink.abort()
                self.assertEqual(set(), self.left(path))
                self.assertLessEqual(self.used(path), before + 65536)

    def test_read_only(self) -> None:
        path = self.mount('ext4', 16 * MIB)
        self.run_tool('mount', '-o', 'remount,ro', path)
        sink = self.sink(path)
        with self.assertRaisesRegex(exceptions.StoreError, 'EROFS') as error:
            sink.begin(MIB)
        self.assertNotIn(path, str(error.exception))
        sink.abort()

    def test_became_read_only(self) -> None:
        path = self.mount('ext4', 16 * MIB)
        image = helpers.Image(helpers.noise(MIB))
        sink = self.sink(path)
        sink.begin(MIB)
        helpers.feed(sink, image)
        # What the kernel does on an error of the device.
        self.run_tool('mount', '-o', 'remount,abort', path)
        self.assertRaises(exceptions.StoreError, sink.commit)
        with self.assertLogs('glance_lifecycle', 'ERROR'):
            sink.abort()
        with self.assertRaises(exceptions.StoreError):
            file_sink.FileSink.undo('fast', IMAGE, helpers.file_options(path),
                                    sink.marks)

    def test_the_emptier_of_two(self) -> None:
        small, large = (self.mount('tmpfs', 8 * MIB),
                        self.mount('tmpfs', 64 * MIB))
        options = helpers.file_options(small, large)
        for priority, size, expected in (
                (0, MIB, large), (5, MIB, small), (5, 9 * MIB, large)):
            options['datadirs'][0][1] = priority
            sink = file_sink.FileSink('fast', IMAGE, options)
            self.addCleanup(sink.abort)
            helpers.store(sink, helpers.Image(helpers.noise(size)))
            self.assertEqual({IMAGE}, self.left(expected))
            self.assertTrue(file_sink.FileSink.undo('fast', IMAGE, options,
                                                    sink.marks))
        with self.assertRaises(exceptions.StoreFull):
            file_sink.FileSink('fast', IMAGE, options).begin(65 * MIB)


class IdentityTest(MountTestCase):
    """What undo takes for the file that it knows."""

    def setUp(self) -> None:
        super().setUp()
        self.image = helpers.Image(helpers.noise(5000))

    def undo(self, path: str, marks: Sequence[sink_api.Mark]) -> bool:
        return file_sink.FileSink.undo('fast', IMAGE,
                                       helpers.file_options(path),
                                       marks)

    def stored(self, path: str) -> list[sink_api.Mark]:
        sink = self.sink(path)
        helpers.store(sink, self.image)
        return sink.marks

    def test_an_inode_that_is_used_again(self) -> None:
        # ext4 gives a number that is free to the next file.
        path = self.mount('ext4', 64 * MIB)
        marks = self.stored(path)
        name = os.path.join(path, IMAGE)
        os.unlink(name)
        for number in range(100):
            with open(name, 'wb') as stream:
                stream.write(b'theirs')
            if os.stat(name).st_ino == marks[0]['inode']:
                break
            os.rename(name, '%s.%d' % (name, number))
        self.assertEqual(marks[0]['inode'], os.stat(name).st_ino)
        self.assertFalse(self.undo(path, marks))
        self.assertEqual(b'theirs', self.read(path))

    def test_a_file_system_that_is_not_mounted(self) -> None:
        path = self.mount('ext4', 16 * MIB)
        marks = self.stored(path)
        self.run_tool('umount', path)
        for _ in range(2):
            with self.assertRaisesRegex(exceptions.StoreError,
                                        'another file system'):
                self.undo(path, marks)
        self.run_tool('mount', '-o', 'loop', path + '.img', path)
        self.assertEqual(self.image.content, self.read(path))
        self.assertTrue(self.undo(path, marks))
        self.assertEqual(set(), self.left(path))

    def test_nothing_vouches_for_another_file_system(self) -> None:
        path = self.mount('ext4', 16 * MIB)
        absent = file_sink.FileSink.absent('fast', IMAGE,
                                           helpers.file_options(path))
        self.run_tool('umount', path)
        with self.assertRaisesRegex(exceptions.StoreError,
                                    'another file system'):
            self.undo(path, [absent])
        self.run_tool('mount', '-o', 'loop', path + '.img', path)
        self.assertFalse(self.undo(path, [absent]))


class ReflinkTest(MountTestCase):

    kind = 'xfs'

    def setUp(self) -> None:
        super().setUp()
        self.root = self.mount(self.kind, 320 * MIB)
        self.paths = [os.path.join(self.root, name) for name in 'abc']
        for path in self.paths:
            os.mkdir(path)
        self.image = helpers.Image(helpers.noise(4 * MIB), 6 * MIB,
                                   helpers.noise(MIB + 513), 9)

    def begun(self) -> list[file_sink.FileSink]:
        sinks = [self.sink(path, path[-1]) for path in self.paths]
        for sink in sinks:
            sink.begin(len(self.image.content), self.image.data_size)
        self.assertEqual(2, sharing.pair(sinks))
        return sinks

    def test_copies_cost_nothing(self) -> None:
        before = self.used(self.root)
        sinks = self.begun()
        for sink in sinks:
            helpers.feed(sink, self.image)
        # Last first: the engine commits in any order, each in a thread.
        for sink in reversed(sinks):
            sink.commit()
        for path in self.paths:
            self.assertEqual(self.image.content, self.read(path))
        self.assertEqual([self.image.data_size, 0, 0],
                         [sink.bytes_written for sink in sinks])
        self.assertLess(self.used(self.root) - before,
                        self.image.data_size + MIB)
        # Independent of each other from here on.
        with open(os.path.join(self.paths[0], IMAGE), 'r+b') as stream:
            stream.write(b'changed')
        self.assertEqual(self.image.content, self.read(self.paths[1]))

    def test_leader_gone_after_commit(self) -> None:
        sinks = self.begun()
        for sink in sinks:
            helpers.feed(sink, self.image)
        sinks[0].commit()
        os.unlink(os.path.join(self.paths[0], IMAGE))
        sinks[1].commit()
        self.assertEqual(self.image.content, self.read(self.paths[1]))

    def test_followers_fail_with_their_leader(self) -> None:
        sinks = self.begun()
        sinks[0].abort()
        for sink in sinks[1:]:
            with self.assertRaisesRegex(exceptions.StoreError, 'store a'):
                helpers.feed(sink, self.image)
            sink.abort()
        for path in self.paths:
            self.assertEqual(set(), self.left(path))

    def test_leader_lost_before_commit(self) -> None:
        sinks = self.begun()
        for sink in sinks:
            helpers.feed(sink, self.image)
        sinks[0].abort()
        with self.assertRaises(exceptions.StoreError):
            sinks[1].commit()
        sinks[1].abort()
        self.assertEqual(set(), self.left(self.paths[1]))

    def test_full_leader(self) -> None:
        sinks = [self.sink(path, path[-1]) for path in self.paths[:2]]
        big = helpers.Image(*[helpers.noise(2 * MIB, 3)] * 200)
        for sink in sinks:
            sink.begin(len(big.content), data_size=1)
        self.assertEqual(1, sharing.pair(sinks))
        with self.assertRaises(exceptions.StoreFull):
            helpers.feed(sinks[0], big)
        with self.assertRaises(exceptions.StoreError):
            helpers.feed(sinks[1], big)
        for sink in sinks:
            sink.abort()
        self.assertEqual([set(), set()], list(map(self.left,
                                                  self.paths[:2])))

    def test_other_file_systems_do_not_pair(self) -> None:
        other = self.mount('xfs', 320 * MIB)
        sinks = [self.sink(self.paths[0]), self.sink(other)]
        for sink in sinks:
            sink.begin(MIB)
        self.assertEqual(0, sharing.pair(sinks))


# Says what it has made and sleeps there until it is killed.
_VICTIM = '''
import sys, time, json
from glance_lifecycle.transfer.backends.{module} import sink as module
from glance_lifecycle.tests.unit.transfer.backends import helpers
options, until = json.loads(sys.argv[1]), int(sys.argv[2])
image = helpers.Image(helpers.noise(300000), 4096, b'tail')
sink = module.{name}('fast', helpers.IMAGE, options)
sink.begin(len(image.content))
helpers.feed(sink, image, until)
if until == 3:
    sink.commit()
print(json.dumps(sink.marks), flush=True)
time.sleep(1000000)
'''


class KillTest(MountTestCase):

    def kill_at(self, module: str, name: str, options: Mapping[str, object],
                until: int) -> list[sink_api.Mark]:
        child = subprocess.Popen(
            [sys.executable, '-c',
             _VICTIM.format(module=module, name=name),
             json.dumps(options), str(until)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert child.stdout is not None
        marks: list[sink_api.Mark] = json.loads(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        return marks

    def test_file_sink(self) -> None:
        store = os.path.join(self.path, 'store')
        os.mkdir(store)
        options = helpers.file_options(store)
        for until in range(4):
            with self.subTest(until):
                marks = self.kill_at('file', 'FileSink', options, until)
                self.assertEqual(1, len(os.listdir(store)))
                self.assertEqual(until == 3, IMAGE in os.listdir(store))
                self.assertTrue(file_sink.FileSink.undo('fast', IMAGE, options,
                                                        marks))
                self.assertEqual([], os.listdir(store))

    def test_file_sink_begins_anew(self) -> None:
        store = os.path.join(self.path, 'store')
        os.mkdir(store)
        options = helpers.file_options(store)
        self.kill_at('file', 'FileSink', options, 1)
        image = helpers.Image(helpers.noise(5000))
        helpers.store(self.sink(store), image)
        self.assertEqual(image.content, self.read(store))
        self.assertEqual([IMAGE], os.listdir(store))

    def test_driver_sink(self) -> None:
        store = os.path.join(self.path, 'store')
        config = os.path.join(self.path, 'glance-api.conf')
        with open(config, 'w') as stream:
            stream.write('[DEFAULT]\nenabled_backends = fast:file\n'
                         '[fast]\nfilesystem_store_datadir = %s\n' % store)
        options = {'driver': 'file', 'config_files': [config],
                   'config_dirs': []}
        undo = ('import sys, json\n'
                'from glance_lifecycle.transfer.backends.driver import sink '
                'as driver\n'
                'print(driver.DriverSink.undo("fast", sys.argv[1], '
                'json.loads(sys.argv[2]), json.loads(sys.argv[3])))')
        for until in (1, 2, 3):
            with self.subTest(until):
                marks = self.kill_at('driver', 'DriverSink', options,
                                     until)
                self.assertEqual([IMAGE], os.listdir(store))
                # A process of its own, as recovery is: nothing is loaded.
                for expected in ('True', 'False'):
                    answer = subprocess.run(
                        [sys.executable, '-W', 'ignore', '-c', undo, IMAGE,
                         json.dumps(options), json.dumps(marks)],
                        check=True, text=True, capture_output=True)
                    self.assertEqual(expected, answer.stdout.strip())
                self.assertEqual([], os.listdir(store))


class MultiStoreTest(MountTestCase):
    """glance_store as Glance uses it reads and deletes what we wrote."""

    def test_get_and_delete(self) -> None:
        config = os.path.join(self.path, 'glance-api.conf')
        sections = ''.join(
            '[%s]\nfilesystem_store_datadir = %s/%s\n' % (s, self.path, s)
            for s in ('one', 'two'))
        with open(config, 'w') as stream:
            stream.write('[DEFAULT]\nenabled_backends = one:file, two:file\n'
                         '[glance_store]\ndefault_backend = one\n' + sections)
        subprocess.run([sys.executable, '-W', 'ignore', '-c', _MULTI, config],
                       check=True)
        self.assertEqual([], os.listdir(os.path.join(self.path, 'two')))


_MULTI = '''
import sys
from oslo_config import cfg
from glance_store import multi_backend
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends.driver import sink as driver
from glance_lifecycle.transfer.backends.file import sink as file
CONF = cfg.CONF
CONF.register_opt(cfg.DictOpt('enabled_backends'))
CONF([], project='glance', default_config_files=[sys.argv[1]])
multi_backend.register_store_opts(CONF)
multi_backend.create_multi_stores(CONF)
image = helpers.IMAGES['sparse']
for cls in (file.FileSink, driver.DriverSink):
    sink = cls('two', helpers.IMAGE, cls.describe(CONF, 'two'))
    stored = helpers.store(sink, image)
    assert stored.metadata == {'store': 'two'}, stored
    chunks, size = multi_backend.get(stored.url, 'two')
    assert b''.join(chunks) == image.content
    assert size == len(image.content)
    multi_backend.delete(stored.url, 'two')
'''
