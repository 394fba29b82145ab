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

"""A disk of random bytes, to measure a store with.

Nothing can compress them, and no two blocks are the same, so that no store
takes them for less than they are. They are a keystream of AES, some GiB a
second of one core, which no store is as fast as.
"""

from collections.abc import Iterator
import os
import threading

from cryptography.hazmat.primitives import ciphers
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.ciphers import modes

from glance_lifecycle.transfer import extents
from glance_lifecycle.transfer import source

# Bytes.
_BLOCK = 16
_PIECE = 256 * 1024
_ZEROS = bytes(_PIECE)


class NoiseSource(source.Source):
    """So many random bytes.

    :param fd: owned like that of any source, never read; or -1
    :param virtual_size: bytes
    """

    disk_format = 'raw'

    def __init__(self, fd: int = -1, *, virtual_size: int) -> None:
        self._fd = fd
        self.virtual_size = virtual_size
        # No secret: it only has to be another one each time.
        self._key = algorithms.AES128(os.urandom(16))
        self._made = 0
        self._lock = threading.Lock()

    def extents(self) -> Iterator[extents.Extent]:
        if self.virtual_size:
            yield extents.Extent(0, self.virtual_size, extents.Kind.DATA)

    def read_into(self, offset: int, buffer: memoryview) -> None:
        skipped = offset % _BLOCK
        stream = ciphers.Cipher(self._key, modes.CTR(
            (offset // _BLOCK).to_bytes(_BLOCK, 'big'))).encryptor()
        stream.update(_ZEROS[:skipped])
        for start in range(0, len(buffer), _PIECE):
            end = min(start + _PIECE, len(buffer))
            buffer[start:end] = stream.update(_ZEROS[:end - start])
        with self._lock:
            self._made += len(buffer)

    @property
    def bytes_read(self) -> int:
        return self._made

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
