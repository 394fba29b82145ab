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

"""Where on the device the blocks of a file are: FIEMAP.

https://docs.kernel.org/filesystems/fiemap.html
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import fcntl
import struct
from typing import NamedTuple

# linux/fs.h: _IOWR('f', 11, struct fiemap); linux/fiemap.h: its header, one
# extent, and flags.
_FS_IOC_FIEMAP = 0xc020660b
_HEADER = struct.Struct('=QQIIII')
_EXTENT = struct.Struct('=QQQQQIIII')
_FLAG_SYNC = 1
_LAST = 0x1
# Not where it says: not written yet, packed, or among the metadata.
_UNKNOWN = 0x2 | 0x4
_ENCODED = 0x8
_INLINE = 0x200 | 0x400
_SHARED = 0x2000

# Extents that one call asks for: 14 KiB.
_AT_ONCE = 256

# Of one file, that are looked at to tell what it shares.
_MOST = 100_000


class Extent(NamedTuple):
    """A part of a file that has blocks; bytes.

    :ivar flags: see linux/fiemap.h
    """

    logical: int
    physical: int
    length: int
    flags: int

    @property
    def end(self) -> int:
        return self.logical + self.length

    @property
    def placed(self) -> bool:
        """It has blocks of its own, at a place that is known."""
        return not self.flags & (_UNKNOWN | _INLINE)


def extents(fd: int, start: int, end: int) -> list[Extent]:
    """Those of a range, whole, in order; what was not written yet is first.

    :raises OSError: EOPNOTSUPP where the file system has no such map
    """
    return list(_extents(fd, start, end))


def shared(fd: int, size: int) -> int:
    """Bytes of blocks that are not the file's alone, as far as can be told.

    It may share them with itself. What comes after the first 100,000 extents
    counts as shared, because nobody looked.

    :param size: of the file
    :raises OSError: see ``extents``
    """
    found = 0
    for number, extent in enumerate(_extents(fd, 0, size)):
        if number >= _MOST:
            return found + max(0, size - extent.logical)
        if extent.flags & _SHARED:
            found += extent.length
    return found


def _extents(fd: int, start: int, end: int) -> Iterator[Extent]:
    flags = _FLAG_SYNC
    while start < end:
        buffer = bytearray(_HEADER.size + _AT_ONCE * _EXTENT.size)
        _HEADER.pack_into(buffer, 0, start, end - start, flags, 0, _AT_ONCE,
                          0)
        fcntl.ioctl(fd, _FS_IOC_FIEMAP, buffer, True)
        flags = 0
        count = _HEADER.unpack_from(buffer)[3]
        found = Extent(start, 0, 0, 0)
        for number in range(count):
            logical, physical, length, _, _, told, *_ = _EXTENT.unpack_from(
                buffer, _HEADER.size + number * _EXTENT.size)
            found = Extent(logical, physical, length, told)
            yield found
        if count < _AT_ONCE or found.flags & _LAST or found.end <= start:
            return
        start = found.end


def apart(source: Sequence[Extent], target: Sequence[Extent], start: int,
          end: int) -> list[tuple[int, int]]:
    """Where the target has blocks that are not those of the source.

    :param start: of the range that is looked at
    :returns: first byte and the one after the last, of each part
    """
    found: list[tuple[int, int]] = []
    for extent in target:
        if not extent.placed:
            continue
        position = max(extent.logical, start)
        last = min(extent.end, end)
        for other in source:
            if other.end <= position or not _same_place(other, extent):
                continue
            if other.logical >= last:
                break
            if other.logical > position:
                found.append((position, other.logical))
            position = min(other.end, last)
        if position < last:
            found.append((position, last))
    return _joined(found)


def _same_place(one: Extent, other: Extent) -> bool:
    if not one.placed:
        return False
    if (one.flags | other.flags) & _ENCODED:
        # What is compressed begins there, whatever part of it this is.
        return one[:3] == other[:3]
    return one.physical - one.logical == other.physical - other.logical


def _joined(parts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in parts:
        if found and found[-1][1] == start:
            start = found.pop()[0]
        found.append((start, end))
    return found


def taken(files: Iterable[Sequence[Extent]], start: int, end: int) -> int:
    """Bytes of the device that the files have in a range, shared ones once.
    """
    spans = sorted(
        (one.physical + max(start - one.logical, 0),
         one.physical + min(one.length, end - one.logical))
        for extents_ in files for one in extents_
        if one.placed and one.end > start and one.logical < end)
    total = reached = 0
    for first, last in spans:
        first = max(first, reached)
        if last > first:
            total += last - first
            reached = last
    return total
