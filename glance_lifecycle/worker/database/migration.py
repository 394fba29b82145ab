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

"""The tables of this release, made and changed by alembic."""

import importlib
import os
import threading
from typing import Any

import sqlalchemy as sa

from glance_lifecycle import exceptions
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import models

# Of both kinds of lock; the number is the first eight bytes of our name.
_LOCK = 'glance_lifecycle_sync'
_LOCK_NUMBER = int.from_bytes(b'lifecycl', 'big')

# Seconds that MariaDB waits for it.
_PATIENCE = 600

# alembic keeps what it is at in a global variable.
_ONE_THREAD = threading.Lock()


def head() -> str:
    """The revision that this release needs."""
    return models.REVISION


def version(database: engine.Database) -> str | None:
    """The revision that the database has; None where it is new."""
    return database.read(_version)


def outdated(database: engine.Database) -> bool:
    """Whether this release cannot work with the tables as they are.

    Also where they are those of a newer one.
    """
    return version(database) != head()


def sync(database: engine.Database) -> None:
    """Make the tables those of this release; nothing if they are.

    Several at once wait for each other, and one that was killed is run again.

    :raises ConfigurationError: a newer release has made them
    :raises WorkerDatabaseError: the database failed
    """
    with _ONE_THREAD:
        database.write(_sync)


def _version(connection: sa.Connection) -> str | None:
    # As alembic finds it, whose import is a tenth of the start, and 13 MiB.
    if not sa.inspect(connection).has_table(models.VERSION_TABLE):
        return None
    found: str | None = connection.execute(sa.select(
        sa.column('version_num')).select_from(sa.table(
            models.VERSION_TABLE))).scalar()
    return found


def _sync(connection: sa.Connection) -> None:
    # Not at each start of a process, see _version().
    command = importlib.import_module('alembic.command')
    util = importlib.import_module('alembic.util')
    _lock(connection)
    try:
        config = _config()
        config.attributes['connection'] = connection
        command.upgrade(config, 'head')
    except util.CommandError:
        raise exceptions.ConfigurationError(
            detail='the database of the lifecycle worker is of revision %s, '
            'which a newer release of glance_lifecycle has made. Install '
            'that on all hosts' % _version(connection)) from None
    finally:
        _unlock(connection)


def _lock(connection: sa.Connection) -> None:
    """Keep all others from the tables; SQLite does that by itself.

    MariaDB has no transactions of its tables, and PostgreSQL has, but two
    that make the same table do not wait for each other.
    """
    name = connection.dialect.name
    if name == 'postgresql':
        connection.execute(sa.select(
            sa.func.pg_advisory_xact_lock(_LOCK_NUMBER)))
    elif name in ('mysql', 'mariadb'):
        if not connection.execute(sa.select(
                sa.func.get_lock(_LOCK, _PATIENCE))).scalar():
            raise errors.WorkerDatabaseError(
                detail='another "db sync" has run for %d s. Wait until it has '
                'ended, and start this again.' % _PATIENCE)


def _unlock(connection: sa.Connection) -> None:
    """PostgreSQL's goes with the transaction, this one with the connection.

    Which, if it is broken, has none.
    """
    if (connection.dialect.name in ('mysql', 'mariadb')
            and not connection.invalidated):
        connection.execute(sa.select(sa.func.release_lock(_LOCK)))


def _config() -> Any:
    """An ``alembic.config.Config``."""
    found = importlib.import_module('alembic.config').Config()
    found.set_main_option('script_location', os.path.join(
        os.path.dirname(__file__), 'migrations').replace('%', '%%'))
    return found
