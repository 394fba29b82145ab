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

"""Is a foreign image whole? What qemu-img does not ask.

qemu-img converts a truncated VDI or VMDK without complaint and fills what is
missing with zeros, and its ``check`` does not see it either (7.2). So the
tables that say where the guest's data lie are walked here first: every
block must lie inside the file, and there can be no more blocks than fit in
it. On the way it is learnt how much the conversion can write at most.
"""

from collections.abc import Callable
from collections.abc import Iterator
import re
import struct
from typing import NamedTuple

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.formats.foreign import layout_vhd
from glance_lifecycle.transfer.formats.foreign import tables


def check(fd: int, disk_format: str) -> tables.Layout:
    """Walk the tables of an image.

    :param disk_format: vmdk, vhd, vhdx or vdi
    :raises ImageRefused: ``truncated``, ``bad-header``,
        ``overlapping-data``, ``backing-file``,
        ``unknown-feature``, ``vmdk-type``
    :raises SourceError: the file cannot be read
    """
    try:
        return CHECKS[disk_format](tables.TableFile(fd, disk_format))
    except OSError as e:
        raise exceptions.SourceError(detail=e.strerror) from e


# VDI: https://github.com/qemu/qemu/blob/master/block/vdi.c (the layout in
# the comment at its top); little-endian.
VDI_HEADER = '<IIII256sIIIIIIIQIIII16s16s16s16s'
VDI_DYNAMIC = 1
VDI_STATIC = 2
VDI_UNUSED = 0xfffffffe
VDI_BLOCK = 1 << 20


def check_vdi(file: tables.TableFile) -> tables.Layout:
    fields = file.unpack(VDI_HEADER, 0x44, 'header')
    kind, table, data = fields[2], fields[5], fields[6]
    disk, block, blocks = fields[12], fields[13], fields[15]
    if any(fields[-2]) or any(fields[-1]):
        raise file.parent()
    if kind not in (VDI_DYNAMIC, VDI_STATIC):
        raise file.unsupported('type %d' % kind)
    if block != VDI_BLOCK:
        # qemu knows no other either.
        raise file.unsupported('blocks of %d bytes' % block)
    if disk > blocks * block:
        raise file.bad_header('its sizes contradict each other')
    # qemu rounds it up.
    disk = tables.blocks(disk, tables.SECTOR) * tables.SECTOR
    used = tables.blocks(disk, block)

    def starts() -> Iterator[tuple[int, int]]:
        for first, entries in file.table('I', table, used, 'block map'):
            for index, entry in enumerate(entries, first):
                if entry < VDI_UNUSED:
                    yield index, data + entry * block

    count = tables.check_blocks(file, starts(), disk, block)
    return tables.Layout((disk,), count * block)


# VMDK: Virtual Disk Format 5.0, VMware, 2011, "Hosted Sparse Extent", and
# https://github.com/qemu/qemu/blob/master/block/vmdk.c; little-endian.
VMDK_HEADER = '<4sIIQQQQIQQQB4sH'
VMDK_GD_AT_END = 0xffffffffffffffff
VMDK_ZERO_GRAINS = 4
VMDK_HAS_MARKERS = 1 << 17
VMDK_MARKER = 12
VMDK_MAX_ENTRIES = 512
VMDK_MAX_DESCRIPTOR = (1 << 20) - 1

# Where and how much qemu reads for a descriptor, whatever the header says
# (vmdk_parent_open, vmdk_read_cid; 7.2 to 10.1): up to the first NUL.
VMDK_QEMU_DESCRIPTOR = 0x200
VMDK_QEMU_LENGTH = 20 * tables.SECTOR

# Lines of a descriptor, in lower case. What comes before the word is looked
# for in its own line only: with ``\s*`` there, which goes on over empty lines,
# each of n newlines was a start from which all that follow were tried (20,000
# took a second, a descriptor of 1 MiB near an hour of a glance-api that did
# nothing else). Behind the word it is tried once, and so may go on: qemu's
# sscanf() does.
VMDK_NO_PARENT = re.compile(
    rb'^[^\S\n]*parentcid\s*=\s*f{8}[^\S\n]*$', re.M)
VMDK_EXTENT = re.compile(
    rb'^[^\S\n]*(?:rw|rdonly|noaccess)\s+\d+\s+(\w+)', re.M)

# For a compressed grain qemu allocates and fills three times its size. Those
# that exist have 64 KiB; in those that are not compressed it reads in place.
VMDK_MAX_GRAIN = (1 << 30) // tables.SECTOR
VMDK_MAX_COMPRESSED_GRAIN = (64 << 20) // tables.SECTOR


class _VmdkHeader(NamedTuple):
    """Offsets and sizes in sectors."""

    magic: bytes
    version: int
    flags: int
    capacity: int
    grain: int
    descriptor: int
    descriptor_size: int
    entries: int
    spare_directory: int
    directory: int
    overhead: int
    unclean: int
    line_ends: bytes
    compression: int


def check_vmdk(file: tables.TableFile) -> tables.Layout:
    """One sparse extent in the file itself, and nothing else."""
    header = _vmdk_header(file)
    grain, entries = header.grain, header.entries
    _check_vmdk_descriptor(file, header)
    if (not 1 <= entries <= VMDK_MAX_ENTRIES or grain < 8
            or grain & (grain - 1) or grain > VMDK_MAX_GRAIN):
        raise file.bad_header('its grains or tables have an impossible size')
    if header.compression and (header.compression != 1
                               or not header.flags & VMDK_HAS_MARKERS):
        # qemu then reads grains otherwise than they are checked here.
        raise file.unsupported('compression of kind %d, flags %#x' % (
            header.compression, header.flags))
    if header.compression and grain > VMDK_MAX_COMPRESSED_GRAIN:
        raise file.unsupported('compressed grains of %d bytes' % (
            grain * tables.SECTOR))
    disk, size = header.capacity * tables.SECTOR, grain * tables.SECTOR
    starts = _vmdk_grains(file, header)
    if header.compression:
        count = _check_compressed(file, starts)
    else:
        count = tables.check_blocks(file, starts, disk, size)
    return tables.Layout((disk,), count * size)


