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

"""Which file a qcow2 image says that it is an overlay of.

Only the name is read: nothing here opens it. The limits are QEMU's own
(block/qcow2.c), so that a name which QEMU would not use is none.
"""

import dataclasses
import struct

from glance_lifecycle.transfer.formats.qcow2 import file as qcow2_file
from glance_lifecycle.transfer.formats.qcow2 import header

# magic, version, backing file offset and size, cluster bits, virtual size
_BEGIN = struct.Struct('>4sIQIIQ')
_LONGEST = 1023


@dataclasses.dataclass(frozen=True, slots=True)
class Overlay:
    """What the header says.

    :ivar name: of the backing file, as it is written; empty if there is none
    :ivar virtual_size: bytes
    """

    name: bytes
    virtual_size: int


def overlay(file: qcow2_file.ImageFile) -> Overlay | None:
    """What the header of a file says; None if it does not begin like qcow2.

    :raises ImageRefused: it does, and QEMU would refuse it
    :raises SourceError: it cannot be read
    """
    if file.size < _BEGIN.size:
        return None
    magic, version, offset, length, cluster_bits, size = _BEGIN.unpack(
        file.read(0, _BEGIN.size))
    if magic != header.MAGIC:
        return None
    if version not in (2, 3) or not (
            header.MIN_CLUSTER_BITS <= cluster_bits
            <= header.MAX_CLUSTER_BITS):
        raise header.refused('bad-header', 'its version or its cluster size '
                             'does not exist')
    if not offset:
        return Overlay(b'', size)
    if offset > 1 << cluster_bits or length > min(
            _LONGEST, (1 << cluster_bits) - offset):
        raise header.refused('bad-header', 'the name of its backing file is '
                             'not in the first cluster, or too long')
    file.require('the name of the backing file', offset, length)
    return Overlay(bytes(file.read(offset, length)), size)
