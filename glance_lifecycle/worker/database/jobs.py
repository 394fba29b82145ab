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

"""Jobs: what is to be done to an image, once, and for which purpose.

A job is unique by image and purpose while it is open. Whoever sees the same
gap again joins it: ``open_key`` is unique in the table, and NULL, which is
never a duplicate, once the job is closed.

::

  (new) -> queued -> running -> done, failed, cancelled
             ^  |       |
             |  v       | retry, given back, taken back
            held        v
             ^       queued
             |
           (new)     failed, cancelled, held -> queued, by an operator
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping
import dataclasses
import datetime
import enum
import json
from typing import Any
import uuid

from oslo_db import exception as db_exception
import sqlalchemy as sa

from glance_lifecycle.worker.database import dropped
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import fields
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import models
from glance_lifecycle.worker.database import store_jobs

_TABLE = models.JOBS


class State(enum.StrEnum):
    QUEUED = 'queued'
    RUNNING = 'running'
    HELD = 'held'
    DONE = 'done'
    FAILED = 'failed'
    CANCELLED = 'cancelled'


OPEN = frozenset({State.QUEUED, State.RUNNING, State.HELD})
CLOSED = frozenset(State) - OPEN


@dataclasses.dataclass(frozen=True)
class Job:
    """One job, as it was when it was read.

    :ivar purpose: what it is for, such as ``restore`` or ``drop:ceph``
    :ivar action: plain data, for who runs it
    :ivar reason: a sentence: why there is this job
    :ivar attempts: how often it was claimed
    :ivar not_before: UTC; it is not due before
    :ivar worker: who has it, or had it last
    :ivar fence: grows whenever the claim changes hands
    :ivar cancel_requested: its holder is to undo what it has begun
    :ivar error: a sentence: what went wrong last
    :ivar bytes: to move, or moved, if that is known
    :ivar stores: that it touches, see ``store_jobs``
    """

    id: str
    image_id: str
    image_name: str
    project: str
    purpose: str
    action: dict[str, Any]
    rule: str
    reason: str
    policy_digest: str
    state: State
    attempts: int
    not_before: datetime.datetime
    created_at: datetime.datetime
    updated_at: datetime.datetime
    worker: str | None
    fence: int
    cancel_requested: bool
    error: str
    bytes: int | None
    stores: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What ``open_job()`` is told; the fields are those of ``Job``."""

    image_id: str
    purpose: str
    action: Mapping[str, Any]
    reason: str
    rule: str = ''
    policy_digest: str = ''
    image_name: str = ''
    project: str = ''
    bytes: int | None = None


class NotOpened(Exception):
    """Whoever was asked first does not want the job any more."""


class _Over(Exception):
    """The job that was to be joined is closed by now."""


def open_job(database: engine.Database, wanted: Wanted, *, actor: str,
             held: bool = False, not_before: datetime.datetime | None = None,
             first: Callable[[sa.Connection, str], bool] | None = None,
             now: datetime.datetime | None = None) -> tuple[Job, bool]:
    """Have a job for this, and say whether there was one already.

    One that waits gets the new action and the new reason; one that runs, or
    has dropped a copy, which nobody else knows of, is left as it is. The rest
    of a job - that it is held, or waits until its next attempt - stays.

    :param actor: of the history: who saw that it is needed
    :param held: a new one waits for an operator
    :param first: writes, in the same transaction, what belongs to the job of
        that id, before anything is read there; False for no such job
    :raises NotOpened: ``first`` said so, and nothing is changed
    :raises ValueError: a purpose that no database can keep
    """
    now = fields.moment(now)
    purpose = fields.key(wanted.purpose)
    key = open_key(wanted.image_id, purpose)
    # What a second observation may change.
    told = {'action': fields.dump(wanted.action),
            'stores': store_jobs.dump(store_jobs.touched(wanted.action)),
            'reason': fields.text(wanted.reason),
            'rule': fields.text(wanted.rule, fields.NAME),
            'policy_digest': wanted.policy_digest, 'bytes': wanted.bytes,
            'updated_at': now}
    new = {'id': str(uuid.uuid4()), 'image_id': wanted.image_id,
           'image_name': fields.text(wanted.image_name, fields.NAME),
           'project': fields.text(wanted.project, fields.NAME),
           'purpose': purpose, 'open_key': key, 'attempts': 0, 'fence': 0,
           'state': State.HELD if held else State.QUEUED, 'error': '',
           'cancel_requested': False, 'created_at': now,
           'not_before': not_before or now, **told}

    def join(connection: sa.Connection) -> Job:
        _ask(first, connection, str(found))
        connection.execute(sa.update(_TABLE).where(
            _TABLE.c.id == found, ~dropped.noted(),
            _TABLE.c.state.in_((State.QUEUED, State.HELD))).values(**told))
        job = one(connection, _TABLE.c.id == found)
        if job is None or job.state in CLOSED:
            raise _Over
        return job

    def begin(connection: sa.Connection) -> Job | None:
        _ask(first, connection, str(new['id']))
        connection.execute(sa.insert(_TABLE).values(**new))
        job = one(connection, _TABLE.c.id == new['id'])
        if job is not None:
            tell(connection, job, 'held' if held else 'queued', job.reason,
                 actor, now)
        return job

    # Not by an update of what may not be there: InnoDB then locks the gap
    # between its neighbours, for all who want to insert there.
    while True:
        found = database.read(lambda connection: connection.execute(
            sa.select(_TABLE.c.id).where(_TABLE.c.open_key == key)
        ).scalar())
        try:
            job = database.write(join if found else begin)
        except _Over:
            continue
        except db_exception.DBDuplicateEntry:
            # Its own, where the answer to the first attempt was lost; that
            # one may even be closed by now.
            job = database.read(lambda c: one(c, _TABLE.c.id == new['id']))
        if job is not None:
            return job, job.id != new['id']


