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

import os
import pathlib
import tempfile
import types
from typing import Any
from unittest import mock

import fixtures
from oslotest import base

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer.formats.foreign import handmade
from glance_lifecycle.tests import waiting
from glance_lifecycle.transfer import confine
from glance_lifecycle.transfer.formats.foreign import source as foreign_source
from glance_lifecycle.transfer import limits

MIB = handmade.MIB
IMAGE_ID = '9c3b1c7e-6a3e-4a6b-8d7c-1d3f2c5b7a90'


class ForeignSourceTest(base.BaseTestCase):
    """With a program in qemu-img's place, for what qemu-img seldom does."""

    def setUp(self) -> None:
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.dir = pathlib.Path(directory.name)
        self.scratch = self.dir / 'staging'
        self.scratch.mkdir()
        # A shell script starts other programs, which the walls forbid; they
        # are tested with the real qemu-img.
        self.converter = confine.converter
        self.useFixture(fixtures.MockPatchObject(
            confine, 'converter', return_value=limits.NO_WALLS))

    def program(self, script: str) -> str:
        path = self.dir / 'program'
        # $4 and $5 are the links to the image and to the scratch file.
        path.write_text('#!/bin/sh\n%s\n' % script)
        path.chmod(0o700)
        return str(path)

    def source(self, script: str | None = None,
               content: bytes = handmade.vdi([b'x' * MIB, None]),
               disk_format: str = 'vdi',
               **options: Any) -> foreign_source.ForeignSource:
        path = self.dir / 'image'
        path.write_bytes(content)
        source = foreign_source.ForeignSource(
            os.open(path, os.O_RDONLY), disk_format=disk_format,
            image_id=IMAGE_ID, scratch_dir=str(self.scratch),
            qemu_img=(self.program(script) if script is not None
                      else '/nonexistent/qemu-img'), **options)
        self.addCleanup(source.close)
        return source

    def fails(self, expected: type[Exception], script: str,
              **options: Any) -> str:
        source = self.source(script, **options)
        error = self.assertRaises(expected, source.prepare)
        self.assertEqual([], list(self.scratch.iterdir()))
        return str(error)

    def test_converted(self) -> None:
        source = self.source('truncate -s 2M "$5"')
        self.assertEqual(2 * MIB, source.virtual_size)
        source.prepare()
        self.assertEqual(['zero'], [e.kind.value for e in source.extents()])
        buffer = bytearray(b'y' * 10)
        source.read_into(0, memoryview(buffer))
        self.assertEqual(bytes(10), bytes(buffer))
        self.assertGreaterEqual(source.bytes_read, MIB)
        self.assertEqual([], list(self.scratch.iterdir()))

    def test_arguments(self) -> None:
        text = self.fails(exceptions.ImageRefused,
                          'echo "$@" >&2; exit 1')
        self.assertIn(
            'convert -O raw json:{"driver": "vdi", "read-only": true, '
            '"backing": null, "file": {"driver": "file", "read-only": true, '
            '"filename": "image"}} image', text)

    def test_read_before_it_is_converted(self) -> None:
        self.assertRaises(exceptions.InternalError, self.source().extents)

    def test_program_absent(self) -> None:
        error = self.assertRaises(exceptions.ConfigurationError,
                                  self.source().prepare)
        self.assertIn('Install qemu-utils', str(error))
        self.assertNotIn('/nonexistent', str(error))

    def test_other_size_than_said(self) -> None:
        text = self.fails(exceptions.ImageRefused, 'truncate -s 1M "$5"')
        self.assertIn('1048576 bytes of a disk that says it has 2097152',
                      text)

    def test_larger_than_said(self) -> None:
        text = self.fails(exceptions.ImageRefused,
                          'exec truncate -s 3M "$5"')
        self.assertIn('conversion-failed', text)

    def test_error_text(self) -> None:
        text = self.fails(
            exceptions.ImageRefused,
            "echo \"qemu-img: Could not open '/var/lib/glance/x': bad \033[1m"
            "$(printf '%0900d' 1)\" >&2; exit 1")
        self.assertIn("Could not open '(path)': bad [1m", text)
        self.assertNotIn('glance', text)
        self.assertLess(len(text), 450)

    def test_endless_error_text(self) -> None:
        self.fails(exceptions.ImageRefused,
                   'head -c 1000000 /dev/zero | tr "\\0" x >&2; exit 1')

    def test_no_room(self) -> None:
        self.fails(exceptions.SourceError,
                   'echo "x: No space left on device" >&2; exit 1')

    def test_crash(self) -> None:
        text = self.fails(exceptions.ImageRefused, 'kill -SEGV $$')
        self.assertIn('Segmentation fault', text)

    def test_killed(self) -> None:
        self.fails(exceptions.TransferFailed, 'kill -KILL $$')

    def test_wall_clock(self) -> None:
        """However little CPU time it uses."""
        text = self.fails(exceptions.TransferFailed, 'exec sleep 600',
                          wall_limit=0.1)
        self.assertIn('did not end within', text)

    def test_reserved(self) -> None:
        options = {'image_id': IMAGE_ID, 'scratch_dir': str(self.scratch)}
        reserved = foreign_source.ForeignSource.reserve(options)
        self.assertEqual([], list(self.scratch.iterdir()))
        # Nothing can be made there any more, and nothing need be.
        self.scratch.rmdir()
        source = self.source('truncate -s 2M "$5"',
                             scratch=reserved['scratch'])
        source.prepare()
        self.assertEqual(2 * MIB, source.virtual_size)

    def test_a_script_is_not_confined(self) -> None:
        self.useFixture(fixtures.MockPatchObject(
            confine, 'converter', self.converter))
        text = self.fails(exceptions.ConfigurationError, 'exit 0')
        self.assertIn('qemu_img is a script', text)

    def test_limits(self) -> None:
        text = self.fails(
            exceptions.ImageRefused,
            'echo "$(ulimit -v) $(ulimit -t) $(ulimit -c)" >&2; exit 1',
            memory_limit=1 << 30, cpu_limit=77)
        self.assertIn('1048576 77 0', text)

    def test_cpu_limit(self) -> None:
        self.fails(exceptions.TransferFailed, 'kill -XCPU $$')

    def test_cancelled(self) -> None:
        source = self.source('exec sleep 1000000')
        with waiting.bounded():
            self.assertRaises(exceptions.TransferCancelled, source.prepare,
                              lambda: True)

    def test_left_by_a_crash(self) -> None:
        (self.scratch / (IMAGE_ID + '.lifecycle-convert')).write_text('old')
        self.source('truncate -s 2M "$5"').prepare()
        self.assertEqual([], list(self.scratch.iterdir()))

    def test_no_staging_directory(self) -> None:
        source = self.source('exit 0')
        self.scratch.rmdir()
        self.assertRaises(exceptions.SourceError, source.prepare)

    def test_no_free_space(self) -> None:
        source = self.source('exit 1')
        free = types.SimpleNamespace(f_bavail=255, f_frsize=4096)
        with mock.patch.object(os, 'fstatvfs', return_value=free):
            error = self.assertRaises(exceptions.SourceError, source.prepare)
        # One of its two blocks has data.
        self.assertIn('may need 1048576 bytes', str(error))
        self.assertIn('1044480 are free', str(error))

    def test_too_large(self) -> None:
        error = self.assertRaises(exceptions.ImageRefused, self.source,
                                  max_virtual_size=MIB)
        self.assertEqual('size-limit', error.reason)

    def test_other_format_than_declared(self) -> None:
        error = self.assertRaises(
            exceptions.ImageRefused, self.source,
            content=handmade.vhd([b'x']))
        self.assertEqual('format-mismatch', error.reason)

    def test_truncated_is_refused_before_any_work(self) -> None:
        error = self.assertRaises(
            exceptions.ImageRefused, self.source,
            content=handmade.vdi([b'x' * MIB])[:-1])
        self.assertEqual('truncated', error.reason)

    def test_descriptor_is_closed_on_refusal(self) -> None:
        fd = os.open(os.devnull, os.O_RDONLY)
        self.assertRaises(exceptions.LifecycleError,
                          foreign_source.ForeignSource,
                          fd, disk_format='vdi', image_id='x',
                          scratch_dir='.')
        self.assertRaises(OSError, os.fstat, fd)
