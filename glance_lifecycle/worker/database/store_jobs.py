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

"""How many jobs may run at once that touch a store, in all workers together.

Those that run are counted where one is claimed, one claim after another: all
take the lock of a row first. So each worker has to know the limits; what one
without them has begun is counted by the others all the same.
"""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections import Counter
import json
from typing import Any

import sqlalchemy as sa

from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import fields
from glance_lifecycle.worker.database import models

_TABLE, _MARKS = models.JOBS, models.MARKS

# jobs.State.RUNNING, of a module that needs this one.
_RUNS = 'running'

#: Store -> jobs at once.
Limits = Mapping[str, int]

NONE: Limits = {}

# The mark whose row is locked.
_LOCK = 'claims/store_jobs'


class Room:
    """What there is at one moment for jobs at stores that have a limit.

    :param running: the stores of each job that runs
    """

    def __init__(self, limits: Limits,
                 running: Iterable[Collection[str]] = ()) -> None:
        self._limits = limits
        self._jobs: Counter[str] = Counter()
        self._away: set[str] = set()
        for stores in running:
            self.take(stores)

    def take(self, stores: Collection[str]) -> None:
        """One more job of these runs, whether or not there is room."""
        self._jobs.update({*stores} & self._limits.keys())

    def shut(self, stores: Iterable[str]) -> None:
        """These are away, whether or not they have a limit."""
        self._away.update(stores)

    def full(self) -> list[str]:
        """The stores that take no other job now."""
        return sorted(self._away.union(
            store for store, limit in self._limits.items()
            if self._jobs[store] >= limit))

    def allows(self, stores: Collection[str]) -> bool:
        """Whether another job of these may run."""
        return {*stores}.isdisjoint(self.full())

    def why(self, stores: Collection[str]) -> str:
        """Why it may not, for people; empty if it may."""
        return ', '.join(
            'store %s is taken to be away' % store if store in self._away
            else 'store %s has %d of %d jobs' % (
                store, self._jobs[store], self._limits[store])
            for store in self.full() if store in stores)

    def running(self) -> dict[str, int]:
        """Store that has a limit -> jobs of it that run."""
        return {store: self._jobs[store] for store in sorted(self._limits)}


def touched(action: Mapping[str, Any]) -> list[str]:
    """The stores that an action writes to, reads back or deletes from.

    As its arguments name them. Where a copy is read is decided later.
    """
    arguments = action.get('arguments')
    stores = arguments.get('stores') if isinstance(
        arguments, Mapping) else None
    return [store for store in stores if isinstance(store, str)
            ] if isinstance(stores, (list, tuple)) else []


def dump(stores: Iterable[str]) -> str:
    """As the database has them: JSON, in ASCII."""
    return json.dumps([*dict.fromkeys(stores)])


def load(text: str | None) -> tuple[str, ...]:
    """The same back; none of a job that an older release has opened."""
    return tuple(json.loads(text)) if text else ()


def touch(stores: Iterable[str]) -> sa.ColumnElement[bool]:
    """Whether a job touches one of these.

    Not LIKE, to which letters are the same in both cases in SQLite.
    """
    found = sa.func.coalesce(_TABLE.c.stores, '')
    return sa.or_(sa.false(), *(
        sa.func.replace(found, json.dumps(store), '') != found
        for store in stores))


def room(database: engine.Database, limits: Limits,
         begun: Mapping[str, Collection[str]]) -> Room:
    """As it is now.

    :param begun: id -> stores of jobs that count, whether claimed or not
    """
    running = database.read(_running) if limits else {}
    return Room(limits, {**running, **begun}.values())


def allowed(connection: sa.Connection, limits: Limits,
            stores: Collection[str], job_id: str, token: str) -> bool:
    """Whether a job may run, which stays so until the transaction ends.

    :param stores: that it touches, of those that have a limit
    :param token: of nobody else
    :raises oslo_db.exception.DBDuplicateEntry: another was the first of all
    """
    _lock(connection, token)
    running = _running(connection)
    # Its own, where the answer to a commit was lost.
    running.pop(job_id, None)
    return Room(limits, running.values()).allows(stores)


def _lock(connection: sa.Connection, token: str) -> None:
    """Nobody else who counts goes on before the end of the transaction.

    Nodes of a MariaDB cluster do not see each other's locks. They find that
    both have changed the row, and one begins anew.
    """
    locked = connection.execute(sa.update(_MARKS).where(
        _MARKS.c.name == _LOCK).values(value=token))
    if not locked.rowcount:
        connection.execute(sa.insert(_MARKS).values(
            name=_LOCK, value=token, at=fields.moment(None)))


def _running(connection: sa.Connection) -> dict[str, tuple[str, ...]]:
    """Id -> stores of each job that runs."""
    return {row.id: load(row.stores) for row in connection.execute(
        sa.select(_TABLE.c.id, _TABLE.c.stores).where(
            _TABLE.c.state == _RUNS))}
