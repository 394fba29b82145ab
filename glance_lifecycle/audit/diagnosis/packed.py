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

"""Logs as logrotate packs them, unpacked as they are read.

By their first bytes, not by their names: gzip, bzip2 and xz, one or several
in a row. Memory is bounded by the block and, of xz, by a limit; a file that
unpacks to more than logs do is refused.
"""

import bz2
from collections.abc import Callable
import lzma
from typing import BinaryIO
from typing import Protocol
import zlib

#: Of one file, unpacked.
MOST = 64 * 2**30
#: Lines that repeat themselves are packed to a hundredth, seldom to less.
MOST_RATIO = 1000
# Below that, nobody minds the ratio.
_FREE = 256 * 2**20
# What "xz -9" takes is 65 MiB; a header may ask for 4 GiB.
_MOST_MEMORY = 128 * 2**20

_READ = 256 * 1024
_LONGEST_MAGIC = 6


class Broken(Exception):
    """It cannot be unpacked; the text says why, without a full stop."""


class _Unpacker(Protocol):

    @property
    def eof(self) -> bool:
        """Whether its end was seen."""

    @property
    def needs_input(self) -> bool:
        """Whether it gives no more without more data."""

    @property
    def unused_data(self) -> bytes:
        """What came after its end."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """At most so many bytes."""


class _Gzip:
    """zlib's, with the interface of the other two."""

    def __init__(self) -> None:
        self._one = zlib.decompressobj(16 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._one.eof

    @property
    def unused_data(self) -> bytes:
        return self._one.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._one.unconsumed_tail

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._one.decompress(
            self._one.unconsumed_tail + data, max_length)


def _xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, _MOST_MEMORY)


#: Name, first bytes, and what unpacks it.
KINDS: tuple[tuple[str, bytes, Callable[[], _Unpacker]], ...] = (
    ('gzip', b'\x1f\x8b\x08', _Gzip),
    ('bzip2', b'BZh', bz2.BZ2Decompressor),
    ('xz', b'\xfd7zXZ\0', _xz),
)
# Read by nothing that Python brings.
_ZSTD = b'\x28\xb5\x2f\xfd'


class Log:
    """A log that is read from its beginning, packed or not.

    :raises Broken: it is packed in a way that is not known
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._head = _head(file)
        if self._head.startswith(_ZSTD):
            raise Broken('it is packed with zstd: give what "zstdcat" '
                         'unpacks')
        self._kind = ''
        self._unpacker: _Unpacker | None = None
        for name, magic, new in KINDS:
            if self._head.startswith(magic):
                self._kind, self._new, self._unpacker = name, new, new()
        self._packed = self._unpacked = 0

    def read(self, size: int) -> bytes:
        """At most so many bytes; none at its end.

        :raises Broken: it is damaged, or no log
        """
        if self._unpacker is None:
            return self._take(size)
        try:
            found = self._read(self._unpacker, size)
        except (EOFError, OSError, ValueError, zlib.error, lzma.LZMAError
                ) as error:
            # EOFError: after the end of an unpacker, a fault of ours.
            raise Broken('it is no whole %s file (%s)' % (
                self._kind, error)) from None
        self._unpacked += len(found)
        if self._unpacked > min(MOST, max(
                _FREE, MOST_RATIO * self._packed)):
            raise Broken('%d bytes of it unpack to more than %d: that is no '
                         'log. Unpack it yourself if it is one' % (
                             self._packed, self._unpacked))
        return found

    def _read(self, unpacker: _Unpacker, size: int) -> bytes:
        while True:
            data = b''
            if unpacker.eof:
                data = unpacker.unused_data.lstrip(b'\0') or self._more()
                if not data:
                    return b''
                unpacker = self._unpacker = self._new()
            elif unpacker.needs_input:
                data = self._more()
                if not data:
                    raise ValueError('it ends early')
            found = unpacker.decompress(data, size)
            if found:
                return found

    def _more(self) -> bytes:
        data = self._take(_READ)
        self._packed += len(data)
        return data

    def _take(self, size: int) -> bytes:
        if self._head:
            head, self._head = self._head, b''
            return head
        return self._file.read(size)


def _head(file: BinaryIO) -> bytes:
    """The first bytes; a pipe gives as many as it likes."""
    head = b''
    while len(head) < _LONGEST_MAGIC:
        data = file.read(_LONGEST_MAGIC - len(head))
        if not data:
            break
        head += data
    return head
