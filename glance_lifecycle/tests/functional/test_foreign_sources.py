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

"""Foreign images that qemu-img made, through the real qemu-img.

qemu-img is the oracle for what a sound image holds. It is no oracle for a
truncated one, which it fills with zeros: there, the sound image's bytes are.
"""

import hashlib
import os
import pathlib
import random
import signal
import struct
import subprocess
import sys
from typing import Any
import zlib

import fixtures
from oslotest import base

from glance_lifecycle import exceptions
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.unit.transfer.formats.foreign import handmade
from glance_lifecycle.tests import waiting
from glance_lifecycle.transfer import extents
from glance_lifecycle.transfer.formats.foreign import source as foreign_source
from glance_lifecycle.transfer.formats import inspect

IMAGE_ID = '9c3b1c7e-6a3e-4a6b-8d7c-1d3f2c5b7a90'
MIB = 1 << 20

VARIANTS = (
    ('vmdk', 'subformat=monolithicSparse'),
    ('vmdk', 'subformat=streamOptimized'),
    ('vdi', ''),
    ('vdi', 'static=on'),
    ('vhd', ''),
    ('vhd', 'force_size=on'),
    ('vhd', 'subformat=fixed'),
    ('vhdx', ''),
    ('vhdx', 'subformat=fixed'),
    ('vhdx', 'block_size=1048576'),
)


