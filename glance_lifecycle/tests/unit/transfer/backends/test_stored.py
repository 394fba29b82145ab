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

"""Copies read back from stores: whole, missing, changed, of other stores."""

from collections.abc import Iterator
import hashlib
import io
import json
import logging
import os
from typing import Any

from glance_store import capabilities
from glance_store import driver as store_driver
from glance_store import exceptions as store_exceptions
from glance_store import location as store_location
from oslo_config import cfg

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends.driver import source as driver_source
from glance_lifecycle.transfer.backends.driver import store as driver_store
from glance_lifecycle.transfer.backends.file import source as file_source
from glance_lifecycle.transfer.backends.null import sink as null_sink
from glance_lifecycle.transfer.backends.null import source as null_source
from glance_lifecycle.transfer.backends.rbd import source as rbd_source
from glance_lifecycle.transfer.backends import stored
from glance_lifecycle.transfer import engine
from glance_lifecycle.transfer import extents

IMAGE = helpers.IMAGE
MIB = 1024 ** 2
SECRET = 'hunter2'


def read(source: stored.StoredSource) -> dict[str, str]:
    """As the engine reads, with threads: the digests."""
    passed = engine.Engine(source, [null_sink.NullSink('', IMAGE, {})],
                           ['sha512'], workers=4)
    return passed.run().digests


def sha512(content: bytes) -> dict[str, str]:
    return {'sha512': hashlib.sha512(content).hexdigest()}


