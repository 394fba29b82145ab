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

"""A file gets another name, and never one that is taken."""

import errno
import os
import pathlib
from typing import Any
from unittest import mock

from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends.file import renaming


class RenamingTest(helpers.TempDirTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.top = pathlib.Path(self.path)
        self.fds = []
        for name in ('one', 'two'):
            (self.top / name).mkdir()
            self.fds.append(os.open(self.top / name, os.O_RDONLY))
            self.addCleanup(os.close, self.fds[-1])

    def move(self) -> None:
        renaming.move(self.fds[0], 'a', self.fds[1], 'b')

    def check(self) -> None:
        source, target = self.top / 'one/a', self.top / 'two/b'
        self.assertRaises(FileNotFoundError, self.move)
        source.write_bytes(b'x')
        self.move()
        self.assertEqual((False, b'x'), (source.exists(),
                                         target.read_bytes()))
        source.write_bytes(b'y')
        self.assertRaises(FileExistsError, self.move)
        target.unlink()
        target.symlink_to('nowhere')
        self.assertRaises(FileExistsError, self.move)
        self.assertEqual(b'y', source.read_bytes())
        target.unlink()
        source.unlink()

    def test_renameat2(self) -> None:
        self.check()

    def test_linked(self) -> None:
        """As on NFS."""
        for number in (errno.EINVAL, errno.ENOSYS):
            with mock.patch.object(renaming, '_renamed',
                                   side_effect=OSError(number, '')):
                self.check()

    def test_no_links(self) -> None:
        """As on FAT, and where a library of C is old."""
        def link(*_arguments: Any, **_options: Any) -> None:
            raise PermissionError(errno.EPERM, '')

        with mock.patch.object(renaming, '_renameat2', lambda: None), (
                mock.patch.object(os, 'link', link)):
            self.check()

    def test_other_errors(self) -> None:
        with mock.patch.object(renaming, '_renamed',
                               side_effect=OSError(errno.EROFS, '')):
            with self.assertRaises(OSError) as caught:
                self.move()
        self.assertEqual(errno.EROFS, caught.exception.errno)

    def test_is_same(self) -> None:
        (self.top / 'one/a').write_bytes(b'')
        os.link(self.top / 'one/a', self.top / 'two/b')
        (self.top / 'two/c').write_bytes(b'')
        for name, expected in (('b', True), ('c', False), ('d', False)):
            self.assertEqual(expected, renaming.is_same(
                self.fds[0], 'a', self.fds[1], name))
