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

"""One pass: real files in, real files out, and every way to fail."""

import hashlib
import os
import pathlib
import tempfile
import threading
from typing import Any
import unittest

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.file import sink as file
from glance_lifecycle.transfer.backends.null import sink as null_sink
from glance_lifecycle.transfer import engine
from glance_lifecycle.transfer import extents
from glance_lifecycle.transfer.formats import raw
from glance_lifecycle.transfer import sink as sink_api
from glance_lifecycle.transfer import window
from glance_lifecycle.transfer import zeros

MIB = 1024 ** 2
IMAGE = 'b4c9a8a2-6b4d-4a52-8c39-0f5f1f0f5e5d'


class BrokenSource(raw.RawSource):
    """Fails at one place: in the walk, or in a read."""

    def __init__(self, fd: int, *, walk: int = -1, read: int = -1) -> None:
        super().__init__(fd)
        self.walk, self.read, self.walks = walk, read, 0

    def extents(self) -> Any:
        # The first walk only counts; the second is the pass.
        self.walks += 1
        for extent in super().extents():
            if self.walks > 1 and extent.end > self.walk >= 0:
                raise exceptions.ImageRefused(reason='test', detail='walk')
            yield extent

    def read_into(self, offset: int, buffer: memoryview) -> None:
        if offset <= self.read < offset + len(buffer):
            raise exceptions.ImageRefused(reason='test', detail='read')
        super().read_into(offset, buffer)


class EngineTestCase(unittest.TestCase):

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.work = pathlib.Path(directory.name)
        self.content = b''.join((
            os.urandom(MIB), bytes(5 * MIB), os.urandom(3 * MIB + 7),
            bytes(MIB), os.urandom(13)))

    def fd(self, content: bytes | None = None) -> int:
        path = self.work / 'source'
        with path.open('wb') as source:
            for at in range(0, len(content or self.content), 64 * 1024):
                piece = (content or self.content)[at:at + 64 * 1024]
                if any(piece):
                    source.seek(at)
                    source.write(piece)
            source.truncate(len(self.content if content is None
                                else content))
        return os.open(path, os.O_RDONLY)

    def file_sink(self, store: str) -> file.FileSink:
        directory = self.work / store
        directory.mkdir(exist_ok=True)
        return file.FileSink(store, IMAGE, {
            'datadirs': [[str(directory), 0]], 'by_space': False, 'mode': 0,
            'metadata': []})

    def files(self) -> list[str]:
        return sorted(str(p.relative_to(self.work))
                      for p in self.work.glob('*/*'))


class SoundTest(EngineTestCase):

    def test_every_store_and_digest(self) -> None:
        report = engine.Engine(
            raw.RawSource(self.fd()),
            [self.file_sink(s) for s in ('a', 'b', 'c')],
            ['md5', 'sha512']).run()
        self.assertEqual(len(self.content), report.virtual_size)
        for name in ('md5', 'sha512'):
            self.assertEqual(hashlib.new(name, self.content).hexdigest(),
                             report.digests[name])
        for store in ('a', 'b', 'c'):
            path = self.work / store / IMAGE
            self.assertEqual(self.content, path.read_bytes())
            self.assertEqual('file://%s' % path, report.stored[store].url)
            self.assertLess(path.stat().st_blocks * 512, 5 * MIB)
        self.assertEqual({}, report.failed)
        # The zeros were not read.
        self.assertLess(report.bytes_read, 5 * MIB)

    def test_zeros_that_no_map_tells_of(self) -> None:
        grain = zeros.GRAIN
        content = b'x' * grain + bytes(5 * grain) + b'y' * grain
        sink = self.file_sink('a')
        report = engine.Engine(
            raw.RawSource(self.fd(content)), [sink], ['sha256']).run()
        self.assertEqual({'a': 2 * grain}, report.bytes_written)
        self.assertEqual(hashlib.sha256(content).hexdigest(),
                         report.digests['sha256'])
        path = self.work / 'a' / IMAGE
        self.assertEqual(content, path.read_bytes())
        self.assertLess(path.stat().st_blocks * 512, 3 * grain)

    def test_small_sizes(self) -> None:
        for size in (0, 1, 511, 4096, window.SIZE - 1, window.SIZE,
                     window.SIZE + 1):
            content = os.urandom(size)
            with self.subTest(size):
                sink = self.file_sink('s%d' % size)
                source = raw.RawSource(self.fd(content))
                report = engine.Engine(source, [sink], ['sha256']).run()
                self.assertEqual(hashlib.sha256(content).hexdigest(),
                                 report.digests['sha256'])
                self.assertEqual(
                    content, (self.work / sink.store / IMAGE).read_bytes())

    def test_more_than_the_buffers_hold(self) -> None:
        content = os.urandom(MIB) * (engine.BUFFERS * 3)
        report = engine.Engine(
            raw.RawSource(self.fd(content)),
            [null_sink.NullSink('slow', IMAGE, {'delay': 0.001}),
             null_sink.NullSink('fast', IMAGE, {})], ['sha1']).run()
        self.assertEqual(hashlib.sha1(content).hexdigest(),
                         report.digests['sha1'])


