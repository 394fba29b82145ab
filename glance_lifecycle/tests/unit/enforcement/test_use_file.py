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

"""A listing, between processes."""

import os
import pathlib
import tempfile
import unittest

from glance_lifecycle.enforcement import use_file


class ListingFileTest(unittest.TestCase):

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.base = pathlib.Path(directory.name, 'dependents')
        self.ours, self.theirs = (
            use_file.ListingFile(str(self.base), 'servers')
            for _ in range(2))

    def test_read_and_write(self) -> None:
        self.assertIsNone(self.ours.read())
        for ids in ({'a', 'b'}, set()):
            self.theirs.write(12.5, ids)
            self.assertEqual(
                use_file.Listing(12.5, frozenset(ids)),
                self.ours.read())
        self.assertIs(self.ours.read(), self.ours.read())
        self.assertEqual(['servers.json'], os.listdir(self.base))
        self.assertEqual(0o700, self.base.stat().st_mode & 0o777)
        path = self.base / 'servers.json'
        self.assertEqual(0o600, path.stat().st_mode & 0o777)

    def test_unusable(self) -> None:
        self.ours.write(1.0, {'a'})
        for text in ('', '{', '[]', '{"taken": 1}', '{"taken": "x"}', 'null',
                     '{"taken": 1, "ids": 3}'):
            (self.base / 'servers.json').write_text(text)
            self.assertIsNone(self.ours.read(), text)

    def test_gone(self) -> None:
        self.ours.write(1.0, {'a'})
        self.assertIsNotNone(self.ours.read())
        (self.base / 'servers.json').unlink()
        self.assertIsNone(self.ours.read())

    def test_alone(self) -> None:
        with self.ours.alone() as first:
            with self.theirs.alone() as second:
                self.assertEqual((True, False), (first, second))
        with self.theirs.alone() as second:
            self.assertTrue(second)

    def test_cannot_write(self) -> None:
        self.base.touch()
        with self.assertRaises(OSError):
            self.ours.write(1.0, set())
