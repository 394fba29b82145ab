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

"""Digests of the guest's bytes.

hashlib releases the interpreter lock for large buffers, so each algorithm
has a thread of its own and costs wall time only where cores are lacking.
"""

from collections.abc import Callable
import hashlib
import os

from glance_lifecycle import exceptions
from glance_lifecycle.transfer import zeros

CHUNK = 2 * 1024 * 1024


def of_file(fd: int, algorithm: str, beat: Callable[[int], None]) -> bytes:
    """Digest of a whole file, read once from its start.

    :param beat: called with the bytes done, after every chunk
    :raises SourceError: the file cannot be read
    """
    value = hashlib.new(algorithm, usedforsecurity=False)
    buffer = memoryview(bytearray(CHUNK))
    done = 0
    try:
        while count := os.preadv(fd, [buffer], done):
            value.update(buffer[:count])
            done += count
            beat(done)
    except OSError as error:
        raise exceptions.SourceError(detail=error.strerror) from error
    return value.digest()


class Digest:
    """One algorithm over one stream.

    :param algorithm: a name that hashlib knows, such as ``sha512``
    :raises ValueError: an unknown algorithm, or one of variable length
    """

    def __init__(self, algorithm: str) -> None:
        # usedforsecurity=False: Glance's md5 is a checksum, and FIPS builds
        # refuse it otherwise.
        self._hash = hashlib.new(algorithm, usedforsecurity=False)
        if not self._hash.digest_size:
            raise ValueError('digest %s has no fixed length' % algorithm)
        self.algorithm = algorithm

    def data(self, buffer: memoryview) -> None:
        self._hash.update(buffer)

    def zeros(self, length: int) -> None:
        whole, rest = divmod(length, len(zeros.BLOCK))
        for _ in range(whole):
            self._hash.update(zeros.BLOCK)
        if rest:
            self._hash.update(zeros.BLOCK[:rest])

    def hexdigest(self) -> str:
        return self._hash.hexdigest()
