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

"""Whose files are that root makes; who is not root makes only his own."""

import os
import pathlib

import fixtures
import testtools

from glance_lifecycle.worker.database import owned


class OwnedTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.theirs = os.getuid(), os.getgid()
        if not os.getuid():
            self.theirs = 1234, 5678
            os.chown(self.top, *self.theirs)

    def test_made(self) -> None:
        path = self.top / 'workers'
        owned.make_directory(path)
        found = path.stat()
        self.assertEqual((*self.theirs, 0o40700),
                         (found.st_uid, found.st_gid, found.st_mode))

    def test_there(self) -> None:
        """As it is, and also where it is a link."""
        path = self.top / 'workers'
        path.mkdir(mode=0o750)
        before = path.stat()
        owned.make_directory(path)
        self.assertEqual((before.st_uid, before.st_mode),
                         (path.stat().st_uid, path.stat().st_mode))
        link = self.top / 'link'
        link.symlink_to('/nonexistent')
        owned.make_directory(link)
        self.assertTrue(link.is_symlink())

    def test_no_place(self) -> None:
        self.assertRaises(FileNotFoundError, owned.make_directory,
                          self.top / 'none' / 'workers')
