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


"""Damaged qcow2 images by the ten thousand.

Each is refused, or decodes to the bytes that qemu-img decodes; in little
memory and time, and with no other file opened. The number of images comes
from GLANCE_LIFECYCLE_FLIPS.
"""

import collections
import concurrent.futures
import dataclasses
import functools
import hashlib
import multiprocessing
import os
import random
import resource
import struct
import sys
import tempfile
from typing import Any
import unittest

from glance_lifecycle import exceptions
from glance_lifecycle.tests.functional import qcow2_oracle
from glance_lifecycle.tests.unit.transfer.formats.qcow2 \
    import builder as qcow2_builder
from glance_lifecycle.tests.unit.transfer.formats.qcow2 \
    import reading as qcow2_reading
from glance_lifecycle.tests import waiting
from glance_lifecycle.transfer.formats.qcow2 import source as qcow2_source

FLIPS = int(os.environ.get('GLANCE_LIFECYCLE_FLIPS', '20000'))
BATCH = 2000
ADDRESS_SPACE = 1 << 30
CPU_SECONDS_A_PROCESS = 600 + FLIPS // 100
MAX_VIRTUAL_SIZE = 16 << 20
OFFSETS = 0x00fffffffffffe00
GUEST = 200 * 1024 + 512

RECIPES = (
    ('compat=0.10,cluster_size=4096', ''),
    ('compat=1.1,cluster_size=4096', '-c'),
    ('compat=1.1,cluster_size=4096,compression_type=zstd', '-c'),
    ('compat=1.1,cluster_size=512,lazy_refcounts=on', ''),
    ('compat=1.1,cluster_size=65536', ''),
    ('compat=1.1,cluster_size=16384,extended_l2=on', ''),
    ('compat=1.1,cluster_size=16384,extended_l2=on', '-c'))


@dataclasses.dataclass(frozen=True)
class Specimen:
    """A sound image, and where a flipped bit hurts.

    :ivar spots: start and length of the header and of what is in use of
        each table
    """

    data: bytes
    guest: bytes
    spots: list[tuple[int, int]]


def spots_of(data: bytes) -> list[tuple[int, int]]:
    """Found anew, not by the reader that is tested."""
    bits, = struct.unpack_from('>I', data, 20)
    l1_count, l1, refcount = struct.unpack_from('>IQQ', data, 36)
    snapshots, snapshot_table = struct.unpack_from('>IQ', data, 60)
    found = [(0, 128), (l1, 8 * l1_count), (refcount, 16)]
    if snapshots:
        found.append((snapshot_table, 80))
    for index in range(l1_count):
        entry, = struct.unpack_from('>Q', data, l1 + 8 * index)
        table = entry & OFFSETS
        used = [at for at in range(0, 1 << bits, 8)
                if table and any(data[table + at:table + at + 8])]
        if used:
            found.append((table + used[0], used[-1] - used[0] + 8))
    return found


def make_specimens(directory: str) -> list[Specimen]:
    """By qemu-img, with each recipe; each with a snapshot and zeros."""
    rng = random.Random(17)
    raw = os.path.join(directory, 'raw')
    with open(raw, 'wb') as file:
        file.truncate(GUEST)
        for start in range(0, GUEST, 40000):
            file.seek(start)
            file.write((rng.randbytes(900) * 30)[:GUEST - start])
    found = []
    for number, (options, flag) in enumerate(RECIPES):
        path = os.path.join(directory, str(number))
        qcow2_oracle.run('qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2',
                         *flag.split(), '-o', options, raw, path)
        if number % 2:
            qcow2_oracle.run('qemu-img', 'snapshot', '-c', 'one', path)
        qcow2_oracle.run('qemu-io', '-f', 'qcow2', '-c', 'write -z 0 16k',
                         '-c', 'write -P 9 20k 1k', path)
        fd = os.open(path, os.O_RDONLY)
        try:
            data = os.pread(fd, os.fstat(fd).st_size, 0)
            guest = qcow2_oracle.convert(fd)
        finally:
            os.close(fd)
        assert guest is not None
        found.append(Specimen(data, guest, spots_of(data)))
    return found


def flipped(specimen: Specimen, rng: random.Random) -> bytes:
    """One to three bits; nearly all where they decide something."""
    data = bytearray(specimen.data)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        # Not one table of a few entries as often as one of hundreds.
        weights = [min(length, 300) for _, length in specimen.spots]
        start, length = (rng.choices(specimen.spots, weights)[0]
                         if rng.random() < 0.98 else (0, len(data)))
        at = (start + rng.randrange(length)) % len(data)
        data[at] ^= 1 << rng.randrange(8)
    return bytes(data)


def memory_file(data: bytes) -> int:
    fd = os.memfd_create('qcow2')
    os.write(fd, data)
    return fd


# What the audit hook below saw; such a hook cannot be removed again.
_opened: list[Any] = []


