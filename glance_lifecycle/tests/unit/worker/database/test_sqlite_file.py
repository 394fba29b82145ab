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

"""SQLite's file is private, has a write-ahead log, and stays open."""

import os
import pathlib
import sqlite3
import stat

import fixtures
from oslo_db import exception as db_exception
import testtools

from glance_lifecycle import exceptions
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import sqlite_file


class SqliteFileTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.base = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.path = self.base / 'state' / 'worker.db'
        self.file = sqlite_file.SqliteFile(str(self.path))
        self.addCleanup(self.file.close)

    def write(self) -> None:
        with sqlite3.connect(self.path) as connection:
            connection.execute('create table a (b integer)')
        connection.close()

    def test_private(self) -> None:
        previous = os.umask(0)
        self.addCleanup(os.umask, previous)
        self.file.keep()
        self.write()
        # The log, too, holds all that is written.
        files = sorted(self.path.parent.iterdir())
        self.assertEqual(['worker.db', 'worker.db-shm', 'worker.db-wal'],
                         [path.name for path in files])
        self.assertEqual({0o600}, {
            stat.S_IMODE(path.stat().st_mode) for path in files})
        self.assertEqual(0o700, stat.S_IMODE(
            self.path.parent.stat().st_mode))

    def test_owner(self) -> None:
        """Of the directory, as "db sync" is run by root."""
        self.path.parent.mkdir()
        if not os.geteuid():
            os.chown(self.path.parent, 1234, 5678)
        self.file.keep()
        self.write()
        above = self.path.parent.stat()
        for path in self.path.parent.iterdir():
            self.assertEqual((above.st_uid, above.st_gid),
                             (path.stat().st_uid, path.stat().st_gid))

    def test_kept_as_it_is(self) -> None:
        self.path.parent.mkdir()
        self.write()
        self.path.chmod(0o640)
        self.file.keep()
        self.assertEqual(0o640, stat.S_IMODE(self.path.stat().st_mode))

    def test_cannot_be_made(self) -> None:
        self.path.parent.write_text('a file')
        error = self.assertRaises(exceptions.ConfigurationError,
                                  self.file.keep)
        self.assertNotIn(str(self.base), str(error))
        self.assertIn(str(self.path), error.for_operator())

    def test_not_to_be_made(self) -> None:
        asking = sqlite_file.SqliteFile(str(self.path), make=False)
        self.addCleanup(asking.close)
        error = self.assertRaises(errors.DatabaseMissing, asking.keep)
        self.assertNotIn(str(self.base), str(error))
        self.assertIn(str(self.path), error.for_operator())
        self.assertEqual([], list(self.base.iterdir()))
        self.file.keep()
        asking.keep()

    def test_of_another_user(self) -> None:
        """Where it cannot be read, and where it cannot even be looked for."""
        self.path.parent.mkdir()
        self.write()
        self.base.chmod(0o755)
        for folder, mode in ((0o700, 0o600), (0o755, 0o600), (0o777, 0o444),
                             (0o555, 0o666)):
            self.path.parent.chmod(folder)
            self.path.chmod(mode)
            self.assertEqual('DatabaseForbidden', self.as_nobody(),
                             oct(folder))
        self.path.parent.chmod(0o777)
        self.path.chmod(0o666)
        self.assertEqual('', self.as_nobody())

    def as_nobody(self) -> str:
        """What is raised in a process of a user without rights."""
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            try:
                if not os.geteuid():
                    os.setgroups([])
                    os.setgid(65534)
                    os.setuid(65534)
                try:
                    sqlite_file.SqliteFile(str(self.path), make=False).keep()
                except Exception as error:
                    os.write(writer, type(error).__name__.encode())
            finally:
                os._exit(0)
        os.close(writer)
        with open(reader) as answer:
            found = answer.read()
        self.assertEqual(0, os.waitpid(child, 0)[1])
        return found

    def test_no_database(self) -> None:
        self.path.parent.mkdir()
        self.path.write_text('this is something else, and long enough ' * 99)
        self.assertRaises(db_exception.DBError, self.file.keep)

    def test_not_across_a_fork(self) -> None:
        self.file.keep()
        self.write()
        # SQLite removes its log as the last connection is closed.
        log = self.path.with_name('worker.db-wal')
        self.assertTrue(log.exists())
        child = os.fork()
        if not child:
            os._exit(0 if self.file._connection is None else 1)
        self.assertEqual(0, os.waitpid(child, 0)[1])
        self.assertFalse(log.exists())
        self.file.keep()
        self.assertIsNotNone(self.file._connection)
