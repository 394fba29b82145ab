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

"""Small images of foreign formats, made by hand."""

import struct

MIB = 1 << 20
SECTOR = 512

DESCRIPTOR = '''# Disk DescriptorFile
version=1
CID=c31399e7
parentCID=ffffffff
createType="%(kind)s"

# Extent description
RW %(sectors)d SPARSE "disk.vmdk"

# The Disk Data Base
#DDB
ddb.adapterType = "ide"
'''


def vdi(blocks: list[bytes | None], *, disk: int | None = None,
        block: int = MIB, kind: int = 1, parent: bytes = bytes(16)) -> bytes:
    """A VDI; None is a block that is not allocated."""
    if disk is None:
        disk = len(blocks) * MIB
    data = [b for b in blocks if b is not None]
    header = b'<<< handmade >>>\n'.ljust(64, b'\0') + struct.pack(
        '<IIIII256sIIIIIIIQIIII16s16s16s16s', 0xbeda107f, 0x10001, 0x180,
        kind, 0, b'', 512, 1024, 0, 0, 0, 512, 0, disk, block, 0,
        len(blocks), len(data), b'u' * 16, bytes(16), bytes(16), parent)
    table, used = b'', 0
    for content in blocks:
        table += struct.pack('<I', 0xffffffff if content is None else used)
        used += content is not None
    return header.ljust(512, b'\0') + table.ljust(512, b'\0') + b''.join(data)


def vhd_footer(disk: int, kind: int, *, data_offset: int = 2 ** 64 - 1,
               geometry: tuple[int, int, int] = (0, 0, 0)) -> bytes:
    footer = struct.pack(
        '>8sIIQI4sI4sQQHBBII16s', b'conectix', 2, 0x10000, data_offset, 0,
        b'win ', 0x60003, b'Wi2k', disk, disk, *geometry, kind, 0, b'u' * 16
        ).ljust(512, b'\0')
    checksum = ~sum(footer) & 0xffffffff
    return footer[:64] + struct.pack('>I', checksum) + footer[68:]


def vhd(blocks: list[bytes | None], *, kind: int = 3,
        geometry: tuple[int, int, int] = (0, 0, 0)) -> bytes:
    """A dynamic VHD with blocks of 2 MiB."""
    footer = vhd_footer(len(blocks) * 2 * MIB, kind, data_offset=512,
                        geometry=geometry)
    header = struct.pack('>8sQQIIII', b'cxsparse', 2 ** 64 - 1, 1536,
                         0x10000, len(blocks), 2 * MIB, 0).ljust(1024, b'\0')
    table, data = b'', b''
    for content in blocks:
        if content is None:
            table += b'\xff' * 4
        else:
            table += struct.pack('>I', (2048 + len(data)) // SECTOR)
            data += b'\xff' * 512 + content.ljust(2 * MIB, b'\0')
    return footer + header + table.ljust(512, b'\xff') + data + footer


def fixed_vhd(content: bytes) -> bytes:
    return content + vhd_footer(len(content), 2)


def vmdk(grains: list[bytes | None], *, kind: str = 'monolithicSparse',
         descriptor: str = DESCRIPTOR, capacity: int | None = None,
         directory: int = 3, compression: int = 0,
         grain: int = 128) -> bytes:
    """A VMDK; the tables follow the descriptor.

    :param grain: sectors; others than 128 only where they are not allocated
        or compressed
    """
    flags = 0x30003 if compression else 3
    sectors = len(grains) * grain
    text = descriptor % {'kind': kind, 'sectors': sectors}
    header = struct.pack(
        '<4sIIQQQQIQQQB4sH', b'KDMV', 1, flags,
        sectors if capacity is None else capacity, grain, 1, 2, 512, 0,
        directory, 128, 0, b'\n \r\n', compression)
    table, data = b'', b''
    for content in grains:
        if content is None:
            table += bytes(4)
        elif compression:
            table += struct.pack('<I', 128 + len(data) // SECTOR)
            record = struct.pack('<QI', 0, len(content)) + content
            data += record + bytes(-len(record) % SECTOR)
        else:
            table += struct.pack('<I', 128 + len(data) // SECTOR)
            data += content.ljust(65536, b'\0')
    front = header.ljust(512, b'\0') + text.encode().ljust(1024, b'\0')
    return (front + struct.pack('<I', 4).ljust(512, b'\0')
            + table).ljust(65536, b'\0') + data


def vmdk_text(text: str, *, sectors: int) -> bytes:
    """A VMDK with nothing in it, and this descriptor.

    :param sectors: of the descriptor, as the header says
    """
    end = 1 + max(sectors, -(-len(text) // SECTOR), 39)
    header = struct.pack(
        '<4sIIQQQQIQQQB4sH', b'KDMV', 1, 3, 2048, 128, 1, sectors, 512, 0,
        end, 64, 0, b'\n \r\n', 0)
    content = (header.ljust(512, b'\0') + text.encode()).ljust(
        end * SECTOR, b'\0') + struct.pack('<I', end + 1)
    return content.ljust(max(64, end + 5) * SECTOR, b'\0')


def vmdk_hint(parent: str, *, sectors: int = 1) -> bytes:
    """A VMDK with a parent where qemu looks for one: its descriptor fills
    the sectors that its header gives it, has no NUL, and goes on after them.
    """
    text = (DESCRIPTOR % {'kind': 'monolithicSparse', 'sectors': 2048})
    text = text.ljust(sectors * SECTOR - 1, '#') + '\n'
    return vmdk_text(text + 'parentFileNameHint="%s"\n' % parent,
                     sectors=sectors)


def vmdk_directory(pointers: list[int]) -> bytes:
    """A VMDK with nothing in it, and so many tables.

    :param pointers: the sector of each; there is room from 4 to 127
    """
    content = bytearray(vmdk([None], capacity=len(pointers) * 512 * 128))
    struct.pack_into('<%dI' % len(pointers), content, 3 * SECTOR, *pointers)
    return bytes(content)


def mbr(*, partitions: bool = True) -> bytes:
    """A disk of 1 MiB with an old partition table, empty or not."""
    entry = struct.pack('<B3BB3BII', 0x80, 1, 1, 0, 0x83, 1, 1, 1, 2048, 8)
    return ((bytes(446) + (entry if partitions else bytes(16))).ljust(
        510, b'\0') + b'\x55\xaa').ljust(MIB, b'\0')


def qcow2(*, version: int = 3, backing: int = 0, crypt: int = 0,
          features: int = 0, size: int = MIB) -> bytes:
    """A header of qcow2, and nothing behind it."""
    return struct.pack('>4sIQIIQIIQQIIQQ', b'QFI\xfb', version, backing, 0,
                       16, size, crypt, 1, 196608, 65536, 1, 0, 0,
                       features).ljust(65536, b'\0')


def iso(*, boot: bytes = b'') -> bytes:
    volume = (b'\1CD001\1'.ljust(80, b'\0')
              + struct.pack('<II', 20, 0)).ljust(128, b'\0') + struct.pack(
                  '<HH', 2048, 0)
    return (boot[:512].ljust(32768, b'\0') + volume).ljust(40960, b'\0')