class FailureTest(EngineTestCase):

    def run_with(self, *sinks: sink_api.Sink, source: Any = None,
                 **options: Any) -> engine.Report:
        return engine.Engine(source or raw.RawSource(self.fd()), sinks,
                             ['sha512'], **options).run()

    def test_unexpected_digest(self) -> None:
        right = hashlib.sha512(self.content).hexdigest()
        with self.assertRaises(exceptions.ImageRefused) as caught:
            self.run_with(self.file_sink('a'), all_must_succeed=False,
                          expected={'sha512': 'f' + right[1:] + 'x'})
        self.assertEqual('hash-mismatch', caught.exception.reason)
        self.assertIn(right, str(caught.exception))
        self.assertEqual([], self.files())
        self.run_with(self.file_sink('a'), expected={'sha512': right})
        self.assertEqual(['a/' + IMAGE], self.files())

    def test_a_store_that_must_succeed(self) -> None:
        for options in ({'fail_at': 0}, {'fail_at': 2 * MIB},
                        {'fail_in': 'begin'}, {'fail_in': 'commit'}):
            with self.subTest(options):
                bad = null_sink.NullSink('bad', IMAGE,
                                         {'error': 'StoreFull', **options})
                self.assertRaises(exceptions.StoreFull, self.run_with,
                                  self.file_sink('a'), bad,
                                  self.file_sink('z'))
                self.assertEqual([], self.files())

    def test_a_store_that_may_fail(self) -> None:
        for options in ({'fail_at': 0}, {'fail_at': 2 * MIB},
                        {'fail_in': 'begin'}, {'fail_in': 'commit'}):
            with self.subTest(options):
                bad = null_sink.NullSink('bad', IMAGE,
                                         {'error': 'StoreFull', **options})
                store = 'good%d' % len(self.files())
                report = self.run_with(bad, self.file_sink(store),
                                       all_must_succeed=False)
                self.assertEqual(['bad'], list(report.failed))
                self.assertEqual(
                    self.content,
                    (self.work / store / IMAGE).read_bytes())
                self.assertEqual('StoreFull', report.to_dict()[
                    'failed']['bad']['error'])

    def test_all_that_may_fail_do(self) -> None:
        bad = [null_sink.NullSink(name, IMAGE, {'error': 'StoreFull',
                                                'fail_at': MIB})
               for name in ('x', 'y')]
        self.assertRaises(exceptions.StoreFull, self.run_with, *bad,
                          all_must_succeed=False)

    def test_a_failed_commit_is_taken_back_everywhere(self) -> None:
        """What goes wrong in taking back hides neither cause nor store."""
        class Stubborn(null_sink.NullSink):
            @classmethod
            def undo(cls, *args: Any) -> bool:
                raise exceptions.StoreError(store='a', detail='no way')

        sinks = [Stubborn('a', IMAGE, {}), self.file_sink('b'),
                 null_sink.NullSink('c', IMAGE, {'error': 'StoreFull',
                                                 'fail_in': 'commit'})]
        with self.assertLogs('glance_lifecycle', 'ERROR') as log:
            with self.assertRaises(exceptions.StoreFull) as caught:
                self.run_with(*sinks)
        self.assertEqual('c', caught.exception.store)
        self.assertIn('no way', ''.join(caught.exception.__notes__))
        self.assertIn('no way', ''.join(log.output))
        self.assertEqual([], self.files())

    def test_an_abort_that_raises_stops_no_other(self) -> None:
        class Broken(null_sink.NullSink):
            def abort(self) -> None:
                raise RuntimeError('surprise')

        with self.assertLogs('glance_lifecycle', 'ERROR'):
            self.assertRaises(
                exceptions.ImageRefused, self.run_with,
                Broken('a', IMAGE, {}), self.file_sink('b'),
                source=BrokenSource(self.fd(), read=0))
        self.assertEqual([], self.files())

    def test_a_bad_image(self) -> None:
        for options in ({'walk': 0}, {'walk': 7 * MIB}, {'read': 0},
                        {'read': 7 * MIB}):
            with self.subTest(options):
                self.assertRaises(
                    exceptions.ImageRefused, self.run_with,
                    self.file_sink('a'), self.file_sink('b'),
                    source=BrokenSource(self.fd(), **options))
                self.assertEqual([], self.files())

    def test_cancel(self) -> None:
        started = threading.Event()

        class Slow(null_sink.NullSink):
            def write(self, offset: int, data: memoryview) -> None:
                started.set()
                super().write(offset, data)

        running = engine.Engine(
            raw.RawSource(self.fd()),
            [self.file_sink('a'), Slow('slow', IMAGE, {'delay': 0.2})],
            ['md5'])

        def cancel() -> None:
            started.wait()
            running.cancel('it was late')

        canceller = threading.Thread(target=cancel)
        canceller.start()
        with self.assertRaisesRegex(exceptions.TransferCancelled, 'late'):
            running.run()
        canceller.join()
        self.assertEqual([], self.files())

    def test_progress_names_a_dropped_store(self) -> None:
        bad = null_sink.NullSink('bad', IMAGE, {'error': 'StoreFull',
                                                'fail_in': 'begin'})
        running = engine.Engine(
            raw.RawSource(self.fd()), [bad, self.file_sink('a')], ['md5'],
            all_must_succeed=False)
        running.run()
        found = running.progress()
        self.assertEqual(len(self.content), found['total'])
        self.assertEqual(-1, found['stores']['bad'])
        self.assertEqual(len(self.content), found['stores']['a'])


class ExtentTest(unittest.TestCase):

    def test_end(self) -> None:
        self.assertEqual(
            7, extents.Extent(3, 4, extents.Kind.DATA).end)
