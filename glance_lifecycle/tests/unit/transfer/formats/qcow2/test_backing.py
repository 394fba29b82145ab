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

"""The name of a backing file, out of headers of qemu-img and by hand."""

import os
import pathlib
import struct
import subprocess
import tempfile
import unittest

import hypothesis
from hypothesis import strategies

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.formats.qcow2 import backing
from glance_lifecycle.transfer.formats.qcow2 import file as qcow2_file


def header(name: bytes = b'/x', *, offset: int = 512, length: int = -1,
           version: int = 3, bits: int = 16) -> bytes:
    begin = struct.pack('>4sIQIIQ', b'QFI\xfb', version, offset,
                        len(name) if length < 0 else length, bits, 1024)
    return begin.ljust(512, b'\0') + name


class BackingTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = pathlib.Path(directory.name, 'disk')

    def overlay(self, data: bytes | None = None) -> backing.Overlay | None:
        if data is not None:
            self.path.write_bytes(data)
        file = qcow2_file.ImageFile(os.open(self.path, os.O_RDONLY))
        try:
            return backing.overlay(file)
        finally:
            file.close()

    def test_real(self) -> None:
        for options in ([], ['-o', 'compat=0.10'], ['-o', 'cluster_size=512']):
            for name in ('/srv/base', '../base', 'b' * 300):
                subprocess.run(
                    ['qemu-img', 'create', '-q', '-f', 'qcow2', '-u', '-F',
                     'raw', '-b', name, *options, str(self.path), '3M'],
                    check=name != 'b' * 300, stderr=subprocess.DEVNULL)
                found = self.overlay()
                if found is not None and len(name) < 300:
                    self.assertEqual(
                        (name.encode(), 3 * 1024 ** 2),
                        (found.name, found.virtual_size))
                self.path.unlink()
        subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2',
                        str(self.path), '1M'], check=True)
        self.assertEqual(backing.Overlay(b'', 1024 ** 2), self.overlay())

    def test_by_hand(self) -> None:
        self.assertEqual(b'/x', self.name(header()))
        self.assertEqual(b'n' * 1023, self.name(header(b'n' * 1023)))
        for data in (b'', b'QFI', b'raw' * 100, b'\0' * 512):
            self.assertIsNone(self.overlay(data))
        for data in (header(b'n' * 1024), header(length=2 ** 32 - 1),
                     header(offset=2 ** 64 - 1), header(version=4),
                     header(bits=63), header(bits=0), header(length=1000),
                     header(offset=65536, length=1)):
            with self.assertRaises(exceptions.ImageRefused):
                self.overlay(data)

    def name(self, data: bytes) -> bytes:
        found = self.overlay(data)
        assert found is not None
        return found.name

    @hypothesis.given(strategies.binary(max_size=700))
    def test_anything(self, data: bytes) -> None:
        """Nothing but a refusal comes of it."""
        for text in (data, b'QFI\xfb\0\0\0\3' + data):
            try:
                found = self.overlay(text)
            except exceptions.ImageRefused:
                continue
            self.assertLessEqual(len(found.name) if found else 0, 1023)
