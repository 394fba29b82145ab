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

"""Files that are read, and sent, while nobody may change them."""

import hashlib
import io
import os
import tempfile
import unittest

from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc.common import image_bytes
from glance_lifecycle.osc.common import progress


class Terminal(io.StringIO):

    def isatty(self) -> bool:
        return True


class FileTestCase(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        file = tempfile.NamedTemporaryFile()
        self.addCleanup(file.close)
        file.write(b'abc' * 1000)
        file.flush()
        self.path = file.name

    def test_digests(self) -> None:
        found = image_bytes.of_file(self.path, ['sha256', 'sha256'])
        self.assertEqual(3000, found.size)
        self.assertEqual(
            {'sha256': hashlib.sha256(b'abc' * 1000).digest()},
            found.values)

    def test_changed(self) -> None:
        with image_bytes.File(self.path) as source:
            source.check_unchanged()
            os.utime(self.path, (1, 1))
            self.assertRaises(osc_exceptions.CommandError,
                              source.check_unchanged)

    def test_changed_and_the_time_set_back(self) -> None:
        with image_bytes.File(self.path) as source:
            before = os.stat(self.path)
            changed = before
            # A clock of the file system may tick but every few milliseconds.
            while changed.st_ctime_ns == before.st_ctime_ns:
                with open(self.path, 'r+b') as file:
                    file.write(b'xyz')
                os.utime(self.path, ns=(before.st_atime_ns,
                                        before.st_mtime_ns))
                changed = os.stat(self.path)
            self.assertEqual(
                (before.st_size, before.st_mtime_ns),
                (changed.st_size, changed.st_mtime_ns))
            self.assertRaises(osc_exceptions.CommandError,
                              source.check_unchanged)

    def test_replaced(self) -> None:
        """What was read is whole, and not what has that name now."""
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, 'image')
            other = os.path.join(directory, 'other')
            for name in (path, other):
                with open(name, 'wb') as file:
                    file.write(name.encode())
            with image_bytes.File(path) as source:
                source.check_unchanged()
                os.rename(other, path)
                self.assertRaises(osc_exceptions.CommandError,
                                  source.check_unchanged)
            with image_bytes.File(path) as source:
                os.unlink(path)
                self.assertRaisesRegex(
                    osc_exceptions.CommandError, 'changed while',
                    source.check_unchanged)

    def test_no_file(self) -> None:
        for path in ('/nowhere', '/dev/null'):
            self.assertRaises(osc_exceptions.CommandError, image_bytes.File,
                              path)

    def test_upload(self) -> None:
        terminal = Terminal()
        with image_bytes.File(self.path) as source:
            source.digest('sha256')
            body = progress.Upload(source.file, progress.Progress(
                'Uploading', source.size, terminal))
            self.assertEqual(3000, len(body))
            self.assertEqual(b'abc' * 1000, b''.join(body))
        self.assertIn('100 %', terminal.getvalue())
