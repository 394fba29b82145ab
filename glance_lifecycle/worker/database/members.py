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

"""Which images are of which family, as the last looks have met them."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Sequence
import dataclasses
import datetime
import itertools

from oslo_db import exception as db_exception
import sqlalchemy as sa

from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import models

_TABLE = models.MEMBERS

# Rows of one statement: SQLite takes no more variables than 999 where it is
# old, and nobody waits long for the lock.
BATCH = 150


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One image of a family.

    :ivar family: SHA-256 of what makes it, hexadecimal
    :ivar created: see ``generations.Member``, as the two after it
    """

    image_id: str
    family: str
    created: datetime.datetime
    width: int
    usable: bool


_COLUMNS = [_TABLE.c[field.name] for field in dataclasses.fields(Row)]


def get(database: engine.Database, image_id: str) -> Row | None:
    """:raises WorkerDatabaseError: the database fails, as all of these"""
    return next(iter(_where(database, _TABLE.c.image_id == image_id)), None)


def of_family(database: engine.Database, family: str) -> list[Row]:
    return _where(database, _TABLE.c.family == family)


def ids(database: engine.Database, families: Iterable[str]) -> list[str]:
    """Of all images of these families."""
    return [row.image_id for family in sorted(families)
            for row in of_family(database, family)]


def write(database: engine.Database, rows: Iterable[Row],
          now: datetime.datetime) -> None:
    """In place of what was known of the same images.

    Of two rows of one image the last counts: one that changes while all are
    listed is listed twice.
    """
    for batch in _batched(rows):
        try:
            _write(database, batch, now)
        except db_exception.DBDuplicateEntry:
            # Another worker met one for the first time as well.
            _write(database, batch, now)


def remove(database: engine.Database, image_ids: Collection[str]) -> None:
    """These are of no family, or gone."""
    query = sa.delete(_TABLE).where(_TABLE.c.image_id.in_(image_ids))
    database.write(lambda connection: connection.execute(query))


def forget(database: engine.Database, before: datetime.datetime) -> None:
    """What nobody has met since."""
    query = sa.delete(_TABLE).where(_TABLE.c.seen_at < before)
    database.write(lambda connection: connection.execute(query))


def _write(database: engine.Database, rows: Sequence[Row],
           now: datetime.datetime) -> None:
    values = {row.image_id: {**dataclasses.asdict(row), 'seen_at': now}
              for row in rows}

    def work(connection: sa.Connection) -> None:
        connection.execute(sa.delete(_TABLE).where(
            _TABLE.c.image_id.in_([*values])))
        connection.execute(sa.insert(_TABLE), [*values.values()])

    database.write(work)


def _batched(rows: Iterable[Row]) -> Iterable[list[Row]]:
    found = iter(rows)
    while batch := list(itertools.islice(found, BATCH)):
        yield batch


def _where(database: engine.Database, which: sa.ColumnElement[bool]
           ) -> list[Row]:
    query = sa.select(*_COLUMNS).where(which)
    rows = database.read(lambda connection: connection.execute(query).all())
    return [Row(**row._mapping) for row in rows]
