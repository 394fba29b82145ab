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

"""Jobs that are ended, held or tried again, by who has no claim on them."""

from collections.abc import Collection
import datetime
from typing import Any

from oslo_db import exception as db_exception
import sqlalchemy as sa

from glance_lifecycle.worker.database import dropped
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import fields
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import models
from glance_lifecycle.worker.database import store_jobs

State = jobs.State

_TABLE = models.JOBS


def cancel(database: engine.Database, job_id: str, *, actor: str,
           reason: str = '', now: datetime.datetime | None = None) -> jobs.Job:
    """End a job that is open.

    One that runs is asked to: ``claims.check()`` tells its holder, who undoes
    what it has begun and then closes the job. Until then nobody else begins
    the same. Of a closed job nothing changes. One that has dropped a copy goes
    on, whether it runs or waits, until that is made again.

    :param actor: of the history
    :param reason: a sentence
    :raises JobNotFound: there is none
    """
    now = fields.moment(now)
    mine = _TABLE.c.id == job_id

    def work(connection: sa.Connection) -> jobs.Job | None:
        waits = connection.execute(sa.update(_TABLE).where(
            mine, ~dropped.noted(),
            _TABLE.c.state.in_((State.QUEUED, State.HELD))).values(
                state=State.CANCELLED, open_key=None, updated_at=now))
        goes_on = waits.rowcount == 0 and connection.execute(
            sa.update(_TABLE).where(
                mine, _TABLE.c.state.in_(sorted(jobs.OPEN)),
                _TABLE.c.cancel_requested == sa.false()).values(
                    cancel_requested=True, updated_at=now)).rowcount
        job = jobs.one(connection, mine)
        if job is not None and (waits.rowcount or goes_on):
            said = (reason or 'The job was cancelled.',
                    dropped.missing(job.state, job.action) if goes_on else '')
            jobs.tell(connection, job, 'cancel' if goes_on else 'cancelled',
                      ' '.join(filter(None, said)), actor, now)
        return job

    return jobs.there(database.write(work), job_id)


def over(database: engine.Database, job_id: str, *, actor: str, reason: str,
         now: datetime.datetime | None = None) -> jobs.Job:
    """Close a job that waits, and is not needed any more.

    One that runs finds that out by itself, and is left as it is.

    :raises JobNotFound: there is none
    """
    now = fields.moment(now)
    mine = _TABLE.c.id == job_id

    def work(connection: sa.Connection) -> jobs.Job | None:
        waits = connection.execute(sa.update(_TABLE).where(
            mine, _TABLE.c.state.in_((State.QUEUED, State.HELD))).values(
                state=State.DONE, open_key=None, updated_at=now))
        job = jobs.one(connection, mine)
        if job is not None and waits.rowcount:
            jobs.tell(connection, job, 'done', reason, actor, now)
        return job

    return jobs.there(database.write(work), job_id)


def postpone(database: engine.Database, job_id: str,
             not_before: datetime.datetime) -> None:
    """Let a queued job wait longer; that is no attempt, and no history."""
    database.write(lambda connection: connection.execute(
        sa.update(_TABLE).where(
            _TABLE.c.id == job_id, _TABLE.c.state == State.QUEUED).values(
                not_before=not_before)))


def hold(database: engine.Database, job_id: str, *, actor: str, reason: str,
         now: datetime.datetime | None = None) -> jobs.Job:
    """Let a queued job wait for an operator.

    :raises JobNotFound: there is none
    :raises JobStateError: it runs, or is closed
    """
    return _move(database, job_id, {State.QUEUED}, State.HELD, actor, reason,
                 now)


def requeue(database: engine.Database, job_id: str, *, actor: str,
            reason: str = '', now: datetime.datetime | None = None,
            states: Collection[State] = (
                State.FAILED, State.CANCELLED, State.HELD)) -> jobs.Job:
    """Have a failed, cancelled or held job done, from its first attempt.

    :param states: only then; one that waits for its next attempt is due at
        once if ``queued`` is one of them
    :raises JobNotFound: there is none
    :raises JobStateError: it runs, or is done, or another is open for the
        same image and purpose
    """
    return _move(database, job_id, set(states), State.QUEUED, actor,
                 reason or 'The job is to be tried again.', now)


def _move(database: engine.Database, job_id: str, before: set[State],
          after: State, actor: str, reason: str,
          now: datetime.datetime | None) -> jobs.Job:
    now = fields.moment(now)
    mine = _TABLE.c.id == job_id
    # Found out before, so that the transaction begins with its change.
    job = jobs.get(database, job_id)
    values: dict[str, Any] = {
        'state': after, 'updated_at': now, 'cancel_requested': False,
        'open_key': jobs.open_key(job.image_id, job.purpose)}
    if after == State.QUEUED:
        values |= {'attempts': 0, 'not_before': now, 'error': '',
                   # Of one that an older release has closed.
                   'stores': store_jobs.dump(store_jobs.touched(job.action))}

    def work(connection: sa.Connection) -> jobs.Job | None:
        changed = connection.execute(sa.update(_TABLE).where(
            mine, _TABLE.c.state.in_(sorted(before))).values(**values))
        job = jobs.one(connection, mine)
        if changed.rowcount and job is not None:
            jobs.tell(connection, job, after.value, reason, actor, now)
        elif job is not None and job.state != after:
            raise errors.JobStateError(detail='%s is %s.' % (
                job_id, job.state.value))
        return job

    try:
        return jobs.there(database.write(work), job_id)
    except db_exception.DBDuplicateEntry:
        raise errors.JobStateError(
            detail='another job is open for the same purpose (%s) of image '
            '%s.' % (job.purpose, job.image_id)) from None
