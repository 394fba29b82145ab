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

"""CPU seconds that no import can do without: the digests, decompression.

Independent of the code they are a yardstick for: hashlib, zlib and
zstandard, called for the image's own bytes and nothing else timed.
"""

from collections.abc import Iterator
import dataclasses
import hashlib
import os
import pathlib
import struct
import time
import zlib

import zstandard

_CHUNK = 2 * 1024 * 1024
_ALGORITHMS = ('md5', 'sha256', 'sha512')
_COMPRESSED = 1 << 62
_OFFSET = 0x00fffffffffffe00


@dataclasses.dataclass(frozen=True)
class Digests:
    """Digests of a decoded image, and the CPU seconds of each."""

    hexdigest: dict[str, str]
    cpu: dict[str, float]

    def seconds(self, *algorithms: str | None) -> float:
        return sum(self.cpu[name] for name in algorithms if name)


def digests(raw: pathlib.Path) -> Digests:
    hashes = [hashlib.new(name, usedforsecurity=False)
              for name in _ALGORITHMS]
    cpu = dict.fromkeys(_ALGORITHMS, 0.0)
    buffer = memoryview(bytearray(_CHUNK))
    with raw.open('rb', buffering=0) as source:
        while count := source.readinto(buffer):
            for value in hashes:
                start = time.thread_time()
                value.update(buffer[:count])
                cpu[value.name] += time.thread_time() - start
    return Digests({value.name: value.hexdigest() for value in hashes}, cpu)


def decompression(qcow2: pathlib.Path) -> float:
    """CPU seconds to decompress every compressed cluster once.

    For images that qemu-img has just made: nothing is checked. The format is
    docs/interop/qcow2.txt of QEMU.
    """
    total = 0.0
    with qcow2.open('rb') as source:
        for packed, is_zstd in _compressed(source.fileno()):
            start = time.thread_time()
            if is_zstd:
                zstandard.ZstdDecompressor().decompressobj().decompress(
                    packed)
            else:
                zlib.decompressobj(-12).decompress(packed)
            total += time.thread_time() - start
    return total


def _compressed(fd: int) -> Iterator[tuple[bytes, bool]]:
    header = os.pread(fd, 112, 0)
    cluster_bits, = struct.unpack_from('>I', header, 20)
    l1_size, l1_offset = struct.unpack_from('>IQ', header, 36)
    length, = struct.unpack_from('>I', header, 100)
    is_zstd = length > 104 and header[104] == 1
    shift = 62 - (cluster_bits - 8)
    for table in _entries(fd, l1_offset, l1_size):
        if not table & _OFFSET:
            continue
        for entry in _entries(fd, table & _OFFSET, 1 << cluster_bits - 3):
            if not entry & _COMPRESSED:
                continue
            entry &= _COMPRESSED - 1
            offset = entry & ((1 << shift) - 1)
            end = (offset // 512 + (entry >> shift) + 1) * 512
            yield os.pread(fd, end - offset, offset), is_zstd


def _entries(fd: int, offset: int, count: int) -> tuple[int, ...]:
    return struct.unpack(f'>{count}Q', os.pread(fd, count * 8, offset))
