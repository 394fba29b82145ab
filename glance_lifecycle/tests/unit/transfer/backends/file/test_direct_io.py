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


import mmap
import os
import tempfile
import unittest

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies

from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends.file import direct_io

BLOCK = direct_io.BLOCK


class WriterTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        # The working directory: /tmp may be a tmpfs of any kernel.
        self.file = tempfile.NamedTemporaryFile(dir='.')
        self.addCleanup(self.file.close)
        self.fd = self.file.fileno()
        self.dir_fd = os.open('.', os.O_RDONLY)
        self.addCleanup(os.close, self.dir_fd)

    def writer(self) -> direct_io.Writer:
        direct = direct_io.open_direct(os.path.basename(self.file.name),
                                       self.dir_fd)
        writer = direct_io.Writer(self.fd, direct)
        self.addCleanup(writer.close)
        return writer

    def check(self, offset: int, expected: bytes) -> None:
        self.assertEqual(expected, os.pread(self.fd, len(expected), offset))

    @settings(max_examples=80)
    @given(st_offset=strategies.integers(0, 3 * BLOCK),
           st_length=strategies.integers(1, 2100000),
           st_skew=strategies.sampled_from((0, 0, 1, 512, BLOCK)),
           st_readonly=strategies.booleans())
    def test_any_alignment(self, st_offset: int, st_length: int,
                           st_skew: int, st_readonly: bool) -> None:
        os.ftruncate(self.fd, 0)
        buffer = mmap.mmap(-1, st_skew + st_length)
        view = memoryview(buffer)[st_skew:]
        content = helpers.noise(1021) * (st_length // 1021 + 1)
        view[:] = content[:st_length]
        writer = self.writer()
        writer.write(st_offset, view.toreadonly() if st_readonly else view)
        writer.close()
        self.check(st_offset, content[:st_length])
        self.check(0, bytes(st_offset))
        self.assertEqual(st_offset + st_length, os.fstat(self.fd).st_size)

    def test_neighbours_in_one_block(self) -> None:
        writer = self.writer()
        content = helpers.noise(700001)
        cuts = [0, 1, 99999, 100000, 266144, 266145, 700001]
        for start, end in zip(cuts, cuts[1:], strict=False):
            writer.write(start, memoryview(bytearray(content[start:end])))
        self.check(0, content)

    def test_refused_at_the_first_write(self) -> None:
        # A pipe-like descriptor is not at hand; one that wants 4096 and is
        # given a length of 512s answers EINVAL as such file systems do.
        writer = self.writer()
        if not writer.direct:
            self.skipTest('no O_DIRECT in the working directory')
        view = memoryview(mmap.mmap(-1, 8192))[1:4097]
        view[:] = b'q' * 4096
        writer._direct(0, view)
        self.check(0, b'q' * 4096)
        self.assertFalse(writer.direct)
        writer.write(4096, memoryview(b'r' * 100000))
        self.check(4096, b'r' * 100000)

    def test_without_direct(self) -> None:
        writer = direct_io.Writer(self.fd, None)
        writer.write(5, memoryview(b'z' * 200000))
        self.check(5, b'z' * 200000)
        writer.close()
        writer.close()
