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

"""The file of SQLite, for workers of one host."""

import os
import pathlib
import sqlite3
import threading
import weakref

from oslo_db import exception as db_exception

from glance_lifecycle import exceptions
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import owned

#: Seconds that one process waits for another's transaction.
BUSY = 30


class SqliteFile:
    """Made readable by its owner only, with a write-ahead log, kept open.

    oslo.db closes the connection after each transaction, and the last one
    to close a file writes all of its log back: 15 jobs a second instead of
    36 with one connection that stays. None stays across a fork, which
    SQLite forbids.

    :param make: whether it is made where it is not there
    """

    def __init__(self, path: str, *, make: bool = True) -> None:
        self._path = pathlib.Path(path)
        self._make = make
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        _ALL.add(self)

    def keep(self) -> None:
        """Have it there and open.

        :raises ConfigurationError: it cannot be made
        :raises DatabaseMissing: it is not there, and not to be made
        :raises DatabaseForbidden: the same, for this user
        :raises DBError: of oslo.db; it is locked, or no database
        """
        with self._lock:
            if self._connection is None:
                if self._make:
                    _make(self._path)
                else:
                    _look(self._path)
                try:
                    self._connection = _open(self._path)
                except sqlite3.Error as error:
                    raise db_exception.DBError(error) from None

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


_ALL: weakref.WeakSet[SqliteFile] = weakref.WeakSet()


def _close_all() -> None:
    for each in list(_ALL):
        each.close()


os.register_at_fork(before=_close_all)


def _open(path: pathlib.Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY, check_same_thread=False)
    try:
        # Kept in the file: readers and a writer do not wait for each other.
        # SQLite gives the log the mode and the owner of the file.
        connection.execute('PRAGMA journal_mode=WAL').fetchall()
        connection.execute('SELECT 1 FROM sqlite_master').fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def _make(path: pathlib.Path) -> None:
    """Make an empty file; SQLite's own would be for all to read.

    :raises ConfigurationError: it cannot be made
    """
    try:
        owned.make_directory(path.parent)
        try:
            made = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            return
        try:
            os.fchown(made, *owned.owner(path))
        finally:
            os.close(made)
    except OSError as error:
        raise exceptions.ConfigurationError(
            detail='the database of the lifecycle worker cannot be made: %s. '
            'See [lifecycle] state_dir and [lifecycle_worker] connection'
            % error.strerror, operator=str(path)) from None


def _look(path: pathlib.Path) -> None:
    """Not by opening it: closing that would drop all locks of this process.

    :raises DatabaseMissing: it is not there
    :raises DatabaseForbidden: it is, or may be, and is not for this user
    """
    try:
        path.stat()
    except PermissionError:
        pass
    except OSError as error:
        raise errors.DatabaseMissing(
            detail='a worker that starts makes it. Has none run on this host, '
            'or is the configuration another one?',
            operator='%s: %s' % (path, error.strerror)) from None
    # SQLite writes beside it, also where it only reads.
    if not (os.access(path, os.R_OK | os.W_OK)
            and os.access(path.parent, os.W_OK | os.X_OK)):
        raise errors.DatabaseForbidden(
            detail='run it as root, or as the user of the worker',
            operator=str(path))
