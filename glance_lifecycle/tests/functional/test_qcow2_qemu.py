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


"""Images that qemu-img made, with every option it has: we agree with it."""

import dataclasses
import itertools
import os
import random
import tempfile
import unittest

import hypothesis
from hypothesis import strategies

from glance_lifecycle.tests.functional import qcow2_oracle
from glance_lifecycle.tests.unit.transfer.formats.qcow2 \
    import reading as qcow2_reading
from glance_lifecycle.transfer import extents
from glance_lifecycle.transfer.formats.qcow2 import source as qcow2_source

KIB = 1024


@dataclasses.dataclass(frozen=True)
class Options:
    compat: str = '1.1'
    cluster_size: int = 65536
    compression_type: str = 'zlib'
    extended_l2: bool = False
    lazy_refcounts: bool = False
    preallocation: str = 'off'
    refcount_bits: int = 16

    def text(self) -> str:
        """For -o, leaving out what version 2 does not know."""
        names = ['compat', 'cluster_size', 'preallocation']
        if self.compat == '1.1':
            names += ['compression_type', 'lazy_refcounts', 'refcount_bits',
                      'extended_l2']
        return ','.join(f'{name}={_word(getattr(self, name))}'
                        for name in names)


def _word(value: object) -> object:
    return {'True': 'on', 'False': 'off'}.get(str(value), value)


@strategies.composite
def options(draw: strategies.DrawFn) -> Options:
    compat = draw(strategies.sampled_from(['0.10', '1.1', '1.1', '1.1']))
    extended = compat == '1.1' and draw(strategies.booleans())
    return Options(
        compat=compat, extended_l2=extended,
        cluster_size=1 << draw(strategies.integers(14 if extended else 9,
                                                   21)),
        compression_type=draw(strategies.sampled_from(['zlib', 'zstd'])),
        lazy_refcounts=draw(strategies.booleans()),
        preallocation=draw(strategies.sampled_from(
            ['off', 'off', 'off', 'metadata', 'falloc', 'full'])),
        refcount_bits=1 << draw(strategies.integers(0, 6)))


def writes(size: int, rng: random.Random) -> list[str]:
    """qemu-io commands: patterns, zeros and discards of any alignment."""
    commands = []
    for _ in range(rng.randrange(12)):
        start = rng.randrange(size)
        length = min(size - start, rng.choice([1, 511, 4096, 70000, 300000]))
        verb = rng.choice(
            [f'write -P {rng.randrange(1, 256)}'] * 3
            + ['write -z', 'write -z -u', 'discard'])
        commands.append(f'{verb} {start} {length}')
    return commands


class QemuTestCase(unittest.TestCase):

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = os.path.join(directory.name, 'image.qcow2')
        self.raw = os.path.join(directory.name, 'image.raw')

    def assert_agrees(self, path: str) -> None:
        """Equal bytes; and ZERO at least wherever qemu-img says zero."""
        fd = os.open(path, os.O_RDONLY)
        source = qcow2_source.Qcow2Source(fd)
        try:
            guest = qcow2_reading.whole(source)
            self.assertTrue(guest == qcow2_oracle.convert(fd))
            self.assertTrue(qcow2_reading.at_random(
                source, guest, 3, random.Random(5)))
            data = [(extent.start, extent.end) for extent in source.extents()
                    if extent.kind is extents.Kind.DATA]
        finally:
            source.close()
        zero = [(item['start'], item['start'] + item['length'])
                for item in qcow2_oracle.map_of(path) if item['zero']]
        overlap = [(a, b) for a in data for b in zero
                   if max(a[0], b[0]) < min(a[1], b[1])]
        self.assertEqual([], overlap)

    def create(self, size: int, chosen: Options) -> None:
        qcow2_oracle.run('qemu-img', 'create', '-q', '-f', 'qcow2', '-o',
                         chosen.text(), self.path, str(size))

    def io(self, path: str, commands: list[str], fmt: str = 'qcow2') -> None:
        if commands:
            qcow2_oracle.run('qemu-io', '-f', fmt, *itertools.chain(
                *(('-c', command) for command in commands)), path)

    def make_raw(self, size: int, rng: random.Random) -> None:
        """Runs of noise, of text and of nothing."""
        with open(self.raw, 'wb') as file:
            file.truncate(size)
            for _ in range(20):
                file.seek(rng.randrange(size))
                length = min(rng.choice([100, 5000, 100000]),
                             size - file.tell())
                text = b'lorem ipsum ' * length
                file.write(rng.choice([rng.randbytes(length),
                                       text[:length]]))


