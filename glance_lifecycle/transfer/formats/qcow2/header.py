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

"""The qcow2 header: parsed, and refused where it is not acceptable.

Format: docs/interop/qcow2.txt in QEMU's source. The limits are QEMU's own
(block/qcow2.h), so that what it cannot open is not accepted here.
"""

from collections.abc import Iterator
import dataclasses
import struct

from glance_lifecycle.transfer.formats.qcow2 import file as qcow2_file

MAGIC = b'QFI\xfb'
SECTOR = 512
MIN_CLUSTER_BITS = 9
MAX_CLUSTER_BITS = 21
SUBCLUSTERS = 32
MAX_L1_BYTES = 32 * 1024 * 1024
MAX_REFCOUNT_TABLE_BYTES = 8 * 1024 * 1024
MAX_SNAPSHOTS = 65536
MAX_BITMAPS = 65535
MAX_BITMAP_DIRECTORY_BYTES = 1024 * MAX_BITMAPS
MAX_REFCOUNT_ORDER = 6

DIRTY = 1 << 0
CORRUPT = 1 << 1
DATA_FILE = 1 << 2
COMPRESSION_TYPE = 1 << 3
EXTENDED_L2 = 1 << 4
KNOWN_FEATURES = DIRTY | CORRUPT | DATA_FILE | COMPRESSION_TYPE | EXTENDED_L2
AUTOCLEAR_BITMAPS = 1 << 0

EXT_END = 0
EXT_BACKING_FORMAT = 0xe2792aca
EXT_CRYPTO = 0x0537be77
EXT_BITMAPS = 0x23852875
EXT_DATA_FILE = 0x44415441

# magic, version, backing file offset and size, cluster bits, size, crypt
# method, L1 size and offset, refcount table offset and clusters, snapshot
# count and offset
_V2 = struct.Struct('>4sIQIIQIIQQIIQ')
# incompatible, compatible, autoclear, refcount order, header length
_V3 = struct.Struct('>QQQII')
_V3_LENGTH = _V2.size + _V3.size
_EXTENSION = struct.Struct('>II')
# number, reserved, directory size, directory offset
_BITMAPS = struct.Struct('>IIQQ')

