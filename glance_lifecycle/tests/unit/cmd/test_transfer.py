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

"""The exit codes and the output of glance-lifecycle-transfer."""

import contextlib
import hashlib
import io
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
from typing import Any
import unittest
from unittest import mock

from glance_lifecycle.cmd import transfer
from glance_lifecycle.transfer.formats.qcow2 import source

# The header of a qcow2 of 1 MiB, whose L1 table is said to be at 192 KiB.
_CUT = struct.pack('>4sIQIIQIIQQIIQQQQII', b'QFI\xfb', 3, 0, 0, 16, 1 << 20,
                   0, 1, 3 << 16, 1 << 16, 1, 0, 0, 0, 0, 0, 4, 104)


class TransferTest(unittest.TestCase):

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.work = pathlib.Path(directory.name)
        self.content = os.urandom(100000) + bytes(4000000)
        self.image = self.work / 'image'
        self.image.write_bytes(self.content)

    def run_it(self, *argv: str) -> tuple[int, str]:
        output = io.StringIO()
        with contextlib.redirect_stdout(output), \
                contextlib.redirect_stderr(output):
            try:
                code = transfer.main([str(self.image), *argv])
            except SystemExit as error:
                code = int(error.code or 0)
        return code, output.getvalue()

    def run_json(self, *argv: str) -> tuple[int, dict[str, Any]]:
        code, output = self.run_it('--json', *argv)
        return code, json.loads(output)

    def test_done(self) -> None:
        code, report = self.run_json(
            '--format', 'raw', '--to', 'file:%s' % (self.work / 'a'),
            '--to', 'file:%s' % (self.work / 'b'), '--to', 'null:',
            '--digest', 'md5,sha512')
        self.assertEqual(transfer.DONE, code)
        for name in ('md5', 'sha512'):
            self.assertEqual(hashlib.new(name, self.content).hexdigest(),
                             report['digests'][name])
        for name in ('a', 'b'):
            self.assertEqual(self.content, (self.work / name).read_bytes())
        for name in ('virtual_size', 'bytes_read', 'bytes_written',
                     'seconds', 'cpu_seconds', 'peak_memory'):
            self.assertTrue(report[name])

    def test_text(self) -> None:
        code, output = self.run_it('--to', 'null:', '--digest', '')
        self.assertEqual(transfer.DONE, code)
        self.assertIn('virtual_size  4100000', output)

    def test_refused(self) -> None:
        code, report = self.run_json('--format', 'qcow2', '--to', 'null:')
        self.assertEqual(transfer.REFUSED, code)
        self.assertEqual('format-mismatch', report['reason'])

    def test_usage(self) -> None:
        for argv in ([], ['--to', 'ftp:x'], ['--to', 'null:', '--digest',
                                             'crc'],
                     *(['--to', 'null:', *wrong] for wrong in (
                         ['--digest', 'shake_128'], ['--workers', '0'],
                         ['--workers', '-1'], ['--memory-limit', '-5'],
                         ['--max-virtual-size', '-1']))):
            self.assertEqual(transfer.USAGE, self.run_it(*argv)[0])
        self.image.unlink()
        self.assertEqual(transfer.USAGE, self.run_it('--to', 'null:')[0])

    def test_failed(self) -> None:
        (self.work / 'there').touch()
        code, output = self.run_it('--to',
                                   'file:%s' % (self.work / 'there'))
        self.assertEqual(transfer.FAILED, code)
        self.assertIn('already holds', output)
        code, output = self.run_it('--to', 'file:/nonexistent/there')
        self.assertEqual(transfer.FAILED, code)

    def test_one_sentence(self) -> None:
        """As people see it: nothing of what the parts tell each other."""
        there = self.work / 'there'
        there.touch()
        # Its table lies behind its end, which only the child process sees.
        cut = self.work / 'cut.qcow2'
        cut.write_bytes(_CUT)
        for image, to, code, said in (
                (self.image, f'file:{there}', transfer.FAILED,
                 f'Store file:{there} already holds an object'),
                (cut, 'null:', transfer.REFUSED, 'Image refused (')):
            done = self.spawn(image, '--to', to)
            self.assertEqual((code, ''), (done.returncode, done.stdout))
            self.assertRegex(done.stderr, r'\A%s: %s[^\n{}]+\.\n\Z' % (
                re.escape(str(image)), re.escape(said)))

    def test_unexpected(self) -> None:
        """What the sentence does not tell is shown before it."""
        # A child that cannot load its reader. Out of memory does not serve:
        # now and then it is out before it gets there, and says so.
        with mock.patch.dict(sys.modules, only_here=source), \
                mock.patch.dict(transfer.SOURCES,
                                qcow2='only_here:Qcow2Source'):
            self.image.write_bytes(_CUT)
            code, output = self.run_it('--to', 'null:')
        self.assertEqual(transfer.FAILED, code)
        self.assertIn('Traceback', output)
        self.assertTrue(output.splitlines()[-1].startswith(f'{self.image}: '))

    def spawn(self, *argv: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, '-m', transfer.__name__, *map(str, argv)],
            text=True, capture_output=True, check=False)
