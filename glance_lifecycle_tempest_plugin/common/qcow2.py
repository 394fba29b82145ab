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

"""A small qcow2 image, made where there is no qemu-img.

The layout is that of docs/interop/qcow2.rst of QEMU: a header, one refcount
table with one block, one L1 table with one L2 table, and the data.
"""

import itertools
import struct

CLUSTER = 65536
# One L2 table holds as many clusters, one refcount block four times that.
MAX_SIZE = CLUSTER // 8 * CLUSTER

_HEADER = struct.Struct('>4sIQIIQIIQQIIQQQQII')
_HEADER_LENGTH = 104
# "The refcount is exactly one", of L1 and L2 entries.
_COPIED = 1 << 63


def encode(content: bytes) -> bytes:
    """The disk ``content`` as a qcow2 image of version 3.

    Clusters that are all zeros are not allocated.

    :raises ValueError: its size is none of whole sectors, or more than
        MAX_SIZE
    """
    if not content or len(content) % 512 or len(content) > MAX_SIZE:
        raise ValueError(f'a disk of {len(content)} bytes')
    refcount_table, refcounts, l1, l2, first = (
        number * CLUSTER for number in range(1, 6))
    entries, data = [], []
    place = itertools.count(first, CLUSTER)
    for start in range(0, len(content), CLUSTER):
        cluster = content[start:start + CLUSTER]
        if any(cluster):
            entries.append(next(place) | _COPIED)
            data.append(cluster)
        else:
            entries.append(0)
    header = _HEADER.pack(
        b'QFI\xfb', 3, 0, 0, CLUSTER.bit_length() - 1, len(content), 0, 1,
        l1, refcount_table, 1, 0, 0, 0, 0, 0, 4, _HEADER_LENGTH)
    used = first // CLUSTER + len(data)
    return b''.join(_padded(part) for part in (
        header, _numbers('Q', refcounts), _numbers('H', *[1] * used),
        _numbers('Q', l2 | _COPIED), _numbers('Q', *entries), *data))


def _numbers(kind: str, *values: int) -> bytes:
    return struct.pack(f'>{len(values)}{kind}', *values)


def _padded(part: bytes) -> bytes:
    return part.ljust(-(-len(part) // CLUSTER) * CLUSTER, b'\0')
