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


"""A small qcow2 writer for tests; shares no code with the reader.

Guest clusters are given as a list of Cluster; what a correct reader must
return comes back beside the image, with the place of every structure so
that hostile tests can spoil it.
"""

import dataclasses
import os
import random
import struct
import zlib

import zstandard


@dataclasses.dataclass(frozen=True)
class Cluster:
    """One guest cluster.

    :ivar how: none, data, zero (flag alone), zero-alloc, compressed, or
        sub (extended L2 only)
    :ivar data: one cluster of bytes, for data, compressed and sub
    :ivar alloc: sub: bit i set when subcluster i is in the file
    :ivar zero: sub: bit i set when subcluster i has its zero flag set
    """

    how: str = 'none'
    data: bytes = b''
    alloc: int = 0
    zero: int = 0


@dataclasses.dataclass
class Image:
    """The result.

    :ivar l2_entries: guest cluster -> offset of its L2 entry
    :ivar places: structure -> its offset, for example ``l1``
    """

    data: bytearray
    guest: bytes
    cluster_size: int
    l2_entries: dict[int, int]
    places: dict[str, int]

    def put(self, offset: int, layout: str, value: int) -> 'Image':
        """Overwrite one big-endian field; a copy, for chaining."""
        data = bytearray(self.data)
        struct.pack_into('>' + layout, data, offset, value)
        return dataclasses.replace(self, data=data)

    def fd(self) -> int:
        """A descriptor of a file in memory."""
        fd = os.memfd_create('qcow2')
        os.write(fd, self.data)
        return fd


def deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(9, zlib.DEFLATED, -12)
    return stream.compress(data) + stream.flush()


