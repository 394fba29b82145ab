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

"""Transactions of the worker's database: each on its own, and patient.

oslo.db takes what it is not told from ``[database]``, which is Glance's: a
read-only replica, parameters for another kind of server. So it is told all.
"""

from collections.abc import Callable
import sqlite3
import time
from typing import Any
from typing import TypeVar

from oslo_db import api
from oslo_db import exception as db_exception
from oslo_db.sqlalchemy import enginefacade
from oslo_log import log as logging
import sqlalchemy as sa
from sqlalchemy import exc as sa_exc

from glance_lifecycle import database_errors
from glance_lifecycle import exceptions
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import sqlite_file

LOG = logging.getLogger(__name__)

T = TypeVar('T')

_SETTINGS: dict[str, Any] = {
    'slave_connection': None, 'connection_parameters': None,
    'connection_debug': 0, 'connection_recycle_time': 3600,
    'connection_trace': False, 'json_deserializer': None,
    'json_serializer': None, 'logging_name': None, 'max_overflow': 50,
    # Connecting is tried again with all else.
    'max_pool_size': 5, 'max_retries': 0, 'retry_interval': 1,
    'mysql_sql_mode': 'TRADITIONAL', 'mysql_wsrep_sync_wait': None,
    'pool_timeout': None, 'sqlite_fk': False, 'sqlite_synchronous': True,
    'thread_checkin': False}

_WRONG = (sa_exc.DataError, sa_exc.IntegrityError, sa_exc.NotSupportedError,
          sa_exc.ProgrammingError)

# MariaDB's "Unknown column" and "Field has no default value", for PyMySQL
# errors of operation, as is a server that is away.
_BAD_FIELDS = (1054, 1364)

# What is to be installed for a driver.
_EXTRAS = {'pymysql': 'glance-lifecycle[mysql]',
           'psycopg': 'glance-lifecycle[postgresql]'}

said = database_errors.said


class _Context:
    """What enginefacade hangs a transaction on; a new one is of its own."""


class Database:
    """A handle; nothing is opened before it is used, nor across a fork.

    :param url: SQLAlchemy's
    :param patience: seconds that a transaction is tried again while the
        database fails
    :param make: whether SQLite's file is made, readable by its owner only,
        where it is not there
    :raises ConfigurationError: the URL is none, or its driver is missing
    """

    def __init__(self, url: str | sa.URL, patience: float = 60, *,
                 make: bool = True) -> None:
        self.url = _complete(url)
        _load_driver(self.url)
        self._patience = patience
        self._file = (sqlite_file.SqliteFile(self.url.database, make=make)
                      if self.is_sqlite and self.url.database else None)
        self._facade = enginefacade.transaction_context()
        self._facade.configure(connection=self.url,
                               on_engine_create=[_prepare], **_SETTINGS)

    def close(self) -> None:
        """Close what is open; it is opened again as it is needed."""
        self._facade.dispose_pool()
        if self._file is not None:
            self._file.close()

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == 'sqlite'

    def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Run in a transaction that changes nothing.

        :raises WorkerDatabaseError: it failed, for as long as it was tried
        """
        return self._patiently(self._facade.reader, work)

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Run in a transaction, which is committed unless this raises.

        :param work: is run again if that failed, maybe only in the answer to
            the commit: so it must find out what it has done before. It begins
            with a statement that writes. A transaction of SQLite that has
            read before cannot wait for another that writes.
        :raises WorkerDatabaseError: it failed, for as long as it was tried
        :raises oslo_db.exception.DBDuplicateEntry: for the caller to judge
        """
        return self._patiently(self._facade.writer, work)

    def _patiently(self, mode: Any, work: Callable[[sa.Connection], T]) -> T:
        deadline = time.monotonic() + self._patience

        def again(error: Exception) -> bool:
            if not passing(error) or time.monotonic() >= deadline:
                return False
            LOG.warning('The database of the worker failed and is tried again '
                        'for %(patience)d s at most: %(error)s',
                        {'patience': self._patience, 'error': said(error)})
            if not isinstance(error, db_exception.DBDeadlock):
                # A primary that has become a replica keeps its connections,
                # and refuses each change.
                self._facade.dispose_pool()
            return True

        # Not max_retries=-1, which to this function means none.
        @api.wrap_db_retry(
            retry_interval=0.1, max_retries=10 ** 9, max_retry_interval=2,
            jitter=True, exception_checker=again)
        def patient() -> T:
            if self._file is not None:
                self._file.keep()
            with mode.connection.using(_Context()) as connection:
                return work(connection)

        try:
            found: T = patient()
            return found
        except db_exception.DBDuplicateEntry:
            raise
        except database_errors.ERRORS as error:
            # Not "from": a traceback would show the statement.
            raise errors.WorkerDatabaseError(
                detail='it did not take what it was told (%s).'
                % type(error).__name__, operator=said(error)) from None


def passing(error: BaseException) -> bool:
    """Whether it may go well if it is tried again."""
    if not isinstance(error, database_errors.ERRORS) or isinstance(
            error, database_errors.LASTING):
        return False
    # oslo.db has no class of its own for some of these.
    inner = getattr(error, 'inner_exception', None) or error
    if isinstance(inner, sa_exc.StatementError):
        if not isinstance(inner, sa_exc.DBAPIError):
            # A value that is not of its column's type.
            return False
        code = getattr(inner.orig, 'sqlite_errorcode', None)
        return not (isinstance(inner, _WRONG)
                    or code == sqlite3.SQLITE_ERROR
                    or (getattr(inner.orig, 'args', None) or [None]
                        )[0] in _BAD_FIELDS)
    return True


def _complete(text: str | sa.URL) -> sa.URL:
    """The URL with what we depend on.

    :raises ConfigurationError: it is none
    """
    try:
        url = sa.make_url(text)
        backend = url.get_backend_name()
    except (sa_exc.ArgumentError, ValueError):
        # The text may hold a password.
        raise exceptions.ConfigurationError(
            detail='[lifecycle_worker] connection is not a URL such as '
            'mysql+pymysql://USER:PASSWORD@HOST/DATABASE') from None
    if backend in ('mysql', 'mariadb'):
        # "utf8", which is what all of OpenStack's guides write, takes no
        # character above U+FFFF; users give them to images.
        return url.update_query_dict({'charset': 'utf8mb4'})
    if backend == 'sqlite' and 'timeout' not in url.query:
        return url.update_query_dict({'timeout': str(sqlite_file.BUSY)})
    return url


def _load_driver(url: sa.URL) -> None:
    """Now, and not in the first transaction, where it would be a traceback.

    :raises ConfigurationError: it is not installed
    """
    try:
        url.get_dialect().import_dbapi()
    except sa_exc.NoSuchModuleError:
        raise exceptions.ConfigurationError(
            detail='[lifecycle_worker] connection begins with %s, which '
            'SQLAlchemy does not know' % url.drivername) from None
    except ImportError as error:
        name = error.name or url.get_driver_name()
        raise exceptions.ConfigurationError(
            detail='[lifecycle_worker] connection needs the Python module '
            '%s, which is missing or cannot be loaded. Install %s' % (
                name, _EXTRAS.get(name, 'it'))) from None


def _prepare(engine: sa.Engine) -> None:
    # An error is logged, also by oslo.db, with the values of its statement.
    engine.hide_parameters = True
