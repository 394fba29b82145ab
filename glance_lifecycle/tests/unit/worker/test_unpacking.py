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

import bz2
import lzma
from typing import Any
import zlib

from kombu import compression
import testtools

from glance_lifecycle.worker import unpacking

KOMBU: Any = compression


class UnpackingTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        unpacking.bound()

    def test_bound(self) -> None:
        for name, pack in (('gzip', zlib.compress), ('zlib', zlib.compress),
                           ('bzip2', bz2.compress),
                           ('application/x-bz2', bz2.compress)):
            for size in (0, 2000, unpacking.LIMIT):
                self.assertEqual(size, len(KOMBU.decompress(
                    pack(bytes(size)), name)))
            for packed in (pack(bytes(unpacking.LIMIT + 1)),
                           pack(b'x' * 2000)[:-1], b''):
                with testtools.ExpectedException(ValueError, 'it is cut off'):
                    KOMBU.decompress(packed, name)

    def test_others(self) -> None:
        with testtools.ExpectedException(ValueError, 'only gzip'):
            KOMBU.decompress(lzma.compress(b'x'), 'lzma')

    def test_again(self) -> None:
        unpacking.bound()
        self.assertEqual((b'x', b'y'), (
            KOMBU.decompress(KOMBU.compress(b'x', 'gzip')[0], 'gzip'),
            KOMBU.decompress(KOMBU.compress(b'y', 'bzip2')[0], 'bzip2')))
