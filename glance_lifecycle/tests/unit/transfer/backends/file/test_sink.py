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


from collections.abc import Sequence
import json
import os
import resource
import stat
import time
from typing import Any

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends.file import datadir
from glance_lifecycle.transfer.backends.file import sink as file_sink
from glance_lifecycle.transfer import sharing
from glance_lifecycle.transfer import sink as sink_api

IMAGE = helpers.IMAGE
SMALL = helpers.Image(b'data' * 1024, 4096)


class FileSinkTest(helpers.TempDirTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.dir = self.make_dir('store')
        self.options = helpers.file_options(self.dir)

    def sink(self, **options: Any) -> file_sink.FileSink:
        sink = file_sink.FileSink('fast', IMAGE, {**self.options, **options})
        self.addCleanup(sink.abort)
        return sink

    def final(self) -> str:
        return os.path.join(self.dir, IMAGE)

    def temp(self) -> str:
        return os.path.join(self.dir, datadir.temporary_name(IMAGE))

    def read(self) -> bytes:
        with open(self.final(), 'rb') as stream:
            return stream.read()

    def test_images(self) -> None:
        for name, image in helpers.IMAGES.items():
            with self.subTest(name):
                sink = self.sink()
                stored = helpers.store(sink, image)
                self.assertEqual('file://' + self.final(), stored.url)
                self.assertEqual({'store': 'fast'}, stored.metadata)
                self.assertEqual(image.content, self.read())
                self.assertEqual([IMAGE], os.listdir(self.dir))
                os.unlink(self.final())

    def test_zeros_are_not_stored(self) -> None:
        sink = self.sink()
        chunk = helpers.CHUNK
        image = helpers.Image(chunk, 64 * chunk, helpers.noise(chunk))
        helpers.store(sink, image)
        self.assertEqual(chunk, sink.bytes_written)
        self.assertLessEqual(os.stat(self.final()).st_blocks * 512,
                             chunk + 16384)

    @settings(max_examples=60)
    @given(strategies.lists(strategies.tuples(
        strategies.booleans(),
        strategies.integers(1, 1500) | strategies.integers(1, 40).map(
            lambda n: n * 4096) | strategies.integers(65536, 300000)),
        max_size=8))
    def test_any_layout(self, layout: list[tuple[bool, int]]) -> None:
        image = helpers.Image(*[helpers.noise(length) if data else length
                                for data, length in layout])
        sink = file_sink.FileSink('fast', IMAGE, self.options)
        helpers.store(sink, image)
        self.assertEqual(image.content, self.read())
        os.unlink(self.final())

    def replacing(self) -> file_sink.FileSink:
        directory = datadir.Datadir(self.dir)
        self.addCleanup(directory.close)
        found = directory.look(IMAGE)
        assert found is not None
        one = found[0]
        return self.sink(replaces=[one.filesystem, one.inode,
                                   one.generation])

    def wrong(self) -> None:
        with open(self.final(), 'wb') as stream:
            stream.write(b'wrong')

    def test_in_the_place_of_a_wrong_one(self) -> None:
        self.wrong()
        sink = self.replacing()
        sink.begin(len(SMALL.content))
        helpers.feed(sink, SMALL)
        self.assertEqual(b'wrong', self.read())
        stored = sink.commit()
        self.assertEqual('file://' + self.final(), stored.url)
        self.assertEqual(SMALL.content, self.read())
        self.assertEqual([IMAGE], os.listdir(self.dir))

    def test_the_wrong_one_stays_if_it_fails(self) -> None:
        self.wrong()
        sink = self.replacing()
        sink.begin(len(SMALL.content))
        helpers.feed(sink, SMALL)
        sink.abort()
        self.assertEqual(b'wrong', self.read())
        self.assertEqual([IMAGE], os.listdir(self.dir))

    def test_not_in_the_place_of_another(self) -> None:
        self.wrong()
        sink = self.replacing()
        os.rename(self.final(), self.final() + '.kept')
        with self.subTest('it has gone'):
            helpers.store(sink, SMALL)
            self.assertEqual(SMALL.content, self.read())
        with self.subTest('from the beginning'):
            self.assertRaises(exceptions.StoreDuplicate, self.sink(
                replaces=[1, 2, 3]).begin, 1)
        sink = self.replacing()
        sink.begin(len(SMALL.content))
        helpers.feed(sink, SMALL)
        os.rename(self.final(), self.final() + '.old')
        self.wrong()
        with self.subTest('in the last moment'):
            self.assertRaises(exceptions.StoreDuplicate, sink.commit)
            sink.abort()
            self.assertEqual(b'wrong', self.read())

    def test_nothing_is_visible_before_commit(self) -> None:
        sink = self.sink()
        sink.begin(len(SMALL.content))
        helpers.feed(sink, SMALL)
        self.assertFalse(os.path.exists(self.final()))
        self.assertEqual([os.path.basename(self.temp())],
                         os.listdir(self.dir))

    def test_abort_at_every_call(self) -> None:
        for calls in range(4):
            with self.subTest(calls):
                sink = self.sink()
                if calls:
                    sink.begin(len(SMALL.content))
                    helpers.feed(sink, SMALL, calls - 1)
                sink.abort()
                sink.abort()
                self.assertEqual([], os.listdir(self.dir))

    def test_abort_after_commit_keeps_the_copy(self) -> None:
        sink = self.sink()
        helpers.store(sink, SMALL)
        sink.abort()
        self.assertEqual(SMALL.content, self.read())

    def test_mode_as_a_plainly_created_file(self) -> None:
        old = os.umask(0o027)
        self.addCleanup(os.umask, old)
        helpers.store(self.sink(), SMALL)
        self.assertEqual(0o640, stat.S_IMODE(os.stat(self.final()).st_mode))

    def test_mode_as_configured(self) -> None:
        helpers.store(self.sink(mode=0o664), SMALL)
        self.assertEqual(0o664, stat.S_IMODE(os.stat(self.final()).st_mode))

    def test_incomplete_is_not_committed(self) -> None:
        sink = self.sink()
        sink.begin(len(SMALL.content))
        helpers.feed(sink, SMALL, 1)
        self.assertRaises(exceptions.InternalError, sink.commit)
        sink.abort()
        self.assertEqual([], os.listdir(self.dir))

    def test_gap_and_overrun_are_refused(self) -> None:
        sink = self.sink()
        sink.begin(100)
        self.assertRaises(exceptions.InternalError, sink.zero, 0, 101)
        self.assertRaises(exceptions.InternalError, sink.write, 1,
                          memoryview(b'x'))

    def test_duplicate_is_left_alone(self) -> None:
        with open(self.final(), 'wb') as stream:
            stream.write(b'theirs')
        sink = self.sink()
        self.assertRaises(exceptions.StoreDuplicate, sink.begin, 10)
        sink.abort()
        self.assertEqual(b'theirs', self.read())

    def test_dangling_link_is_a_duplicate(self) -> None:
        os.symlink('nowhere', self.final())
        self.assertRaises(exceptions.StoreDuplicate, self.sink().begin, 10)

    def test_duplicate_that_came_meanwhile_is_left_alone(self) -> None:
        sink = self.sink()
        sink.begin(len(SMALL.content))
        helpers.feed(sink, SMALL)
        with open(self.final(), 'wb') as stream:
            stream.write(b'theirs')
        self.assertRaises(exceptions.StoreDuplicate, sink.commit)
        sink.abort()
        self.assertEqual(b'theirs', self.read())
        self.assertEqual([IMAGE], os.listdir(self.dir))

    def test_leftover_is_replaced(self) -> None:
        with open(self.temp(), 'wb') as stream:
            stream.write(b'x' * 100000)
        helpers.store(self.sink(), SMALL)
        self.assertEqual(SMALL.content, self.read())

    def test_leftover_link_is_not_followed(self) -> None:
        victim = os.path.join(self.path, 'victim')
        with open(victim, 'wb') as stream:
            stream.write(b'precious')
        os.symlink(victim, self.temp())
        helpers.store(self.sink(), SMALL)
        with open(victim, 'rb') as stream:
            self.assertEqual(b'precious', stream.read())
        self.assertTrue(stat.S_ISREG(os.lstat(self.final()).st_mode))

    def test_living_transfer_is_left_alone(self) -> None:
        first = self.sink()
        first.begin(len(SMALL.content))
        second = self.sink()
        self.assertRaises(exceptions.StoreDuplicate, second.begin, 10)
        second.abort()
        self.assertRaises(exceptions.StoreError, file_sink.FileSink.undo,
                          'fast',
                          IMAGE, self.options, [])
        helpers.feed(first, SMALL)
        first.commit()
        self.assertEqual(SMALL.content, self.read())

    def test_temporary_that_was_replaced_is_not_published(self) -> None:
        sink = self.sink()
        sink.begin(len(SMALL.content))
        helpers.feed(sink, SMALL)
        os.unlink(self.temp())
        with open(self.temp(), 'wb') as stream:
            stream.write(b'other')
        self.assertRaises(exceptions.StoreError, sink.commit)
        sink.abort()
        self.assertFalse(os.path.exists(self.final()))

    def test_no_room_is_known_at_once(self) -> None:
        self.assertRaises(exceptions.StoreFull, self.sink().begin, 1 << 60)
        self.assertEqual([], os.listdir(self.dir))

    def test_sparse_image_needs_room_for_its_data_only(self) -> None:
        sink = self.sink()
        sink.begin(4 << 40, data_size=1 << 20)
        sink.abort()
        self.assertEqual([], os.listdir(self.dir))

    def test_file_size_limit(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_FSIZE,
                        (soft, hard))
        sink = self.sink()
        with self.assertRaisesRegex(exceptions.StoreFull, 'EFBIG'):
            sink.begin(2 << 20)
        sink.abort()
        self.assertEqual([], os.listdir(self.dir))

    def test_limit_met_while_writing(self) -> None:
        for image in (helpers.Image(helpers.noise(512 * 1024)),
                      helpers.Image(b'x' * 1000, 200000, b'y' * 1000)):
            sink = self.sink()
            sink.begin(len(image.content))
            soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (128 * 1024, hard))
            try:
                with self.assertRaisesRegex(exceptions.StoreFull, 'EFBIG'):
                    helpers.feed(sink, image)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            sink.abort()
            self.assertEqual([], os.listdir(self.dir))

    def test_missing_directory(self) -> None:
        sink = self.sink()
        os.rmdir(self.dir)
        with self.assertRaisesRegex(exceptions.StoreError,
                                    'ENOENT') as caught:
            sink.begin(10)
        self.assertNotIn(self.path, str(caught.exception))
        sink.abort()
        self.assertFalse(file_sink.FileSink.undo('fast', IMAGE, self.options,
                                                 []))

    def test_names_that_are_paths(self) -> None:
        for name in ('../x', '', '.', '..', 'a/b', 'a\0b'):
            sink = file_sink.FileSink('fast', name, self.options)
            self.assertRaises(exceptions.StoreError, sink.begin, 1)
            sink.abort()
            self.assertRaises(exceptions.StoreError, file_sink.FileSink.undo,
                              'fast', name, self.options, [])
            self.assertRaises(exceptions.StoreError, file_sink.FileSink.absent,
                              'fast', name, self.options)

    def undo(self, created: Sequence[sink_api.Mark], *others: str) -> bool:
        return file_sink.FileSink.undo(
            'fast', IMAGE, helpers.file_options(self.dir, *others), created)

    def stored(self) -> list[sink_api.Mark]:
        sink = self.sink()
        helpers.store(sink, SMALL)
        return sink.marks

    def put(self, path: str, content: bytes = b'theirs') -> None:
        with open(path, 'wb') as stream:
            stream.write(content)

    def test_what_is_made_is_noted_at_once(self) -> None:
        noted: list[tuple[str, sink_api.Mark]] = []
        sink = self.sink()
        sink.note = lambda store, mark: noted.append((store, mark))
        sink.begin(10)
        name = os.path.join(self.dir, datadir.temporary_name(IMAGE))
        self.assertEqual([('fast', {
            'datadir': self.dir, 'filesystem': os.statvfs(name).f_fsid,
            'inode': os.stat(name).st_ino,
            'generation': noted[0][1]['generation'],
            'directory': [
                os.statvfs(self.dir).f_fsid, os.stat(self.dir).st_ino,
                noted[0][1]['directory'][2]]})], noted)
        json.dumps(noted)
        sink.abort()

    def test_what_cannot_be_noted_is_not_kept(self) -> None:
        def fail(store: str, mark: sink_api.Mark) -> None:
            raise exceptions.ConfigurationError(detail='full')

        sink = self.sink()
        sink.note = fail
        self.assertRaises(exceptions.ConfigurationError, sink.begin, 10)
        sink.abort()
        self.assertEqual([], os.listdir(self.dir))

    def test_undo_takes_back_a_commit(self) -> None:
        marks = self.stored()
        self.assertTrue(self.undo(marks))
        self.assertEqual([], os.listdir(self.dir))
        self.assertFalse(self.undo(marks))

    def test_undo_in_a_directory_that_was_made_anew(self) -> None:
        """On the same file system, so only the directory itself tells."""
        absent = file_sink.FileSink.absent('fast', IMAGE, self.options)
        marks = self.stored()
        # Without it they are of an older release, which could not tell.
        old = [{key: value for key, value in mark.items()
                if key not in ('directory', 'directories')}
               for mark in (*marks, absent)]
        elsewhere = self.dir + '-renamed'
        os.rename(self.dir, elsewhere)
        os.mkdir(self.dir)
        for created in (marks, [absent], file_sink.FileSink.apart(
                IMAGE, marks, 'file://' + self.final())):
            with self.subTest(created), self.assertRaisesRegex(
                    exceptions.StoreError, 'made anew') as caught:
                self.undo(created)
            self.assertNotIn(self.path, str(caught.exception))
        self.assertFalse(self.undo(old))
        os.rmdir(self.dir)
        os.rename(elsewhere, self.dir)
        self.assertTrue(self.undo(marks))
        self.assertFalse(self.undo(marks))
        self.assertEqual([], os.listdir(self.dir))

    def test_undo_of_the_unfinished(self) -> None:
        for marked in (True, False):
            sink = self.sink()
            sink.begin(10)
            # As if its process had died: the lock is gone.
            sink._close()
            self.assertTrue(self.undo(sink.marks if marked else []))
            self.assertEqual([], os.listdir(self.dir))

    def test_undo_leaves_the_unfinished_of_another(self) -> None:
        marks = self.stored()
        os.unlink(self.final())
        self.put(os.path.join(self.dir, datadir.temporary_name(IMAGE)))
        self.assertFalse(self.undo(marks))
        self.assertEqual(1, len(os.listdir(self.dir)))

    def test_undo_of_what_is_being_written(self) -> None:
        sink = self.sink()
        sink.begin(10)
        self.addCleanup(sink.abort)
        for marks in (sink.marks, []):
            with self.assertRaisesRegex(exceptions.StoreError, 'running'):
                self.undo(marks)

    def test_undo_leaves_what_another_finished(self) -> None:
        other = self.make_dir('other')
        marks = self.stored()
        os.unlink(self.final())
        # Its inode number may be that of the file just removed.
        self.put(self.final())
        self.put(os.path.join(other, IMAGE))
        for created in ([], marks, [{**marks[0], 'inode': 0}],
                        [sink_api.since(time.time() + 3600)]):
            self.assertFalse(self.undo(created, other))
        self.assertTrue(os.path.exists(self.final()))
        self.assertTrue(os.path.exists(os.path.join(other, IMAGE)))

    def test_undo_leaves_what_is_no_file(self) -> None:
        marks = self.stored()
        os.unlink(self.final())
        for make in (os.mkdir, os.mkfifo,
                     lambda path: os.symlink('/etc/passwd', path)):
            make(self.final())
            self.assertFalse(self.undo(marks))
            self.assertTrue(os.path.lexists(self.final()))
            os.rename(self.final(), self.final() + make.__name__)

    def test_undo_by_name_where_somebody_vouches(self) -> None:
        absent = file_sink.FileSink.absent('fast', IMAGE, self.options)
        self.assertTrue(absent['absent'])
        moment = time.time() - 1
        for mark in (absent, sink_api.since(moment)):
            self.put(self.final())
            with self.assertRaises(exceptions.StoreDuplicate):
                file_sink.FileSink.absent('fast', IMAGE, self.options)
            self.assertTrue(self.undo([mark]))
            self.assertEqual([], os.listdir(self.dir))

    def test_a_directory_that_is_away_is_not_empty(self) -> None:
        absent = file_sink.FileSink.absent('fast', IMAGE, self.options)
        marks = self.stored()
        os.rename(self.dir, self.dir + '-away')
        for created in (marks, [absent]):
            with self.assertRaisesRegex(exceptions.StoreError, 'ENOENT'):
                self.undo(created)
        # It died before it made anything.
        self.assertFalse(self.undo([]))
        with self.assertRaises(exceptions.StoreError):
            file_sink.FileSink.absent('fast', IMAGE, self.options)
        os.rename(self.dir + '-away', self.dir)
        self.assertTrue(self.undo(marks))

    def test_the_directory_it_was_written_to(self) -> None:
        marks = self.stored()
        self.assertTrue(file_sink.FileSink.undo(
            'fast', IMAGE, helpers.file_options(self.make_dir('other')),
            marks))
        self.assertEqual([], os.listdir(self.dir))

    def test_undo_goes_on_after_a_failure(self) -> None:
        other = self.make_dir('other')
        marks = self.stored()
        away = [{**marks[0], 'datadir': os.path.join(self.path, 'none')}]
        with self.assertRaises(exceptions.StoreError):
            self.undo(away + marks, other)
        self.assertEqual([], os.listdir(self.dir))

    def test_descriptors_are_closed(self) -> None:
        before = len(os.listdir('/proc/self/fd'))
        sink = self.sink()
        helpers.store(sink, SMALL)
        sink = self.sink()
        self.assertRaises(exceptions.StoreDuplicate, sink.begin, 1)
        sink.abort()
        self.assertEqual(before, len(os.listdir('/proc/self/fd')))

    def test_no_pairs_without_reflink(self) -> None:
        # /dev/shm is tmpfs on every Linux, and tmpfs cannot clone.
        sinks = [file_sink.FileSink(name, IMAGE + name,
                                    helpers.file_options('/dev/shm'))
                 for name in ('a', 'b')]
        for sink in sinks:
            self.addCleanup(sink.abort)
            sink.begin(10)
        self.assertEqual(0, sharing.pair(sinks))


class DirectoryRightsTest(helpers.TempDirTestCase):
    """What a plain user meets; root, who may all, becomes one in a child."""

    def attempt(self, path: str) -> str:
        read_end, write_end = os.pipe()
        child = os.fork()
        if not child:
            try:
                if os.getuid() == 0:
                    os.setgid(65534)
                    os.setuid(65534)
                sink = file_sink.FileSink('fast', IMAGE,
                                          helpers.file_options(path))
                try:
                    sink.begin(10)
                    text = 'begun'
                except exceptions.StoreError as error:
                    text = str(error)
                sink.abort()
                os.write(write_end, text.encode())
            finally:
                os._exit(0)
        os.close(write_end)
        with os.fdopen(read_end) as stream:
            text = stream.read()
        os.waitpid(child, 0)
        return text

    def test_read_only_directory(self) -> None:
        os.chmod(self.path, 0o755)
        path = self.make_dir('store')
        os.chmod(path, 0o555)
        text = self.attempt(path)
        self.assertIn('EACCES', text)
        self.assertNotIn(self.path, text)