class Builder:
    """Lays out one image.

    :param size: virtual size; by default all of the clusters
    :param seed: the order of everything in the file
    :param extensions: raw bytes of header extensions, without end mark
    """

    def __init__(self, clusters: list[Cluster], *, version: int = 3,
                 bits: int = 12, size: int | None = None, zstd: bool = False,
                 extended: bool = False, seed: int = 0,
                 extensions: bytes = b'', features: int = 0,
                 header_length: int | None = None,
                 snapshots: list[int] | None = None) -> None:
        self.clusters = clusters
        self.version = version
        self.bits = bits
        self.cs = 1 << bits
        self.size = len(clusters) * self.cs if size is None else size
        self.zstd = zstd
        self.extended = extended
        self.random = random.Random(seed)
        self.extensions = extensions
        self.features = features | zstd << 3 | extended << 4
        self.header_length = header_length or (112 if version == 3 else 72)
        self.snapshots = snapshots or []
        self.file = bytearray(self.cs)
        self.places: dict[str, int] = {}
        self.l2_entries: dict[int, int] = {}

    def build(self) -> Image:
        """Metadata and data in an order that the seed decides."""
        width = 16 if self.extended else 8
        per_table = self.cs // width
        tables = -(-len(self.clusters) // per_table)
        # One more than the guest needs, as for the state of a virtual machine.
        l1_bytes = 8 * (tables + 1)
        jobs = ['l1', 'refcount', 'refblock']
        used = [n for n in range(tables) if any(
            c.how != 'none' for c in
            self.clusters[n * per_table:(n + 1) * per_table])]
        jobs += [f'l2-{n}' for n in used] + ['snapshots', 'data']
        self.random.shuffle(jobs)
        entries = [(0, 0)] * len(self.clusters)
        for job in jobs:
            if job == 'data':
                entries = self._data()
            elif job == 'snapshots':
                self._snapshots()
            else:
                self.places[job] = self._take(
                    l1_bytes if job == 'l1' else self.cs)
        for index, pair in enumerate(entries):
            where = self.places.get(f'l2-{index // per_table}')
            if where is not None:
                where += index % per_table * width
                self.l2_entries[index] = where
                struct.pack_into('>QQ' if self.extended else '>Q', self.file,
                                 where, *pair[:width // 8])
        for n in used:
            struct.pack_into('>Q', self.file, self.places['l1'] + 8 * n,
                             self.places[f'l2-{n}'] | 1 << 63)
        struct.pack_into('>Q', self.file, self.places['refcount'],
                         self.places['refblock'])
        self._header(l1_bytes // 8)
        return Image(self.file, self._guest(), self.cs, self.l2_entries,
                     self.places)

    def _take(self, length: int) -> int:
        """Whole clusters at the end of the file."""
        offset = len(self.file)
        self.file += bytes(length + -length % self.cs)
        return offset

    def _data(self) -> list[tuple[int, int]]:
        order = list(range(len(self.clusters)))
        if self.random.random() < 0.5:
            self.random.shuffle(order)
        entries = [(0, 0)] * len(order)
        packed = b''
        where: list[tuple[int, int, int]] = []
        for index in order:
            cluster = self.clusters[index]
            if cluster.how == 'compressed':
                data = (zstandard.compress(cluster.data) if self.zstd
                        else deflate(cluster.data))
                where.append((index, len(packed), len(data)))
                packed += data
            else:
                entries[index] = self._cluster(cluster)
        start = self._take(len(packed))
        self.file[start:start + len(packed)] = packed
        for index, at, length in where:
            at += start
            sectors = (at + length - 1) // 512 - at // 512
            entries[index] = (
                1 << 62 | sectors << 62 - (self.bits - 8) | at, 0)
        return entries

    def _cluster(self, cluster: Cluster) -> tuple[int, int]:
        if cluster.how == 'none':
            return 0, 0
        if cluster.how == 'zero':
            return (0, 0xffffffff << 32) if self.extended else (1, 0)
        offset = self._take(self.cs)
        # Zeros in the guest must not depend on what the file holds there.
        self.file[offset:] = cluster.data or b'\xaa' * self.cs
        # Both states of the flag are legal: a snapshot may share it.
        entry = offset | self.random.choice([0, 1 << 63])
        if cluster.how == 'zero-alloc':
            return ((entry, 0xffffffff << 32) if self.extended
                    else (entry | 1, 0))
        if cluster.how == 'sub':
            return entry, cluster.zero << 32 | cluster.alloc
        return entry, 0xffffffff

    def _snapshots(self) -> None:
        """One entry for each number of extra bytes in ``snapshots``."""
        table = b''
        for number, extra in enumerate(self.snapshots):
            l1 = self._take(8)
            name = b'snap%d' % number
            table += struct.pack('>QIHHIIQII', l1, 1, 1, len(name), 0, 0, 0,
                                 0, extra)
            table += bytes(extra) + b'%d' % (number % 10) + name
            table += bytes(-len(table) % 8)
        self.places['snapshots'] = self._take(len(table)) if table else 0
        start = self.places['snapshots']
        if table:
            self.file[start:start + len(table)] = table

    def _header(self, l1_entries: int) -> None:
        head = struct.pack(
            '>4sIQIIQIIQQIIQ', b'QFI\xfb', self.version, 0, 0, self.bits,
            self.size, 0, l1_entries, self.places['l1'],
            self.places['refcount'], 1, len(self.snapshots),
            self.places['snapshots'])
        if self.version == 3:
            head += struct.pack('>QQQII', self.features, 1, 0, 4,
                                self.header_length)
            head += struct.pack('>B', self.zstd)
        head = head[:self.header_length].ljust(self.header_length, b'\0')
        head += self.extensions
        self.file[:len(head)] = head

    def _guest(self) -> bytes:
        sub = self.cs // 32
        parts = []
        for cluster in self.clusters:
            if cluster.how in ('data', 'compressed'):
                parts.append(cluster.data)
            elif cluster.how == 'sub':
                parts += [cluster.data[i * sub:(i + 1) * sub]
                          if cluster.alloc >> i & 1 else bytes(sub)
                          for i in range(32)]
            else:
                parts.append(bytes(self.cs))
        return b''.join(parts)[:self.size - self.size % 512]