class FileTest(helpers.TempDirTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.store = os.path.join(self.path, 'one')
        os.mkdir(self.store)
        self.conf = helpers.load_conf(
            '[DEFAULT]\nenabled_backends = one:file\n[one]\n'
            'filesystem_store_datadir = %s\n' % self.store, self.path)
        self.content = os.urandom(MIB) + bytes(MIB) + b'end'
        self.file = os.path.join(self.store, IMAGE)
        with open(self.file, 'wb') as stream:
            stream.write(self.content[:MIB])
            stream.seek(2 * MIB)
            stream.write(b'end')

    def describe(self, url: str | None = None,
                 size: int | None = None) -> dict[str, Any]:
        options = file_source.StoredFile.describe(
            self.conf, 'one', url or 'file://' + self.file, size)
        again: dict[str, Any] = json.loads(json.dumps(options))
        return again

    def open(self, **options: Any) -> file_source.StoredFile:
        source = file_source.StoredFile(-1, **self.describe(**options))
        self.addCleanup(source.close)
        return source

    def test_whole(self) -> None:
        source = self.open(size=len(self.content))
        kinds = [(e.start, e.kind) for e in source.extents()]
        self.assertEqual([(0, extents.Kind.DATA), (MIB, extents.Kind.ZERO),
                          (2 * MIB, extents.Kind.DATA)], kinds)
        self.assertEqual(sha512(self.content), read(source))
        self.assertEqual(MIB + 3, source.bytes_read)

    def test_missing(self) -> None:
        os.unlink(self.file)
        with self.assertRaises(exceptions.CopyMissing) as caught:
            self.open()
        self.assertNotIn(self.store, str(caught.exception))

    def test_size(self) -> None:
        self.assertRaises(exceptions.CopyCorrupt, self.open, size=7)

    def test_link(self) -> None:
        os.rename(self.file, self.file + 'x')
        os.symlink(self.file + 'x', self.file)
        self.assertRaises(exceptions.StoreError, self.open)

    def test_no_regular_file(self) -> None:
        os.unlink(self.file)
        os.mkfifo(self.file)
        self.assertRaises(exceptions.StoreError, self.open)

    def test_no_store(self) -> None:
        options = self.describe()
        os.rename(self.store, self.store + 'x')
        self.assertRaises(exceptions.StoreError, file_source.StoredFile, -1,
                          **options)

    def test_elsewhere(self) -> None:
        """A location that somebody wrote by hand opens no other file."""
        for url in ('file:///etc/shadow', 'rbd://a', '',
                    'file://%s/../shadow' % self.store,
                    'file://%s/x/y' % self.store,
                    'file://%s/' % self.store, 'file://%s/..' % self.store):
            with self.subTest(url), self.assertRaises(
                    exceptions.StoreError) as caught:
                self.describe(url=url or 'x')
            self.assertNotIn('shadow', str(caught.exception))

    def test_shrunk(self) -> None:
        source = self.open()
        os.truncate(self.file, 5)
        self.assertRaises(exceptions.CopyCorrupt, read, source)

    def test_fingerprint(self) -> None:
        source = self.open()
        before = source.fingerprint
        self.assertEqual(before, source.fingerprint)
        with open(self.file, 'r+b') as stream:
            stream.write(b'x')
        os.utime(self.file, (1, 1))
        self.assertNotEqual(before, source.fingerprint)


class StreamStore(store_driver.Store):
    """A driver that yields chunks as its ``fault`` says."""

    _CAPABILITIES = capabilities.BitMasks.RW_ACCESS

    def __init__(self, content: bytes, fault: str = '') -> None:
        super().__init__(cfg.CONF, 'far')
        self.content = content
        self.fault = fault

    def get_schemes(self) -> tuple[str, ...]:
        return ('far',)

    def get_store_location_class(self) -> Any:
        return Location

    def get_size(self, location: Any, context: Any = None) -> int:
        if self.fault == 'missing':
            raise store_exceptions.NotFound(image=SECRET)
        if self.fault == 'denied':
            raise KeyError('far://user:%s@host' % SECRET)
        return len(self.content)

    def get(self, location: Any, offset: int = 0,
            chunk_size: int | None = None, context: Any = None) -> Any:
        return self._chunks(), len(self.content)

    def _chunks(self) -> Iterator[bytes]:
        stream = io.BytesIO(self.content)
        while chunk := stream.read(100003):
            yield chunk
            yield b''
            if self.fault == 'breaks':
                raise ConnectionResetError(104, SECRET)
            if self.fault == 'ends':
                return
        if self.fault == 'goes on':
            yield b'more'


class Location(store_location.StoreLocation):

    def process_specs(self) -> None:
        pass

    def parse_uri(self, uri: str) -> None:
        self.uri = uri

    def get_uri(self) -> str:
        return self.uri


class StreamTest(helpers.TempDirTestCase):

    def setUp(self) -> None:
        super().setUp()
        logging.disable(logging.ERROR)
        self.addCleanup(logging.disable, logging.NOTSET)
        self.content = os.urandom(9 * MIB + 11)

    def open(self, fault: str = '', size: int | None = None
             ) -> driver_source.StoredStream:
        original = driver_store.build
        driver_store.build = lambda *_args: StreamStore(self.content, fault)
        self.addCleanup(setattr, driver_store, 'build', original)
        source = driver_source.StoredStream(
            -1, store='far', driver='far', url='far://host/x',
            config_files=[], config_dirs=[], size=size)
        self.addCleanup(source.close)
        return source

    def test_whole(self) -> None:
        source = self.open(size=len(self.content))
        self.assertEqual(sha512(self.content), read(source))
        self.assertEqual(len(self.content), source.bytes_read)

    def test_empty(self) -> None:
        self.content = b''
        self.assertEqual(sha512(b''), read(self.open(size=0)))

    def test_faults(self) -> None:
        for fault, error in (('missing', exceptions.CopyMissing),
                             ('denied', exceptions.StoreError),
                             ('breaks', exceptions.StoreError),
                             ('ends', exceptions.CopyCorrupt),
                             ('goes on', exceptions.CopyCorrupt)):
            with self.subTest(fault), self.assertRaises(error) as caught:
                read(self.open(fault))
            self.assertIn('far', str(caught.exception))
            self.assertNotIn(SECRET, str(caught.exception))

    def test_size(self) -> None:
        self.assertRaises(exceptions.CopyCorrupt, self.open, size=5)

    def test_no_secret_in_options(self) -> None:
        conf = helpers.load_conf(
            '[DEFAULT]\nenabled_backends = web:http, sw:swift\n', self.path)
        describe = driver_source.StoredStream.describe
        with self.assertRaises(exceptions.ConfigurationError) as caught:
            describe(conf, 'web', 'http://user:%s@host/x' % SECRET, 3)
        self.assertNotIn(SECRET, str(caught.exception))
        self.assertEqual('http://host/x', describe(
            conf, 'web', 'http://host/x', 3)['url'])


class NullTest(helpers.TempDirTestCase):

    def test_zeros(self) -> None:
        source = null_source.StoredNull(
            **null_source.StoredNull.describe(None, 'none', 'x', MIB))
        self.assertEqual(sha512(bytes(MIB)), read(source))


class RbdLocationTest(helpers.TempDirTestCase):

    def test_parsed(self) -> None:
        self.assertEqual(
            ('f', 'a pool', 'x', 'snap'),
            rbd_source.parsed('s', 'rbd://f/a%20pool/x/snap'))
        self.assertEqual(('', '', 'x', ''),
                         rbd_source.parsed('s', 'rbd://x'))
        for url in ('rbd://', 'rbd://a/b', 'rbd://a//b/c', 'file:///x',
                    'rbd://a/b/c/d/e'):
            self.assertRaises(exceptions.StoreError, rbd_source.parsed, 's',
                              url)

    def test_whole(self) -> None:
        def kinds(*allocated: tuple[int, int]) -> list[tuple[int, int, str]]:
            return [(e.start, e.end, e.kind.value) for e in rbd_source.whole(
                list(allocated), 10, 100)]
        self.assertEqual([(10, 100, 'zero')], kinds())
        self.assertEqual([(10, 100, 'data')], kinds((0, 200)))
        self.assertEqual(
            [(10, 20, 'zero'), (20, 30, 'data'), (30, 40, 'data'),
             (40, 90, 'zero'), (90, 100, 'data')],
            kinds((90, 100), (20, 30), (25, 40)))
