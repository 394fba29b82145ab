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

"""The tables of Microsoft's formats, VHD and VHDX; see ``layout``."""

from collections.abc import Iterator
import struct
from typing import Any
import uuid

from glance_lifecycle.transfer.formats.foreign import tables


# VHD: Virtual Hard Disk Image Format Specification, Microsoft, 2006;
# big-endian.
VHD_FOOTER = '>8sIIQI4sI4sQQHBBI'
VHD_HEADER = '>8sQQIII'
VHD_FIXED = 2
VHD_DYNAMIC = 3
VHD_DIFFERENCING = 4
VHD_UNUSED = 0xffffffff
# The specification's default is 2 MiB; smaller ones than this would only make
# a table that takes long to walk.
VHD_MIN_BLOCK = 64 * 1024


def check_vhd(file: tables.TableFile) -> tables.Layout:
    end = file.size - tables.SECTOR
    footer = file.unpack(VHD_FOOTER, max(end, 0), 'footer')
    if footer[0] != b'conectix':
        raise file.truncated('footer', file.size + tables.SECTOR)
    kind, sizes = footer[13], _vhd_sizes(footer)
    if kind == VHD_FIXED:
        if file.read(0, 8, 'first sector') == b'conectix':
            # qemu takes it for the footer, and what follows for tables that
            # nobody has looked at.
            raise file.bad_header('it begins with a second footer')
        file.within(0, max(sizes) + tables.SECTOR, 'footer')
        return tables.Layout(sizes, max(sizes))
    if file.unpack(VHD_FOOTER, 0, 'footer copy') != footer:
        raise file.bad_header('its footer and the copy of it differ')
    if kind == VHD_DIFFERENCING:
        raise file.parent()
    if kind != VHD_DYNAMIC:
        raise file.unsupported('type %d' % kind)
    return _check_vhd_dynamic(file, footer[3], sizes)


def _check_vhd_dynamic(file: tables.TableFile, header_at: int,
                       sizes: tuple[int, ...]) -> tables.Layout:
    header = file.unpack(VHD_HEADER, header_at, 'dynamic disk header')
    table, entries_max, block = header[2], header[4], header[5]
    if header[0] != b'cxsparse':
        raise file.bad_header('it has no dynamic disk header')
    if block < VHD_MIN_BLOCK or block & (block - 1):
        raise file.unsupported('blocks of %d bytes' % block)
    if tables.blocks(min(sizes), block) > entries_max:
        raise file.bad_header('its block table is too small for its disk')
    disk = min(max(sizes), entries_max * block)
    used = tables.blocks(disk, block)
    # A bitmap of sectors comes before each block.
    bitmap = tables.SECTOR * tables.blocks(block // tables.SECTOR,
                                           8 * tables.SECTOR)

    def starts() -> Iterator[tuple[int, int]]:
        for first, entries in file.table('I', table, used, 'block table',
                                         order='big'):
            for index, entry in enumerate(entries, first):
                if entry != VHD_UNUSED:
                    yield index, entry * tables.SECTOR + bitmap

    count = tables.check_blocks(file, starts(), disk, block, bitmap)
    return tables.Layout(sizes, count * block)


def _vhd_sizes(footer: tuple[Any, ...]) -> tuple[int, ...]:
    """The sizes by geometry and by field.

    qemu's block/vpc.c goes by the geometry, unless the creator is known to
    mean the field; which ones are known depends on its version.
    """
    size, cylinders, heads, sectors = footer[9:13]
    geometry = cylinders * heads * sectors * tables.SECTOR
    size = size // tables.SECTOR * tables.SECTOR
    return (size,) if geometry in (0, size) else (size, geometry)