class ForeignTestCase(base.BaseTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.work = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.scratch = self.work / 'staging'
        self.scratch.mkdir()

    def raw(self, size: int = 24 * MIB + 512) -> pathlib.Path:
        """Random runs in a sparse file, its last sector among them."""
        chance = random.Random(size)
        path = self.work / 'source'
        with path.open('wb') as handle:
            handle.truncate(size)
            for _ in range(6):
                handle.seek(chance.randrange(size - 300000) // 512 * 512)
                handle.write(chance.randbytes(300000))
            handle.seek(size - 1024)
            handle.write(chance.randbytes(1024))
        return path

    def image(self, disk_format: str, options: str = '',
              size: int = 24 * MIB + 512) -> pathlib.Path:
        path = self.work / 'image'
        images.convert(self.raw(size), 'raw', path, disk_format,
                       options=options)
        return path

    def source(self, path: pathlib.Path, disk_format: str,
               **options: Any) -> foreign_source.ForeignSource:
        source = foreign_source.ForeignSource(
            os.open(path, os.O_RDONLY), disk_format=disk_format,
            image_id=IMAGE_ID, scratch_dir=str(self.scratch), **options)
        self.addCleanup(source.close)
        return source

    def convert(self, path: pathlib.Path, disk_format: str) -> str:
        """Digest of what the guest sees, as the engine reads it."""
        source = self.source(path, disk_format)
        try:
            source.prepare()
            digest = hashlib.sha512()
            for extent in source.extents():
                content = bytearray(extent.length)
                if extent.kind is extents.Kind.DATA:
                    source.read_into(extent.start, memoryview(content))
                digest.update(content)
            return digest.hexdigest()
        finally:
            source.close()


class SoundTest(ForeignTestCase):

    def test_every_variant(self) -> None:
        for disk_format, options in VARIANTS:
            for size in (24 * MIB + 512, 5 * MIB, 1000448):
                path = self.image(disk_format, options, size)
                self.assertEqual(
                    images.reference(path, disk_format).sha512,
                    self.convert(path, disk_format),
                    repr((disk_format, options, size)))
                path.unlink()
        self.assertEqual([], list(self.scratch.iterdir()))

    def test_the_size_agrees_before_and_after(self) -> None:
        for disk_format, options in VARIANTS:
            path = self.image(disk_format, options)
            fd = os.open(path, os.O_RDONLY)
            found = inspect.check_declared(inspect.inspect(fd), disk_format)
            os.close(fd)
            self.assertEqual(disk_format, found.reader)
            source = self.source(path, disk_format)
            before = source.virtual_size
            source.prepare()
            self.assertEqual(before, source.virtual_size)
            self.assertIn(found.virtual_size, (None, before))

    def test_holes_stay_holes(self) -> None:
        path = self.image('vmdk', size=200 * MIB)
        source = self.source(path, 'vmdk')
        source.prepare()
        data = sum(e.length for e in source.extents()
                   if e.kind is extents.Kind.DATA)
        self.assertLess(data, 4 * MIB)

    def test_the_file_that_was_opened_is_read(self) -> None:
        path = self.image('vdi')
        expected = images.reference(path, 'vdi').sha512
        source = self.source(path, 'vdi')
        path.unlink()
        path.write_bytes(b'another file at this path')
        source.prepare()
        content = bytearray(source.virtual_size)
        source.read_into(0, memoryview(content))
        self.assertEqual(expected, hashlib.sha512(content).hexdigest())


class BadTest(ForeignTestCase):

    def test_truncated(self) -> None:
        """At any place: refused, or nothing that the guest sees lacks."""
        for disk_format, options in VARIANTS:
            path = self.image(disk_format, options)
            expected = images.reference(path, disk_format).sha512
            size = path.stat().st_size
            # Ascending: each cut is made in what the last one left.
            for cut in sorted((1, 511, 512, 1024, 4096, 65536, MIB,
                               size // 3, size // 2, size * 9 // 10,
                               size - 512, size - 1)):
                os.truncate(path, size - cut)
                try:
                    found = self.convert(path, disk_format)
                except exceptions.ImageRefused:
                    continue
                self.assertEqual(expected, found,
                                 repr((disk_format, options, cut)))
            path.unlink()
        self.assertEqual([], list(self.scratch.iterdir()))

    def test_damaged_metadata(self) -> None:
        """Refused, or converted; never a crash of ours, never left-overs."""
        chance = random.Random(7)
        for disk_format, options in VARIANTS:
            path = self.image(disk_format, options, 5 * MIB)
            content = path.read_bytes()
            places = ([0, 512, 1536, 10752] if disk_format != 'vhdx'
                      else [65536, 196608, 2 * MIB, 3 * MIB])
            for _ in range(12):
                damaged = bytearray(content)
                for _ in range(chance.randrange(1, 4)):
                    place = min(chance.choice(places)
                                + chance.randrange(120), len(content) - 1)
                    damaged[place] ^= 1 << chance.randrange(8)
                path.write_bytes(damaged)
                try:
                    self.convert(path, disk_format)
                except exceptions.ImageRefused:
                    pass
        self.assertEqual([], list(self.scratch.iterdir()))

    def test_images_of_several_files(self) -> None:
        path = self.work / 'disk.vmdk'
        for subformat in ('monolithicFlat', 'twoGbMaxExtentSparse',
                          'twoGbMaxExtentFlat'):
            images.convert(self.raw(), 'raw', path, 'vmdk',
                           options='subformat=' + subformat)
            error = self.assertRaises(exceptions.ImageRefused, self.source,
                                      path, 'vmdk')
            self.assertEqual('vmdk-type', error.reason)

    def test_differences_to_a_parent(self) -> None:
        parent = self.image('vmdk')
        child = self.work / 'child.vmdk'
        subprocess.run(['qemu-img', 'create', '-q', '-f', 'vmdk', '-F', 'vmdk',
                        '-b', str(parent), str(child)], check=True)
        error = self.assertRaises(exceptions.ImageRefused, self.source,
                                  child, 'vmdk')
        self.assertEqual('backing-file', error.reason)

    def test_largest_grains(self) -> None:
        """1 GiB as it is, 64 MiB compressed, with the usual limits."""
        marks = {0: b'begin', 40 * MIB: b'middle', 64 * MIB - 3: b'end'}
        whole = bytearray(64 * MIB)
        for place, mark in marks.items():
            whole[place:place + len(mark)] = mark
        del whole[64 * MIB:]
        compressed = self.work / 'compressed'
        compressed.write_bytes(handmade.vmdk(
            [zlib.compress(whole)], kind='streamOptimized', compression=1,
            grain=64 * MIB // 512))
        plain = self.work / 'plain'
        content = bytearray(handmade.vmdk([None], grain=1 << 21))
        struct.pack_into('<I', content, 2048, 128)
        with plain.open('wb') as stream:
            stream.write(content)
            for place, mark in marks.items():
                stream.seek(65536 + place)
                stream.write(mark)
            stream.truncate(65536 + (1 << 30))
        for path, size in ((plain, 1 << 30), (compressed, 64 * MIB)):
            source = self.source(path, 'vmdk')
            source.prepare()
            self.assertEqual(size, source.virtual_size)
            for place, mark in marks.items():
                found = bytearray(len(mark))
                source.read_into(place, memoryview(found))
                self.assertEqual(mark, bytes(found))

    def test_address_space(self) -> None:
        path = self.image('vdi')
        for limit in (10 * MIB, 32 * MIB):
            source = self.source(path, 'vdi', memory_limit=limit)
            error = self.assertRaises(exceptions.TransferFailed,
                                      source.prepare)
            self.assertIn('raise the limit', str(error))

    def test_qemu_img_dies_with_us(self) -> None:
        # In qemu-img's place, one that takes long; a script, which may not
        # run confined.
        path = self.image('vdi')
        slow = self.work / 'slow'
        slow.write_text('#!/bin/sh\necho $$ > "%s"\nexec sleep 1000000\n'
                        % (self.work / 'pid'))
        slow.chmod(0o700)
        parent = subprocess.Popen([sys.executable, '-c', (
            'import os\n'
            'from glance_lifecycle.transfer import confine\n'
            'from glance_lifecycle.transfer.formats.foreign import source as '
            'foreign\n'
            'confine.converter = lambda *_: (-1, b"", "")\n'
            'foreign.ForeignSource(os.open(%r, 0), disk_format="vdi", '
            'image_id="x", scratch_dir=%r, qemu_img=%r).prepare()\n' % (
                str(path), str(self.scratch), str(slow)))])
        pid_file = self.work / 'pid'
        waiting.until('it runs', lambda: pid_file.exists()
                      and pid_file.read_text().endswith('\n'))
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        pid = int(pid_file.read_text())
        waiting.until('qemu-img is gone', lambda: not transfer.running(pid))
        self.assertEqual([], list(self.scratch.iterdir()))
