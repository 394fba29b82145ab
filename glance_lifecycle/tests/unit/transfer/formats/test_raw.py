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

import errno
import os
import pathlib
import tempfile
import threading
from unittest import mock

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies
from oslotest import base

from glance_lifecycle import exceptions
from glance_lifecycle.transfer import extents
from glance_lifecycle.transfer.formats import raw

BLOCK = 64 * 1024


def sparse(path: pathlib.Path, blocks: list[bool], tail: int = 0) -> bytes:
    """A file of data blocks and holes; returns what it reads as."""
    content = b''
    with path.open('wb') as handle:
        for index, data in enumerate(blocks):
            block = bytes([index % 255 + 1]) * BLOCK if data else bytes(BLOCK)
            content += block
            if data:
                handle.seek(index * BLOCK)
                handle.write(block)
        handle.truncate(len(content) + tail)
    return content + bytes(tail)


def read_all(source: raw.RawSource) -> bytes:
    """All bytes as the engine gets them: zeros are never read."""
    result = bytearray(source.virtual_size)
    position = 0
    for extent in source.extents():
        assert extent.start == position and extent.length > 0
        position = extent.end
        if extent.kind is extents.Kind.DATA:
            with memoryview(result) as view:
                source.read_into(extent.start,
                                 view[extent.start:extent.end])
    assert position == source.virtual_size
    return bytes(result)


class RawSourceTest(base.BaseTestCase):

    def setUp(self) -> None:
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = pathlib.Path(directory.name, 'image')

    def open(self, **options: int) -> raw.RawSource:
        source = raw.RawSource(os.open(self.path, os.O_RDONLY), **options)
        self.addCleanup(source.close)
        return source

    def kinds(self, source: raw.RawSource) -> list[tuple[int, int, str]]:
        return [(e.start, e.length, e.kind.value) for e in source.extents()]

    def test_holes(self) -> None:
        # Not synced: with delayed allocation the data have no place on the
        # disk yet, and still are data.
        content = sparse(self.path, [False, True, True, False, True, False])
        source = self.open()
        self.assertEqual(
            [(0, BLOCK, 'zero'), (BLOCK, 2 * BLOCK, 'data'),
             (3 * BLOCK, BLOCK, 'zero'), (4 * BLOCK, BLOCK, 'data'),
             (5 * BLOCK, BLOCK, 'zero')], self.kinds(source))
        self.assertEqual(content, read_all(source))
        self.assertEqual(3 * BLOCK, source.bytes_read)

    def test_dirty_pages_written_after_the_open(self) -> None:
        sparse(self.path, [False] * 4)
        source = self.open()
        with self.path.open('r+b') as handle:
            handle.seek(2 * BLOCK)
            handle.write(b'x' * BLOCK)
            handle.flush()
            self.assertEqual([(0, 2 * BLOCK, 'zero'),
                              (2 * BLOCK, BLOCK, 'data'),
                              (3 * BLOCK, BLOCK, 'zero')],
                             self.kinds(source))

    def test_empty(self) -> None:
        self.path.touch()
        source = self.open()
        self.assertEqual(0, source.virtual_size)
        self.assertEqual([], self.kinds(source))

    def test_all_hole(self) -> None:
        sparse(self.path, [], tail=10 * BLOCK + 7)
        self.assertEqual([(0, 10 * BLOCK + 7, 'zero')],
                         self.kinds(self.open()))

    def test_size_is_no_multiple_of_a_sector(self) -> None:
        self.path.write_bytes(b'x' * 1000001)
        source = self.open()
        self.assertEqual([(0, 1000001, 'data')], self.kinds(source))
        self.assertEqual(b'x' * 1000001, read_all(source))

    def test_file_system_without_holes(self) -> None:
        content = sparse(self.path, [False, True])
        source = self.open()
        for code in (errno.EINVAL, errno.EOPNOTSUPP):
            error = OSError(code, os.strerror(code))
            with mock.patch.object(os, 'lseek', side_effect=error):
                self.assertEqual([(0, 2 * BLOCK, 'data')],
                                 self.kinds(source))
                self.assertEqual(content, read_all(source))

    def test_any_other_error_of_lseek(self) -> None:
        sparse(self.path, [True])
        source = self.open()
        with mock.patch.object(os, 'lseek', side_effect=OSError(
                errno.EIO, 'Input/output error')):
            self.assertRaises(exceptions.SourceError, self.kinds, source)

    def test_shrunk_is_refused(self) -> None:
        sparse(self.path, [True, True])
        source = self.open()
        os.truncate(self.path, BLOCK)
        for call in (lambda: self.kinds(source),
                     lambda: source.read_into(
                         BLOCK - 10, memoryview(bytearray(20)))):
            error = self.assertRaises(exceptions.ImageRefused, call)
            self.assertEqual('truncated', error.reason)

    def test_shrunk_while_extents_are_read(self) -> None:
        sparse(self.path, [True, False, True])
        source = self.open()
        iterator = source.extents()
        next(iterator)
        os.truncate(self.path, BLOCK)
        self.assertRaises(exceptions.ImageRefused, list, iterator)

    def test_grown_is_refused(self) -> None:
        sparse(self.path, [True])
        source = self.open()
        os.truncate(self.path, 2 * BLOCK)
        error = self.assertRaises(exceptions.ImageRefused, self.kinds, source)
        self.assertEqual('changed', error.reason)

    def test_too_large(self) -> None:
        sparse(self.path, [], tail=1001)
        self.open(max_virtual_size=1001)
        error = self.assertRaises(exceptions.ImageRefused, self.open,
                                  max_virtual_size=1000)
        self.assertEqual('size-limit', error.reason)

    def test_only_regular_files(self) -> None:
        reader, writer = os.pipe()
        self.addCleanup(os.close, writer)
        self.assertRaises(exceptions.SourceError, raw.RawSource, reader)
        # Closed by the failed constructor.
        self.assertRaises(OSError, os.fstat, reader)

    def test_closing_twice(self) -> None:
        self.path.touch()
        source = self.open()
        source.close()
        source.close()
        self.assertRaises(exceptions.SourceError, self.kinds, source)

    def test_reads_from_many_threads(self) -> None:
        content = sparse(self.path, [True] * 8)
        source = self.open()
        found = [bytearray(BLOCK) for _ in range(8)]
        threads = [threading.Thread(
            target=source.read_into, args=(i * BLOCK, memoryview(found[i])))
            for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(content, b''.join(found))
        self.assertEqual(8 * BLOCK, source.bytes_read)

    @given(strategies.lists(strategies.booleans(), max_size=12),
           strategies.integers(0, BLOCK))
    @settings(max_examples=40)
    def test_any_map(self, blocks: list[bool], tail: int) -> None:
        content = sparse(self.path, blocks, tail)
        source = raw.RawSource(os.open(self.path, os.O_RDONLY))
        try:
            self.assertEqual(content, read_all(source))
        finally:
            source.close()
