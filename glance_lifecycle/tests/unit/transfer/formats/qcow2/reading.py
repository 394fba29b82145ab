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


"""What every test of the qcow2 reader does with an image."""

import random

from glance_lifecycle.transfer import extents
from glance_lifecycle.transfer.formats.qcow2 import source as qcow2_source


def whole(source: qcow2_source.Qcow2Source, piece: int = 1 << 21) -> bytes:
    """All guest bytes by way of the extents, and that those are sound."""
    guest = bytearray(b'\xee' * source.virtual_size)
    view = memoryview(guest)
    position = 0
    for extent in source.extents():
        assert extent.start == position and extent.length > 0, extent
        position = extent.end
        if extent.kind is extents.Kind.ZERO:
            view[extent.start:extent.end] = bytes(extent.length)
            continue
        for start in range(extent.start, extent.end, piece):
            stop = min(start + piece, extent.end)
            source.read_into(start, view[start:stop])
    assert position == source.virtual_size
    return bytes(guest)


def decode(fd: int, piece: int = 1 << 21) -> bytes:
    source = qcow2_source.Qcow2Source(fd)
    try:
        return whole(source, piece)
    finally:
        source.close()


def at_random(source: qcow2_source.Qcow2Source, guest: bytes, count: int,
              rng: random.Random) -> bool:
    """Ranges across all boundaries equal the same ranges of ``guest``."""
    for _ in range(count if guest else 0):
        start = rng.randrange(len(guest))
        stop = rng.randint(start, min(len(guest), start + 30000))
        buffer = bytearray(b'\xee' * (stop - start))
        source.read_into(start, memoryview(buffer))
        if buffer != guest[start:stop]:
            return False
    return True