# VHDX: [MS-VHDX] Virtual Hard Disk v2 File Format; little-endian.
VHDX_REGIONS = 192 * 1024
VHDX_BAT = uuid.UUID('2DC27766-F623-4200-9D64-115E9BFD4A08')
VHDX_METADATA = uuid.UUID('8B7CA206-4790-4B9A-B8FE-575F050F886E')
VHDX_PARAMETERS = uuid.UUID('CAA16737-FA36-4D43-B3B6-33F0AA44E76B')
VHDX_DISK_SIZE = uuid.UUID('2FA54224-CD1B-4876-B211-5DBED83BF4B8')
VHDX_SECTOR_SIZE = uuid.UUID('8141BF1D-A96F-4709-BA47-F233A8FAAB5F')
VHDX_MAX_ENTRIES = 2047
VHDX_MIB = 1 << 20
VHDX_HAS_PARENT = 2
VHDX_PRESENT = 6
VHDX_PARTIAL = 7


def check_vhdx(file: tables.TableFile) -> tables.Layout:
    regions = _vhdx_regions(file)
    bat, bat_size = _vhdx_region(file, regions, VHDX_BAT)
    metadata, _size = _vhdx_region(file, regions, VHDX_METADATA)
    items = _vhdx_items(file, metadata)
    block, flags = _vhdx_item(file, items, metadata, VHDX_PARAMETERS, '<II')
    (disk,) = _vhdx_item(file, items, metadata, VHDX_DISK_SIZE, '<Q')
    (sector,) = _vhdx_item(file, items, metadata, VHDX_SECTOR_SIZE, '<I')
    if flags & VHDX_HAS_PARENT:
        raise file.parent()
    if (sector not in (512, 4096) or disk % sector or block & (block - 1)
            or not VHDX_MIB <= block <= 256 * VHDX_MIB):
        raise file.bad_header('its sizes contradict each other')
    ratio = (sector << 23) // block
    used = tables.blocks(disk, block)
    # After each ``ratio`` blocks there is an entry of another kind.
    count = used + (used - 1) // ratio if used else 0
    if count * 8 > bat_size:
        raise file.bad_header('its block table is too small for its disk')

    def starts() -> Iterator[tuple[int, int]]:
        for first, entries in file.table('Q', bat, count, 'block table'):
            for index, entry in enumerate(entries, first):
                group, position = divmod(index, ratio + 1)
                if position == ratio:
                    continue
                if entry & 7 == VHDX_PARTIAL:
                    raise file.parent()
                if entry & 7 == VHDX_PRESENT:
                    yield group * ratio + position, entry >> 20 << 20

    found = tables.check_blocks(file, starts(), disk, block)
    return tables.Layout((disk,), found * block)


def _vhdx_regions(file: tables.TableFile) -> dict[uuid.UUID, bytes]:
    magic, _checksum, count = file.unpack('<4sII', VHDX_REGIONS,
                                          'region table')
    if magic != b'regi' or count > VHDX_MAX_ENTRIES:
        raise file.bad_header('it has no region table')
    return _by_guid(file.read(VHDX_REGIONS + 16, 32 * count, 'region table'))


def _vhdx_items(file: tables.TableFile, offset: int) -> dict[uuid.UUID, bytes]:
    magic, _reserved, count = file.unpack('<8sHH', offset, 'metadata table')
    if magic != b'metadata' or count > VHDX_MAX_ENTRIES:
        raise file.bad_header('it has no metadata table')
    return _by_guid(file.read(offset + 32, 32 * count, 'metadata table'))


def _by_guid(table: bytes) -> dict[uuid.UUID, bytes]:
    """Entries of 32 bytes, each beginning with the GUID that names it."""
    return {uuid.UUID(bytes_le=table[i:i + 16]): table[i + 16:i + 32]
            for i in range(0, len(table), 32)}


def _vhdx_region(file: tables.TableFile, regions: dict[uuid.UUID, bytes],
                 name: uuid.UUID) -> tuple[int, int]:
    if name not in regions:
        raise file.bad_header('it has no block table or no metadata')
    offset, length = struct.unpack_from('<QI', regions[name])
    return offset, length


def _vhdx_item(file: tables.TableFile, items: dict[uuid.UUID, bytes],
               metadata: int, name: uuid.UUID,
               layout: str) -> tuple[int, ...]:
    if name not in items:
        raise file.bad_header('its metadata are not complete')
    (offset,) = struct.unpack_from('<I', items[name])
    return file.unpack(layout, metadata + offset, 'metadata')
