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

"""When something that needs an image was last seen: a mark of each image.

Of servers that are shelved, too: an image that is the disk of one is used.
"""

from collections.abc import Collection
from collections.abc import Iterable
import datetime
import re

from oslo_db import exception as db_exception
import sqlalchemy as sa

from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import models

_TABLE = models.MARKS
_PREFIX = 'use/'

# Rows of one statement: SQLite takes no more variables than 999 where it is
# old, and nobody waits long for the lock.
_BATCH = 500

_ID = re.compile(r'[0-9a-f-]{32,36}')


def listed(database: engine.Database) -> dict[str, datetime.datetime]:
    """Id -> when it was last used."""
    query = sa.select(_TABLE.c.name, _TABLE.c.at).where(
        _TABLE.c.name.startswith(_PREFIX, autoescape=True))
    rows = database.read(lambda connection: connection.execute(query).all())
    return {row.name.removeprefix(_PREFIX): row.at for row in rows}


def last(database: engine.Database, ids: Collection[str]
         ) -> datetime.datetime | None:
    """When any of these few was last used; None for never."""
    query = sa.select(sa.func.max(_TABLE.c.at, type_=models.Moment())).where(
        _TABLE.c.name.in_([_PREFIX + one.lower() for one in ids]))
    found: datetime.datetime | None = database.read(
        lambda connection: connection.execute(query).scalar_one())
    return found


def saw(database: engine.Database, ids: Iterable[str],
        now: datetime.datetime) -> None:
    """These are in use now; what is no id of an image or server is none."""
    sound = sorted({one for each in ids if _ID.fullmatch(
        one := each.lower())})
    for batch in _batched(sound):
        names = [_PREFIX + one for one in batch]
        try:
            _set(database, names, now)
        except db_exception.DBDuplicateEntry:
            # Another worker saw one for the first time as well.
            _set(database, names, now)


def forget(database: engine.Database, before: datetime.datetime) -> None:
    """What was last used before that."""
    query = sa.delete(_TABLE).where(
        _TABLE.c.name.startswith(_PREFIX, autoescape=True),
        _TABLE.c.at < before)
    database.write(lambda connection: connection.execute(query))


def _set(database: engine.Database, names: list[str],
         now: datetime.datetime) -> None:
    there = _TABLE.c.name.in_(names)

    def work(connection: sa.Connection) -> None:
        # First, for SQLite does not let a reader become a writer while
        # another one waits.
        connection.execute(sa.update(_TABLE).where(there).values(at=now))
        known = set(connection.execute(
            sa.select(_TABLE.c.name).where(there)).scalars())
        new = [{'name': name, 'value': '', 'at': now} for name in names
               if name not in known]
        if new:
            connection.execute(sa.insert(_TABLE), new)

    database.write(work)


def _batched(ids: list[str]) -> Iterable[list[str]]:
    return (ids[start:start + _BATCH]
            for start in range(0, len(ids), _BATCH))