class CreatedTest(QemuTestCase):

    @hypothesis.settings(max_examples=150)
    @hypothesis.given(options(), strategies.integers(0, 2**32),
                      strategies.booleans())
    def test_created_and_written(self, chosen: Options, seed: int,
                                 snapshot: bool) -> None:
        rng = random.Random(seed)
        size = rng.choice([512, 66048, 1000 * KIB + 512, 3000 * KIB])
        if chosen.cluster_size < 4096:
            size = min(size, 1000 * KIB + 512)
        self.create(size, chosen)
        self.io(self.path, writes(size, rng))
        # A snapshot needs a reference count of two.
        if snapshot and (chosen.compat == '0.10'
                         or chosen.refcount_bits > 1):
            qcow2_oracle.run('qemu-img', 'snapshot', '-c', 'one', self.path)
            self.io(self.path, writes(size, rng))
        self.assert_agrees(self.path)

    def test_resized(self) -> None:
        for mode, extended in itertools.product(
                ['off', 'metadata', 'falloc', 'full'], [False, True]):
            with self.subTest(mode=mode, extended=extended):
                self.create(100 * KIB, Options(extended_l2=extended))
                self.io(self.path, ['write -P 1 0 70000'])
                qcow2_oracle.run('qemu-img', 'resize', '-q', '-f', 'qcow2',
                                 f'--preallocation={mode}', self.path,
                                 str(1500 * KIB + 512))
                self.assert_agrees(self.path)
                qcow2_oracle.run('qemu-img', 'resize', '-q', '--shrink',
                                 '-f', 'qcow2', self.path, '34304')
                self.assert_agrees(self.path)

    def test_bitmaps_and_reverted_snapshots(self) -> None:
        self.create(1000 * KIB, Options())
        self.io(self.path, ['write -P 1 0 200k'])
        for name in ('a', 'b'):
            qcow2_oracle.run('qemu-img', 'snapshot', '-c', name, self.path)
            self.io(self.path, ['write -P 2 100k 200k', 'write -z 0 64k'])
        self.assert_agrees(self.path)
        qcow2_oracle.run('qemu-img', 'snapshot', '-a', 'a', self.path)
        self.assert_agrees(self.path)
        qcow2_oracle.run('qemu-img', 'snapshot', '-d', 'b', self.path)
        self.assert_agrees(self.path)
        qcow2_oracle.run('qemu-img', 'bitmap', '--add', '-f', 'qcow2',
                         self.path, 'dirty')
        self.io(self.path, ['write -P 3 50k 1k'])
        self.assert_agrees(self.path)

    def test_killed_with_lazy_refcounts(self) -> None:
        """Dirty, refcounts stale: accepted, and read as QEMU reads it."""
        self.create(1000 * KIB, Options(lazy_refcounts=True))
        with self.assertRaises(AssertionError):
            self.io(self.path, ['write -P 5 100k 300k', 'abort'])
        with open(self.path, 'rb') as file:
            file.seek(72)
            self.assertEqual(1, file.read(8)[7] & 1)
        self.assert_agrees(self.path)

    def test_empty(self) -> None:
        self.create(0, Options())
        self.assert_agrees(self.path)


class ConvertedTest(QemuTestCase):

    def test_every_kind_of_convert(self) -> None:
        size = 2500 * KIB + 512
        self.make_raw(size, random.Random(7))
        flags = [(), ('-c',), ('-S', '0'), ('-W', '-m', '8'),
                 ('-c', '-W', '-m', '8')]
        for chosen, flag in itertools.product([
                Options(compat='0.10', cluster_size=512),
                Options(compat='0.10'),
                Options(cluster_size=512),
                Options(cluster_size=4096, compression_type='zstd'),
                Options(), Options(compression_type='zstd'),
                Options(extended_l2=True),
                Options(extended_l2=True, cluster_size=16384,
                        compression_type='zstd'),
                Options(cluster_size=2 << 20),
                Options(cluster_size=2 << 20, compression_type='zstd'),
                Options(preallocation='metadata')], flags):
            if '-c' in flag and chosen.preallocation != 'off':
                continue
            with self.subTest(chosen=chosen, flag=flag):
                qcow2_oracle.run(
                    'qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', '-o',
                    chosen.text(), *flag, self.raw, self.path)
                self.assert_agrees(self.path)

    def test_partly_overwritten(self) -> None:
        """Compressed and plain clusters, and gaps between, in one file."""
        rng = random.Random(11)
        size = 2000 * KIB
        self.make_raw(size, rng)
        for number in range(20):
            qcow2_oracle.run(
                'qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', '-c',
                '-o', f'cluster_size={1 << 10 + number // 2}', self.raw,
                self.path)
            self.io(self.path, writes(size, rng))
            self.assert_agrees(self.path)