refused = qcow2_file.refused


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a reader needs of a header that has passed every check.

    Offsets and sizes are bytes, except for the counts ``l1_entries``,
    ``refcount_clusters`` and ``snapshots``.

    :ivar virtual_size: what QEMU shows the guest: whole 512-byte sectors;
        it drops what the header's size has beyond the last whole one
    :ivar bitmap_directory: offset and length, if the image has bitmaps
    """

    version: int
    cluster_bits: int
    virtual_size: int
    l1_offset: int
    l1_entries: int
    refcount_offset: int
    refcount_clusters: int
    snapshots: int
    snapshots_offset: int
    dirty: bool = False
    extended_l2: bool = False
    zstd: bool = False
    bitmap_directory: tuple[int, int] | None = None

    @property
    def cluster_size(self) -> int:
        return 1 << self.cluster_bits

    @property
    def l2_entries(self) -> int:
        """Clusters that one L2 table maps."""
        return self.cluster_size // (16 if self.extended_l2 else 8)


def parse(file: qcow2_file.ImageFile,
          max_virtual_size: int | None) -> Header:
    """Read and check the header.

    :raises ImageRefused: see the table of reasons in the module ``qcow2``
    """
    if file.size < _V2.size:
        raise refused('bad-header', f'a qcow2 header has at least {_V2.size} '
                      f'bytes, the whole file has {file.size}')
    (magic, version, backing, _backing_size, cluster_bits, size, crypt,
     l1_entries, l1_offset, refcount_offset, refcount_clusters, snapshots,
     snapshots_offset) = _V2.unpack(file.read(0, _V2.size))
    if magic != MAGIC:
        raise refused('bad-header', 'the file does not begin like a qcow2 '
                      'image; check its disk_format')
    if version not in (2, 3):
        raise refused('bad-header', f'qcow2 version {version} does not exist')
    if not MIN_CLUSTER_BITS <= cluster_bits <= MAX_CLUSTER_BITS:
        raise refused('bad-header', f'cluster size 2^{cluster_bits} is not '
                      f'in the range of 512 bytes to 2 MiB')
    _check_references(backing, crypt)
    features, autoclear, length = 0, 0, _V2.size
    zstd = False
    if version == 3:
        features, autoclear, length = _version_3(file, cluster_bits)
        zstd = _compression(file, features, length)
    header = Header(
        version=version, cluster_bits=cluster_bits,
        virtual_size=size - size % SECTOR,
        l1_offset=l1_offset, l1_entries=l1_entries,
        refcount_offset=refcount_offset, refcount_clusters=refcount_clusters,
        snapshots=snapshots, snapshots_offset=snapshots_offset,
        dirty=bool(features & DIRTY),
        extended_l2=bool(features & EXTENDED_L2), zstd=zstd,
        bitmap_directory=_extensions(file, length, cluster_bits, autoclear))
    _check_size(header, size, max_virtual_size)
    _check_tables(header, file)
    return header


def _check_references(backing: int, crypt: int) -> None:
    if backing:
        raise refused('backing-file', 'the image depends on a backing file; '
                      'flatten it with "qemu-img convert" and upload the '
                      'result')
    if crypt:
        raise refused('encryption', 'the image is encrypted inside qcow2; '
                      'decrypt it with "qemu-img convert", or encrypt the '
                      'volume rather than the image')


def _version_3(file: qcow2_file.ImageFile,
               cluster_bits: int) -> tuple[int, int, int]:
    """Incompatible and autoclear features, and the header's length."""
    file.require('the version 3 header', 0, _V3_LENGTH)
    features, _compatible, autoclear, refcount_order, length = _V3.unpack(
        file.read(_V2.size, _V3.size))
    if not _V3_LENGTH <= length <= 1 << cluster_bits:
        raise refused('bad-header', f'a header length of {length} bytes is '
                      f'not possible')
    file.require('the header', 0, length)
    if features & CORRUPT:
        raise refused('corrupt', 'the image is marked corrupt; repair it '
                      'with "qemu-img check -r all" and upload it again')
    if features & DATA_FILE:
        raise refused('data-file', 'the image keeps its data in another '
                      'file; flatten it with "qemu-img convert"')
    unknown = features & ~KNOWN_FEATURES
    if unknown:
        bits = [str(bit) for bit in range(64) if unknown >> bit & 1]
        raise refused('unknown-feature', f'the image needs features that '
                      f'are not known here (bits {", ".join(bits)}); '
                      f'convert it with "qemu-img convert -O qcow2"')
    if refcount_order > MAX_REFCOUNT_ORDER:
        raise refused('bad-header', f'a refcount width of '
                      f'2^{refcount_order} bits is not possible')
    if (features & EXTENDED_L2
            and (1 << cluster_bits) // SUBCLUSTERS < SECTOR):
        raise refused('bad-header', 'extended L2 entries need clusters of '
                      '16 KiB or more')
    return features, autoclear, length


def _compression(file: qcow2_file.ImageFile, features: int,
                 length: int) -> bool:
    """Whether compressed clusters are zstd rather than deflate."""
    kind = file.read(_V3_LENGTH, 1)[0] if length > _V3_LENGTH else 0
    if kind > 1:
        raise refused('unknown-feature', f'compression type {kind} is not '
                      f'known here; convert it with '
                      f'"qemu-img convert -O qcow2"')
    if bool(kind) != bool(features & COMPRESSION_TYPE):
        raise refused('bad-header', 'the compression type and its feature '
                      'bit contradict each other')
    return bool(kind)


def _extensions(file: qcow2_file.ImageFile, start: int, cluster_bits: int,
                autoclear: int) -> tuple[int, int] | None:
    """Check the header extensions; the bitmap directory if there is one."""
    directory = None
    end = min(1 << cluster_bits, file.size)
    for magic, body in _each_extension(file.read(start, end - start)):
        if magic == EXT_CRYPTO:
            raise refused('encryption', 'the image has an encryption header; '
                          'decrypt it with "qemu-img convert"')
        if magic == EXT_DATA_FILE:
            raise refused('data-file', 'the image names an external data '
                          'file; flatten it with "qemu-img convert"')
        if magic == EXT_BACKING_FORMAT and len(body) >= 16:
            raise refused('bad-header', 'the backing format header '
                          'extension is too long')
        if magic == EXT_BITMAPS:
            directory = _bitmaps(body, autoclear, cluster_bits) or directory
    return directory


def _each_extension(area: bytearray) -> Iterator[tuple[int, bytes]]:
    """Type and body of each, until the end mark or the end of ``area``."""
    position = 0
    while position < len(area):
        if position + _EXTENSION.size > len(area):
            # QEMU reads zeros, the end mark, behind a short first cluster;
            # an incomplete one of anything else would be damage.
            if any(area[position:]):
                raise refused('bad-header', 'a header extension is cut off')
            return
        magic, length = _EXTENSION.unpack_from(area, position)
        position += _EXTENSION.size
        if length > len(area) - position:
            raise refused('bad-header', 'a header extension does not fit '
                          'into the first cluster')
        if magic == EXT_END:
            return
        yield magic, bytes(area[position:position + length])
        position += length + -length % 8


def _bitmaps(body: bytes, autoclear: int,
             cluster_bits: int) -> tuple[int, int] | None:
    if len(body) != _BITMAPS.size:
        raise refused('bad-header', 'the bitmaps header extension has a '
                      'wrong length')
    if not autoclear & AUTOCLEAR_BITMAPS:
        # Stale by definition: some program without bitmaps wrote since.
        return None
    count, reserved, length, offset = _BITMAPS.unpack(body)
    if (reserved or not 1 <= count <= MAX_BITMAPS
            or not 24 * count <= length <= MAX_BITMAP_DIRECTORY_BYTES):
        raise refused('bad-header', 'the bitmaps header extension is not '
                      'valid')
    _aligned('bitmap directory', offset, cluster_bits)
    return offset, length


def _check_size(header: Header, exact: int,
                max_virtual_size: int | None) -> None:
    if max_virtual_size is not None and exact > max_virtual_size:
        raise refused('size-limit', f'the virtual size of {exact} bytes is '
                      f'over the limit of {max_virtual_size} bytes')
    if header.l1_entries * 8 > MAX_L1_BYTES:
        raise refused('size-limit', f'an L1 table of {header.l1_entries} '
                      f'entries is larger than 32 MiB')
    per_table = header.l2_entries * header.cluster_size
    if header.l1_entries * per_table < exact:
        raise refused('bad-header', f'the L1 table is too small for a '
                      f'virtual size of {exact} bytes')


def _check_tables(header: Header, file: qcow2_file.ImageFile) -> None:
    refcount_bytes = header.refcount_clusters << header.cluster_bits
    if not refcount_bytes:
        raise refused('bad-header', 'the image has no refcount table')
    if refcount_bytes > MAX_REFCOUNT_TABLE_BYTES:
        raise refused('size-limit', 'the refcount table is larger than '
                      '8 MiB')
    if header.snapshots > MAX_SNAPSHOTS:
        raise refused('size-limit', f'the image claims {header.snapshots} '
                      f'snapshots, the format allows {MAX_SNAPSHOTS}')
    tables = [('L1 table', header.l1_offset, header.l1_entries * 8),
              ('refcount table', header.refcount_offset, refcount_bytes),
              ('snapshot table', header.snapshots_offset,
               header.snapshots * 40)]
    if header.bitmap_directory:
        tables.append(('bitmap directory', *header.bitmap_directory))
    for name, offset, length in tables:
        _aligned(name, offset, header.cluster_bits)
        if length:
            file.require(f'the {name}', offset, length)


def _aligned(name: str, offset: int, cluster_bits: int) -> None:
    if offset % (1 << cluster_bits):
        raise refused('unaligned', f'the {name} at byte {offset} does not '
                      f'begin at a cluster boundary')
