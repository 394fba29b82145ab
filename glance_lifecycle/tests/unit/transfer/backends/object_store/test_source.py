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

"""Objects that are read by ranges: what comes back, and from where."""

import hashlib
import threading
from typing import Any
import unittest

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.tests import waiting
from glance_lifecycle.transfer.backends.null import sink as null_sink
from glance_lifecycle.transfer.backends.object_store import ranges
from glance_lifecycle.transfer.backends.object_store \
    import source as object_source
from glance_lifecycle.transfer import engine

MIB = 1024 * 1024
SECRET = 'hunter2'


class Shelf:
    """A service that keeps one object in memory."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.head = {'version': '1', 'size': len(content)}
        self.knows_ranges = True
        self.is_open = False

    def connect(self) -> None:
        self.is_open = True

    def close(self) -> None:
        self.is_open = False

    def find(self, _name: str) -> dict[str, Any] | None:
        return self.head or None

    def read(self, _name: str, offset: int, length: int
             ) -> tuple[dict[str, Any], bytes | None]:
        if not self.knows_ranges:
            return self.head, None
        return self.head, self.content[offset:offset + length]


class Together(Shelf):
    """Each answer waits for another request."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.barrier = threading.Barrier(2)

    def read(self, name: str, offset: int, length: int
             ) -> tuple[dict[str, Any], bytes | None]:
        self.barrier.wait(waiting.BOUND)
        return super().read(name, offset, length)


class Source(object_source.StoredObject):

    def __init__(self, service: Shelf, size: int | None = None) -> None:
        super().__init__(store='shelf', service=service, name='x',
                         place='the shelf', size=size)

    @classmethod
    def describe(cls, conf: object, store: str, url: str,
                 size: int | None) -> dict[str, object]:
        return {}

    @staticmethod
    def size_of(head: dict[str, Any]) -> int:
        return int(head['size'])

    @staticmethod
    def version_of(head: dict[str, Any]) -> str:
        return str(head['version'])


def digest(source: Source) -> str:
    return engine.Engine(
        source, [null_sink.NullSink('', helpers.IMAGE, {})], ['sha512'],
        workers=source.workers).run().digests['sha512']


class ReadingTest(unittest.TestCase):

    def test_whole(self) -> None:
        for size in (0, 1, 9 * MIB + 7):
            content = helpers.noise(size)
            source = Source(Shelf(content), size)
            self.assertEqual(hashlib.sha512(content).hexdigest(),
                             digest(source))
            self.assertEqual(size, source.bytes_read)
            self.assertEqual('1', source.fingerprint)

    def test_at_the_same_time(self) -> None:
        content = helpers.noise(8 * MIB)
        self.assertEqual(hashlib.sha512(content).hexdigest(),
                         digest(Source(Together(content))))

    def test_missing(self) -> None:
        shelf = Shelf(b'x')
        source = Source(shelf)
        shelf.head = {}
        with self.assertRaisesRegex(exceptions.CopyMissing,
                                    'removed while it was read'):
            digest(source)
        with self.assertRaisesRegex(exceptions.CopyMissing,
                                    'object x of the shelf is not there'):
            Source(shelf)
        self.assertFalse(shelf.is_open)

    def test_another_size(self) -> None:
        shelf = Shelf(b'x')
        with self.assertRaisesRegex(exceptions.CopyCorrupt, '1 bytes'):
            Source(shelf, 2)
        self.assertFalse(shelf.is_open)

    def test_replaced(self) -> None:
        shelf = Shelf(b'x')
        source = Source(shelf)
        shelf.head = {**shelf.head, 'version': '2'}
        with self.assertRaisesRegex(exceptions.CopyCorrupt,
                                    'replaced while it was read'):
            digest(source)

    def test_no_ranges(self) -> None:
        shelf = Shelf(b'x')
        source = Source(shelf)
        shelf.knows_ranges = False
        with self.assertRaisesRegex(exceptions.StoreError, 'know ranges'):
            digest(source)


class LocationTest(unittest.TestCase):

    def test_parsed(self) -> None:
        for url in ('s3://host:80/path/bucket/key',
                    f's3://user:{SECRET}@host:80/path/bucket/key',
                    f's3://user:a/b/{SECRET}@host:80/path/bucket/key'):
            self.assertEqual(
                ('host:80/path', 'bucket', 'key'),
                object_source.parsed('one', url, ('s3',)))

    def test_others(self) -> None:
        for url in ('', 's3', 's3://', 's3://host', 's3://host/key',
                    's3:///bucket/key', 's3://host//key', 's3://host/b/',
                    f'swift://a:{SECRET}@host/b/k'):
            with self.subTest(url), self.assertRaises(
                    exceptions.StoreError) as caught:
                object_source.parsed('one', url, ('s3', 's3+https'))
            self.assertNotIn(SECRET, str(caught.exception))


class RangesTest(unittest.TestCase):

    def test_header(self) -> None:
        self.assertEqual('bytes=0-0', ranges.header(0, 1))
        self.assertEqual('bytes=5-14', ranges.header(5, 10))

    def test_answer(self) -> None:
        good = {'content-length': '10', 'content-range': 'bytes 5-14/100'}
        self.assertTrue(ranges.is_answer(good, 5, 10))
        self.assertTrue(ranges.is_answer(
            {**good, 'content-range': 'bytes 5-14/*'}, 5, 10))
        for name in good:
            cut = {k: v for k, v in good.items() if k != name}
            self.assertFalse(ranges.is_answer(cut, 5, 10))
        self.assertFalse(ranges.is_answer(good, 5, 11))
        self.assertFalse(ranges.is_answer(good, 4, 10))
        self.assertFalse(ranges.is_answer(
            {**good, 'content-range': 'bytes 5-1'}, 5, 10))
