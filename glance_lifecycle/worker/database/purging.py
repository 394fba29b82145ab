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

"""What is old enough to go: history, jobs that are closed, and migrations.

A migration goes first, and then its waves and images: whoever is killed in
between leaves what no migration names, which the next purge removes, and not
one of which a part is missing.
"""

import dataclasses
import datetime
import functools
from typing import Any

import sqlalchemy as sa

from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import models
from glance_lifecycle.worker.database import moves

#: Rows of one transaction, so that nobody waits long for it.
BATCH = 1000


@dataclasses.dataclass(frozen=True)
class Purged:
    """Numbers of rows."""

    history: int
    jobs: int
    migrations: int = 0


def count(database: engine.Database, before: datetime.datetime) -> Purged:
    """What ``purge()`` would remove."""
    def size(table: sa.Table, old: sa.ColumnElement[bool]) -> int:
        return database.read(lambda connection: connection.execute(
            sa.select(sa.func.count()).select_from(table).where(old)
        ).scalar_one())
    return Purged(size(models.HISTORY, _old_history(before)),
                  size(models.JOBS, _old_jobs(before)),
                  len(_old_migrations(database, before)))


def purge(database: engine.Database, before: datetime.datetime,
          batch: int = BATCH) -> Purged:
    """DESTRUCTIVE: remove history, closed jobs and migrations that are over.

    All from before a time. A job that is open stays, however old it is; and so
    does a migration that runs or is paused, or is being undone.

    :param batch: rows of one transaction
    """
    return Purged(
        _delete(database, models.HISTORY, _old_history(before), batch),
        _delete(database, models.JOBS, _old_jobs(before), batch),
        _purge_migrations(database, before, batch))


def _old_history(before: datetime.datetime) -> sa.ColumnElement[bool]:
    return sa.and_(models.HISTORY.c.at < before)


def _old_jobs(before: datetime.datetime) -> sa.ColumnElement[bool]:
    return sa.and_(models.JOBS.c.state.in_(sorted(jobs.CLOSED)),
                   models.JOBS.c.updated_at < before)


def _over(table: sa.FromClause, before: datetime.datetime
          ) -> sa.ColumnElement[bool]:
    """Of a migration by itself."""
    return sa.and_(table.c.state.not_in(sorted(moves.ACTIVE)),
                   table.c.updated_at < before)


def _old_migrations(database: engine.Database, before: datetime.datetime
                    ) -> list[str]:
    """Their ids: those that nothing goes on with any more."""
    table, images = models.MIGRATIONS, models.MIGRATION_IMAGES
    undo = sa.alias(table)
    query = sa.select(table.c.id).where(
        _over(table, before),
        # A pause, or a stop, lets what runs end.
        ~sa.select(images.c.image_id).where(
            images.c.migration_id == table.c.id,
            images.c.state.in_(sorted(moves.IN_FLIGHT))).exists(),
        ~sa.select(undo.c.id).where(
            undo.c.undoes == table.c.id, ~_over(undo, before)).exists())
    return database.read(lambda connection: list(
        connection.execute(query).scalars()))


def _purge_migrations(database: engine.Database, before: datetime.datetime,
                      batch: int) -> int:
    total = 0
    for move_id in _old_migrations(database, before):
        # Looked at again: somebody may have it go on, or undone, meanwhile.
        total += database.write(functools.partial(_run, query=sa.delete(
            models.MIGRATIONS).where(models.MIGRATIONS.c.id == move_id,
                                     _over(models.MIGRATIONS, before))))
    for table, key in ((models.MIGRATION_IMAGES, 'image_id'),
                       (models.MIGRATION_WAVES, 'number')):
        _delete_without_migration(database, table, table.c[key], batch)
    return total


def _delete_without_migration(database: engine.Database, table: sa.Table,
                              key: sa.Column[Any], batch: int) -> None:
    migration = table.c.migration_id
    without = migration.not_in(sa.select(models.MIGRATIONS.c.id))

    def find(connection: sa.Connection) -> tuple[str | None, list[Any]]:
        first = connection.execute(
            sa.select(migration).where(without).limit(1)).scalar()
        return first, list(connection.execute(sa.select(key).where(
            migration == first).limit(batch)).scalars())

    while True:
        first, keys = database.read(find)
        if first is None:
            return
        # The same plan may be begun again meanwhile.
        database.write(functools.partial(_run, query=sa.delete(table).where(
            migration == first, key.in_(keys), without)))


def _delete(database: engine.Database, table: sa.Table,
            old: sa.ColumnElement[bool], batch: int) -> int:
    total = 0
    while True:
        ids = database.read(lambda connection: connection.execute(
            sa.select(table.c.id).where(old).limit(batch)).scalars().all())
        if not ids:
            return total
        # Looked at again: an operator may have requeued one meanwhile.
        query = sa.delete(table).where(table.c.id.in_(ids), old)
        total += database.write(functools.partial(_run, query=query))


def _run(connection: sa.Connection, query: sa.Delete) -> int:
    return connection.execute(query).rowcount
