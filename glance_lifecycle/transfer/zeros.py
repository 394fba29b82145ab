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

"""Zeros: one constant buffer, and where a buffer holds nothing else."""

from collections.abc import Iterable
from collections.abc import Iterator

from glance_lifecycle.transfer import extents

#: Written, hashed and compared from; never modified.
BLOCK = memoryview(bytes(1024 * 1024))

# What the drivers' own thin provisioning looks at for file stores, and the
# cluster of a qcow2: a shorter hole saves little and costs a write more.
GRAIN = 64 * 1024

# bytes.startswith is memcmp(3) and ends at the first difference, where a
# comparison of memoryviews goes item by item.
_GRAIN = bytes(GRAIN)


def clear(view: memoryview) -> None:
    for start in range(0, len(view), len(BLOCK)):
        part = view[start:start + len(BLOCK)]
        part[:] = BLOCK[:len(part)]


def refined(pieces: Iterable[extents.Extent], view: memoryview,
            start: int) -> tuple[extents.Extent, ...]:
    """The same extents, but ZERO where DATA turns out to be zeros.

    :param view: the bytes
    :param start: guest offset of its first byte
    """
    found = []
    for piece in pieces:
        at = piece.start
        if piece.kind is extents.Kind.DATA:
            data = view[at - start:piece.end - start]
            for begin, end in _runs(data, at):
                if begin > at:
                    found.append(extents.Extent(
                        at, begin - at, extents.Kind.DATA))
                found.append(extents.Extent(
                    begin, end - begin, extents.Kind.ZERO))
                at = end
        if at < piece.end:
            found.append(extents.Extent(at, piece.end - at, piece.kind))
    return tuple(found)


def _runs(data: memoryview, start: int) -> Iterator[tuple[int, int]]:
    """Begin and end of the runs of zeros, in grains of guest offsets."""
    begin, at, end = -1, start, start + len(data)
    while at < end:
        stop = min(end, (at // GRAIN + 1) * GRAIN)
        zero = _GRAIN.startswith(data[at - start:stop - start])
        if zero and begin < 0:
            begin = at
        elif not zero and begin >= 0:
            yield begin, at
            begin = -1
        at = stop
    if begin >= 0:
        yield begin, end
