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

"""What waits, for how long, and what of it destroys."""

from collections.abc import Collection
import dataclasses
import datetime

import sqlalchemy as sa

from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import fields
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import models
from glance_lifecycle.worker.database import store_jobs

_TABLE = models.JOBS
State = jobs.State


@dataclasses.dataclass(frozen=True)
class Oldest:
    """Times, UTC; None where there is none.

    :ivar queued: when the queued job was opened that is the oldest
    :ivar due: since when that job could be claimed that waits the longest
    """

    queued: datetime.datetime | None
    due: datetime.datetime | None


def oldest(database: engine.Database,
           now: datetime.datetime | None = None) -> Oldest:
    now = fields.moment(now)
    due = _TABLE.c.not_before

    def work(connection: sa.Connection) -> Oldest:
        queued = _TABLE.c.state == State.QUEUED
        return Oldest(
            connection.execute(sa.select(sa.func.min(
                _TABLE.c.created_at)).where(queued)).scalar(),
            connection.execute(sa.select(sa.func.min(due)).where(
                queued, due <= now)).scalar())

    return database.read(work)


def of_kinds(database: engine.Database, kinds: Collection[str],
             state: State) -> int:
    """How many jobs of that state do one of these.

    :param kinds: of actions, as purposes begin with them
    """
    query = sa.select(sa.func.count()).select_from(_TABLE).where(
        _TABLE.c.state == state, sa.or_(*(
            sa.or_(_TABLE.c.purpose == kind,
                   _TABLE.c.purpose.startswith(kind + ':', autoescape=True))
            for kind in sorted(kinds))))
    return database.read(
        lambda connection: connection.execute(query).scalar_one())


def at_store(database: engine.Database, store: str,
             now: datetime.datetime | None = None) -> int:
    """How many jobs are due that touch it."""
    query = sa.select(sa.func.count()).select_from(_TABLE).where(
        _TABLE.c.state == State.QUEUED,
        _TABLE.c.not_before <= fields.moment(now), store_jobs.touch([store]))
    return database.read(
        lambda connection: connection.execute(query).scalar_one())
