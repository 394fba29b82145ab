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

"""What files take on disk."""

import array
import fcntl
import os
import pathlib
import struct

# linux/fiemap.h: the header, one extent, and how to ask.
_HEADER = struct.Struct('=QQIIII')
_EXTENT = struct.Struct('=QQQQQIIII')
_FS_IOC_FIEMAP = 0xc020660b
_FLAG_SYNC = 1
_LAST = 1
_AT_ONCE = 512


def allocated(*directories: pathlib.Path) -> int:
    """Bytes that the files below take, as ``du`` counts."""
    total = 0
    for directory in directories:
        for root, _, names in os.walk(directory):
            for name in names:
                try:
                    total += os.lstat(
                        os.path.join(root, name)).st_blocks * 512
                except FileNotFoundError:
                    continue
    return total


def mapped(path: pathlib.Path) -> int:
    """Bytes of a file that have a place on disk, written or reserved.

    Unlike ``du``, without the blocks in which ext4 keeps the list of a
    file's extents: those depend on how fragmented the disk is.
    """
    total = start = 0
    with path.open('rb') as handle:
        while True:
            buffer = array.array('B', _HEADER.pack(
                start, 2 ** 64 - 1 - start, _FLAG_SYNC, 0, _AT_ONCE, 0)
                + bytes(_AT_ONCE * _EXTENT.size))
            fcntl.ioctl(handle, _FS_IOC_FIEMAP, buffer)
            count = _HEADER.unpack_from(buffer)[3]
            flags = _LAST
            for number in range(count):
                logical, _, length, _, _, flags, *_ = _EXTENT.unpack_from(
                    buffer, _HEADER.size + number * _EXTENT.size)
                total += length
                start = logical + length
            if flags & _LAST:
                return total