def _ask(first: Callable[[sa.Connection, str], bool] | None,
         connection: sa.Connection, job_id: str) -> None:
    """:raises NotOpened: it says no"""
    if first is not None and not first(connection, job_id):
        raise NotOpened


def open_key(image_id: str, purpose: str) -> str:
    return f'{image_id}/{purpose}'


def get(database: engine.Database, job_id: str) -> Job:
    """:raises JobNotFound: there is none, or it was purged"""
    found = database.read(lambda c: one(c, _TABLE.c.id == job_id))
    if found is None:
        raise errors.JobNotFound(detail=job_id)
    return found


def latest(database: engine.Database, image_id: str,
           purpose: str) -> Job | None:
    """The last job for this, open or not.

    One that failed for good under the same policy is not to be opened anew
    by each sweep; only its caller can tell.
    """
    return database.read(lambda connection: _first(connection.execute(
        sa.select(_TABLE).where(_TABLE.c.image_id == image_id,
                                _TABLE.c.purpose == purpose)
        .order_by(_TABLE.c.created_at.desc(), _TABLE.c.id).limit(1))))


def list_jobs(database: engine.Database, *,
              state: State | Collection[State] | None = None,
              image_id: str | None = None, marker: str | None = None,
              limit: int = 100) -> list[Job]:
    """Jobs, the newest first.

    :param marker: ``id`` of the last job of the page before
    :raises JobNotFound: the marker was purged meanwhile
    """
    query = sa.select(_TABLE).limit(limit).order_by(
        _TABLE.c.created_at.desc(), _TABLE.c.id.desc())
    if state is not None:
        states = {state} if isinstance(state, str) else state
        query = query.where(_TABLE.c.state.in_(sorted(states)))
    if image_id is not None:
        query = query.where(_TABLE.c.image_id == image_id)
    if marker is not None:
        last = get(database, marker)
        query = query.where(sa.or_(
            _TABLE.c.created_at < last.created_at,
            sa.and_(_TABLE.c.created_at == last.created_at,
                    _TABLE.c.id < last.id)))
    return [read_row(row) for row in database.read(
        lambda connection: connection.execute(query).all())]


def counts(database: engine.Database) -> dict[State, int]:
    """How many jobs there are in each state."""
    rows = database.read(lambda connection: connection.execute(
        sa.select(_TABLE.c.state, sa.func.count()).group_by(_TABLE.c.state)
    ).all())
    return {state: 0 for state in State} | {
        State(state): number for state, number in rows}


def oldest_due(database: engine.Database,
               now: datetime.datetime | None = None
               ) -> datetime.datetime | None:
    """Since when the job that has waited longest could have been begun.

    :returns: UTC; None: no job is due
    """
    found: datetime.datetime | None = database.read(
        lambda connection: connection.execute(
            sa.select(sa.func.min(_TABLE.c.not_before)).where(
                _TABLE.c.state == State.QUEUED,
                _TABLE.c.not_before <= fields.moment(now))).scalar())
    return found


def tell(connection: sa.Connection, job: Job, event: str, text: str,
         actor: str, now: datetime.datetime,
         proof: Mapping[str, Any] | None = None) -> None:
    """A line of history, in the transaction of the change."""
    history.add(connection, image_id=job.image_id, job_id=job.id,
                event=event, text=text, actor=actor, rule=job.rule,
                policy_digest=job.policy_digest, now=now, proof=proof)


def one(connection: sa.Connection,
        which: sa.ColumnElement[bool]) -> Job | None:
    return _first(connection.execute(sa.select(_TABLE).where(which)))


def there(job: Job | None, job_id: str) -> Job:
    """:raises JobNotFound: it is not"""
    if job is None:
        raise errors.JobNotFound(detail=job_id)
    return job


def _first(found: sa.CursorResult[Any]) -> Job | None:
    row = found.first()
    return None if row is None else read_row(row)


_FIELDS = [field.name for field in dataclasses.fields(Job)]


def read_row(row: sa.Row[Any]) -> Job:
    values = {name: row._mapping[name] for name in _FIELDS}
    return Job(**{**values, 'action': json.loads(row.action),
                  'state': State(row.state),
                  'stores': store_jobs.load(row.stores)})