def limit() -> None:
    """In a worker process: a crash, hang or bomb ends it, and the test."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS_A_PROCESS,) * 2)
    sys.addaudithook(lambda event, args: (
        _opened.append(args) if event in ('open', 'socket.connect',
                                          'subprocess.Popen') else None))


@dataclasses.dataclass
class Batch:
    """What became of the images of one batch.

    :ivar doubtful: seeds and SHA-256 of images that were accepted with
        other bytes than the sound image's: for qemu-img to judge
    """

    reasons: collections.Counter[str]
    doubtful: list[tuple[int, bytes]]
    opened: list[Any]


def damage(specimens: list[Specimen], first: int) -> Batch:
    """Decode the images with seeds ``first`` and on."""
    result = Batch(collections.Counter(), [], [])
    _opened.clear()
    for seed in range(first, first + BATCH):
        specimen, data = image_of(specimens, seed)
        # None takes for ever.
        with waiting.bounded():
            guest = outcome(data, result.reasons)
        if guest is not None and guest != specimen.guest:
            result.doubtful.append((seed, hashlib.sha256(guest).digest()))
    result.opened = list(_opened)
    return result


def image_of(specimens: list[Specimen], seed: int) -> tuple[Specimen, bytes]:
    rng = random.Random(seed)
    specimen = rng.choice(specimens)
    return specimen, flipped(specimen, rng)


def outcome(data: bytes, reasons: collections.Counter[str]) -> bytes | None:
    """Guest bytes, or None if refused; any other error is a failure."""
    source = None
    try:
        source = qcow2_source.Qcow2Source(memory_file(data),
                                          max_virtual_size=MAX_VIRTUAL_SIZE)
        guest = qcow2_reading.whole(source)
    except exceptions.ImageRefused as error:
        reasons[error.reason] += 1
        return None
    finally:
        if source is not None:
            source.close()
    reasons['accepted'] += 1
    return guest


def judged(data: bytes) -> bytes | None:
    fd = memory_file(data)
    try:
        return qcow2_oracle.convert(fd)
    finally:
        os.close(fd)


class HostileTest(unittest.TestCase):

    specimens: list[Specimen]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        with tempfile.TemporaryDirectory() as directory:
            cls.specimens = make_specimens(directory)

    def test_flipped_bits(self) -> None:
        reasons: collections.Counter[str] = collections.Counter()
        doubtful: list[tuple[int, bytes]] = []
        with concurrent.futures.ProcessPoolExecutor(
                mp_context=multiprocessing.get_context('spawn'),
                initializer=limit) as pool:
            for batch in pool.map(functools.partial(damage, self.specimens),
                                  range(0, FLIPS, BATCH)):
                self.assertEqual([], batch.opened)
                reasons += batch.reasons
                doubtful += batch.doubtful
        # Both sides must have had something to do.
        self.assertLess(FLIPS // 20, reasons['accepted'])
        self.assertLess(FLIPS // 20, FLIPS - reasons['accepted'])
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as threads:
            wrong = [seed for seed in threads.map(self.contradicted, doubtful)
                     if seed is not None]
        print(f'{reasons.total()} images, {len(doubtful)} judged by qemu-img,'
              f' {reasons.most_common()}', file=sys.stderr)
        self.assertEqual([], wrong)

    def contradicted(self, doubt: tuple[int, bytes]) -> int | None:
        """The seed, if qemu-img refuses the image or reads other bytes."""
        seed, digest = doubt
        guest = judged(image_of(self.specimens, seed)[1])
        if guest is None or hashlib.sha256(guest).digest() != digest:
            return seed
        return None

    def test_truncated_at_every_sector(self) -> None:
        """Never other bytes than the whole image's."""
        for specimen in self.specimens:
            for size in range(0, len(specimen.data), 512):
                guest = outcome(specimen.data[:size], collections.Counter())
                self.assertIn(guest, (None, specimen.guest), str(size))

    def test_every_entry_pointing_everywhere(self) -> None:
        """Each L1 and L2 entry at each cluster, with and without flags."""
        image = qcow2_builder.Builder(
            [qcow2_builder.Cluster(how, bytes([65 + i]) * 4096)
             for i, how in enumerate(['data', 'compressed', 'zero-alloc',
                                      'zero', 'none'])]).build()
        places = [image.places['l1'], image.places['l1'] + 8,
                  *image.l2_entries.values()]
        spoilt: list[tuple[bytes, bytes]] = []
        for place in places:
            for target in range(0, len(image.data) + 8192, 512):
                for flags in (0, 1, 1 << 62, 1 << 63, 1 << 62 | 7 << 58):
                    data = bytearray(image.data)
                    struct.pack_into('>Q', data, place, target | flags)
                    guest = outcome(bytes(data), collections.Counter())
                    if guest is not None and guest != image.guest:
                        spoilt.append((bytes(data), guest))
        self.assertTrue(spoilt)
        for accepted, guest in spoilt:
            self.assertTrue(guest == judged(accepted))
