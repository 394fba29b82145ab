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

"""Packed logs: the same as plain ones, and no more memory."""

import bz2
from collections.abc import Callable
import gzip
import io
import lzma
import pathlib
import random
import tempfile
import tracemalloc
from typing import Any
import zlib

import fixtures
import testtools

from glance_lifecycle.audit.diagnosis import logs
from glance_lifecycle.audit.diagnosis import packed
from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.audit.diagnosis import cases

MIB = 1024 * 1024
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    'gzip': gzip.compress, 'bzip2': bz2.compress, 'xz': lzma.compress}


class Dripping(io.BytesIO):
    """A pipe that gives a byte or two."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(2, 2 if size is None else size))


def unpacked(data: bytes, size: int = 1000,
             kind: type[io.BytesIO] = io.BytesIO) -> bytes:
    log = packed.Log(kind(data))
    return b''.join(iter(lambda: log.read(size), b''))


class LogTest(testtools.TestCase):

    def test_same(self) -> None:
        data = random.Random(3).randbytes(700000) + b'x' * 3 * MIB
        self.assertEqual(data, unpacked(data))
        for name, pack in PACKERS.items():
            self.assertEqual(data, unpacked(pack(data)), name)
            # As "cat a.gz b.gz" has them, and filled up with zeros.
            self.assertEqual(data + b'more', unpacked(
                pack(data) + pack(b'more') + bytes(512), MIB), name)

    def test_short(self) -> None:
        for data in (b'', b'a', b'\x1f\x8b', b'BZ', b'\xfd7zX'):
            self.assertEqual(data, unpacked(data))
            for name, pack in PACKERS.items():
                self.assertEqual(data, unpacked(pack(data)), name)

    def test_pipe(self) -> None:
        data = random.Random(3).randbytes(3000)
        self.assertEqual(data, unpacked(data, kind=Dripping))
        for name, pack in PACKERS.items():
            self.assertEqual(data, unpacked(
                pack(data), kind=Dripping), name)

    def broken(self, data: bytes) -> str:
        def drained() -> None:
            log = packed.Log(io.BytesIO(data))
            while log.read(MIB):
                pass

        return str(self.assertRaises(packed.Broken, drained))

    def test_damaged(self) -> None:
        data = random.Random(3).randbytes(700000)
        for name, pack in PACKERS.items():
            whole = pack(data)
            middle = len(whole) // 2
            for text in (whole[:-1], whole[:middle], whole[:20],
                         whole[:middle] + b'????????' + whole[middle + 8:],
                         whole + b'no more of it'):
                self.assertIn('no whole %s file' % name, self.broken(text))
        self.assertIn('ends early', self.broken(gzip.compress(data)[:-1]))

    def test_bomb(self) -> None:
        """It ends soon, with little memory."""
        packers: dict[str, Any] = {
            'gzip': zlib.compressobj(9, wbits=31),
            'bzip2': bz2.BZ2Compressor(),
            'xz': lzma.LZMACompressor(preset=0)}
        zeros = bytes(4 * MIB)
        self.useFixture(fixtures.MonkeyPatch(
            'glance_lifecycle.audit.diagnosis.packed._FREE', 8 * MIB))
        for name, one in packers.items():
            data = b''.join([*(one.compress(zeros) for _ in range(3)),
                             one.flush()])
            tracemalloc.start()
            self.addCleanup(tracemalloc.stop)
            self.assertIn('that is no log', self.broken(data), name)
            self.assertLess(tracemalloc.get_traced_memory()[1], 10 * MIB)
            tracemalloc.stop()

    def test_much_memory(self) -> None:
        """A header of xz that asks for a dictionary of a GiB."""
        data = lzma.compress(b'x' * 100, filters=[{
            'id': lzma.FILTER_LZMA2, 'preset': 0, 'dict_size': 2**16}])
        # The last byte of the properties: 2 << 40 / 2 KiB.
        place = data.index(b'\x21\x01') + 2
        header = bytearray(data[12:24])
        header[place - 12] = 38
        header[8:] = zlib.crc32(bytes(header[:8])).to_bytes(4, 'little')
        self.assertIn('emory', self.broken(
            data[:12] + bytes(header) + data[24:]))

    def test_zstd(self) -> None:
        self.assertIn('zstdcat', self.broken(b'\x28\xb5\x2f\xfd....'))


class ReadTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = pathlib.Path(directory.name, 'x.log.2')

    def test_lines(self) -> None:
        text = ('no\n%s yes\nno\n' % cases.IMAGE).encode()
        for pack in PACKERS.values():
            self.path.write_bytes(pack(text))
            [line] = logs.read(str(self.path), [cases.IMAGE])
            self.assertEqual((2, cases.IMAGE + ' yes'),
                             (line.number, line.text))

    def test_broken(self) -> None:
        self.path.write_bytes(gzip.compress(b'x' * 100)[:-1])
        error = self.assertRaises(exceptions.ConfigurationError, logs.read,
                                  str(self.path), [cases.IMAGE])
        self.assertIn(str(self.path), str(error))
        self.assertIn('ends early', str(error))