def _vmdk_header(file: tables.TableFile) -> _VmdkHeader:
    """The header, or the footer where that is the one that counts."""
    header = _VmdkHeader._make(file.unpack(VMDK_HEADER, 0, 'header'))
    if header.magic != b'KDMV' or not header.capacity:
        # Without capacity qemu follows the descriptor to other files.
        raise exceptions.ImageRefused(
            reason='vmdk-type',
            detail='the vmdk file only describes a disk whose data are in '
            'other files. Convert the disk with "qemu-img convert -O vmdk" '
            'and upload the result.')
    if header.directory != VMDK_GD_AT_END:
        return header
    # qemu rounds the size up to a sector before it looks for the footer,
    # and so would look elsewhere than the inspector did.
    if file.size % tables.SECTOR:
        raise file.truncated('last sector', file.size
                             + -file.size % tables.SECTOR)
    footer = _VmdkHeader._make(file.unpack(
        VMDK_HEADER, max(file.size - 2 * tables.SECTOR, 0), 'footer'))
    if footer.magic != b'KDMV':
        raise file.truncated('footer', file.size + 3 * tables.SECTOR)
    # The footer wins in qemu; the header is what was inspected.
    if footer[:8] != header[:8] or footer.directory == VMDK_GD_AT_END:
        raise file.bad_header('its header and its footer differ')
    return footer


def _check_vmdk_descriptor(file: tables.TableFile,
                           header: _VmdkHeader) -> None:
    """One sparse extent, no parent, nothing that names another file.

    The extent's name is ignored by qemu where the extent is the file itself.
    """
    length = min(header.descriptor_size * tables.SECTOR, VMDK_MAX_DESCRIPTOR)
    whole = file.read(header.descriptor * tables.SECTOR, length,
                      'descriptor').lower()
    # A text that went on after the header's end of it once opened any file
    # of the host: qemu goes by its own rule.
    at, end = VMDK_QEMU_DESCRIPTOR, VMDK_QEMU_DESCRIPTOR + VMDK_QEMU_LENGTH
    theirs = file.read(at, max(min(end, file.size) - at, 0),
                       'descriptor').lower().partition(b'\0')[0]
    text = whole.partition(b'\0')[0]
    if (b'parentfilenamehint' in whole or b'parentfilenamehint' in theirs
            or text.count(b'parentcid') != 1):
        raise file.parent()
    # Before it is parsed: from here on it is no longer than what qemu reads.
    if text != theirs:
        raise file.bad_header('its descriptor is not where it should be, is '
                              'longer than %d bytes, or has no end' % (
                                  VMDK_QEMU_LENGTH))
    if not VMDK_NO_PARENT.search(text):
        raise file.parent()
    extents = VMDK_EXTENT.findall(text)
    if extents != [b'sparse']:
        raise exceptions.ImageRefused(
            reason='vmdk-type',
            detail='the vmdk file has %d extents, or one that is not '
            'sparse; it must have exactly one that is. Convert it with '
            '"qemu-img convert -O vmdk" and upload the result.' % (
                len(extents)))


def _vmdk_grains(file: tables.TableFile,
                 header: _VmdkHeader) -> Iterator[tuple[int, int]]:
    """Index and offset of each grain that is in the file."""
    entries = header.entries
    grains = tables.blocks(header.capacity, header.grain)
    lowest = 2 if header.flags & VMDK_ZERO_GRAINS else 1
    directory = file.table('I', header.directory * tables.SECTOR,
                           tables.blocks(grains, entries), 'grain directory')
    seen = 0
    met = tables.Sectors()
    for first, pointers in directory:
        for number, pointer in enumerate(pointers, first):
            if not pointer:
                continue
            seen += 1
            file.room_for(seen, entries * 4, 'grain tables')
            # One table for a whole disk would be read again and again.
            if met.again(pointer):
                raise file.overlapping('grain tables')
            index = number * entries
            wanted = min(entries, grains - index)
            for _, table in file.table('I', pointer * tables.SECTOR, wanted,
                                       'grain table'):
                for position, entry in enumerate(table):
                    if entry >= lowest:
                        yield index + position, entry * tables.SECTOR


def _check_compressed(file: tables.TableFile,
                      starts: Iterator[tuple[int, int]]) -> int:
    """Each compressed grain has a marker with its length.

    A grain takes a sector at least, so there is one read for each sector of
    the file at most. Counted at the end, it was one for each entry, of four
    bytes: with all entries naming one grain, 0.6 s of CPU for each MiB of the
    file, ten minutes of glance-api for an import of 1 GiB.
    """
    count = 0
    for _index, offset in starts:
        marker = file.read(offset, VMDK_MARKER, 'compressed grain')
        (length,) = struct.unpack_from('<I', marker, 8)
        file.within(offset + VMDK_MARKER, length, 'compressed grain')
        # Those before it: the last sector of the file may be short.
        file.room_for(count, tables.SECTOR, 'compressed grains')
        count += 1
    return count


CHECKS: dict[str, Callable[[tables.TableFile], tables.Layout]] = {
    'vdi': check_vdi,
    'vhd': layout_vhd.check_vhd,
    'vhdx': layout_vhd.check_vhdx,
    'vmdk': check_vmdk,
}
