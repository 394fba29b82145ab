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

"""What is old enough to go: lines of history, and jobs that are closed."""

import dataclasses
import datetime
import functools

import sqlalchemy as sa

from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import models

#: Rows of one transaction, so that nobody waits long for it.
BATCH = 1000


@dataclasses.dataclass(frozen=True)
class Purged:
    """Numbers of rows."""

    history: int
    jobs: int


def count(database: engine.Database, before: datetime.datetime) -> Purged:
    """What ``purge()`` would remove."""
    def size(table: sa.Table, old: sa.ColumnElement[bool]) -> int:
        return database.read(lambda connection: connection.execute(
            sa.select(sa.func.count()).select_from(table).where(old)
        ).scalar_one())
    return Purged(size(models.HISTORY, _old_history(before)),
                  size(models.JOBS, _old_jobs(before)))


def purge(database: engine.Database, before: datetime.datetime,
          batch: int = BATCH) -> Purged:
    """DESTRUCTIVE: remove history and closed jobs from before a time.

    A job that is open stays, however old it is.

    :param batch: rows of one transaction
    """
    return Purged(
        _delete(database, models.HISTORY, _old_history(before), batch),
        _delete(database, models.JOBS, _old_jobs(before), batch))


def _old_history(before: datetime.datetime) -> sa.ColumnElement[bool]:
    return sa.and_(models.HISTORY.c.at < before)


def _old_jobs(before: datetime.datetime) -> sa.ColumnElement[bool]:
    return sa.and_(models.JOBS.c.state.in_(sorted(jobs.CLOSED)),
                   models.JOBS.c.updated_at < before)


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
