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

"""How far something has come, such as the sweep."""

import dataclasses
import datetime

from oslo_db import exception as db_exception
import sqlalchemy as sa

from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import fields
from glance_lifecycle.worker.database import models

_TABLE = models.MARKS

# Made once: an idle worker asks for several each second.
_GET = sa.select(_TABLE).where(_TABLE.c.name == sa.bindparam('named'))
_LISTED = sa.select(_TABLE).where(_TABLE.c.name.startswith(
    sa.bindparam('prefix'))).order_by(_TABLE.c.name)


@dataclasses.dataclass(frozen=True)
class Mark:
    name: str
    value: str
    at: datetime.datetime


def get(database: engine.Database, name: str) -> Mark | None:
    row = database.read(lambda connection: connection.execute(
        _GET, {'named': name}).first())
    return None if row is None else Mark(**row._mapping)


def set(database: engine.Database, name: str, value: str,
        now: datetime.datetime | None = None) -> None:
    """Put it there, whatever there was."""
    values = {'value': value, 'at': fields.moment(now)}

    def work(connection: sa.Connection) -> None:
        changed = connection.execute(sa.update(_TABLE).where(
            _TABLE.c.name == name).values(**values))
        if not changed.rowcount:
            connection.execute(sa.insert(_TABLE).values(name=name, **values))

    try:
        database.write(work)
    except db_exception.DBDuplicateEntry:
        # Another was the first, and is overwritten.
        database.write(work)


def remove(database: engine.Database, name: str) -> None:
    """Whether or not it is there."""
    database.write(lambda connection: connection.execute(
        sa.delete(_TABLE).where(_TABLE.c.name == name)))


def listed(database: engine.Database, prefix: str) -> list[Mark]:
    """Those whose names begin with this."""
    # To SQLite's LIKE, letters are the same in both cases; to all, "_" is any.
    return [Mark(**row._mapping) for row in database.read(
        lambda connection: connection.execute(
            _LISTED, {'prefix': prefix}).all())
        if row.name.startswith(prefix)]
