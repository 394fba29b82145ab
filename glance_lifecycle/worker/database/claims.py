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

"""Claims: who does a job, and how that ends.

A claim is a worker and a fence, a number that grows whenever a job changes
hands. Who was frozen, and thaws when its job is another's, has the old one,
and every write with that is refused.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping
import datetime
from typing import Any
import uuid

from oslo_db import exception as db_exception
import sqlalchemy as sa

from glance_lifecycle.worker.database import dropped
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import fields
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import models
from glance_lifecycle.worker.database import store_jobs

_TABLE = models.JOBS
State = jobs.State

# Made once: making the query of due() takes 3 ms of CPU, asking this one half
# a millisecond, and an idle worker asks five times a second.
_ANY = sa.select(_TABLE.c.id).where(
    _TABLE.c.state == State.QUEUED,
    _TABLE.c.not_before <= sa.bindparam('now')).limit(1)
_RUNNING = sa.select(_TABLE.c.id, _TABLE.c.fence, _TABLE.c.worker).where(
    _TABLE.c.state == State.RUNNING)


def due(database: engine.Database, limit: int, *, after: str = '',
        without: Collection[str] = (), only: str = '',
        images: Collection[str] = (), full: Collection[str] = (),
        store: str = '',
        now: datetime.datetime | None = None) -> list[jobs.Job]:
    """Jobs that can be claimed now, fair between projects.

    The oldest of each project comes before the second of any, and of an image
    there is none while another of its jobs runs.

    :param without: kinds of actions, as purposes begin with them
    :param only: what their purposes begin with; by default, of any
    :param images: of these none is wanted
    :param full: stores that none of them is to touch
    :param store: that all of them are to touch; by default, whatever they do
    :param after: the project whose job was the last to be claimed: those
        that follow in the alphabet come first, then the others. Who asks for
        fewer jobs than there are projects would else starve the last ones.
    """
    at = fields.moment(now)
    if database.read(lambda connection: connection.execute(
            _ANY, {'now': at}).first()) is None:
        return []
    runs = sa.select(_TABLE.c.image_id).where(
        _TABLE.c.state == State.RUNNING)
    waits = sa.select(
        _TABLE.c.id, _TABLE.c.project, sa.func.row_number().over(
            partition_by=_TABLE.c.project,
            order_by=(_TABLE.c.created_at, _TABLE.c.id)).label('turn')
    ).where(_TABLE.c.state == State.QUEUED,
            _TABLE.c.not_before <= at,
            _TABLE.c.image_id.not_in(runs),
            _TABLE.c.image_id.not_in(images),
            _TABLE.c.purpose.startswith(only, autoescape=True),
            ~store_jobs.touch(full),
            store_jobs.touch([store]) if store else sa.true(),
            *(sa.and_(_TABLE.c.purpose != kind,
                      _TABLE.c.purpose.not_like(kind + ':%'))
              for kind in sorted(without))).subquery()
    order = (waits.c.turn, sa.case((waits.c.project > after, 0), else_=1),
             waits.c.project)
    first = sa.select(waits).order_by(*order).limit(limit).subquery()
    query = sa.select(_TABLE).join(first, first.c.id == _TABLE.c.id).order_by(
        first.c.turn, sa.case((first.c.project > after, 0), else_=1),
        first.c.project)
    return [jobs.read_row(row) for row in database.read(
        lambda connection: connection.execute(query).all())]


def claim(database: engine.Database, job_id: str, worker: str,
          now: datetime.datetime | None = None,
          limits: store_jobs.Limits = store_jobs.NONE) -> int | None:
    """Have a queued job for oneself.

    :param worker: a UUID; a new one at each start
    :param limits: jobs that may run at once that touch a store
    :returns: the fence, or None: it is another's, or not due, or another job
        of the image runs, or a store that it touches has as many as it may
    """
    now = fields.moment(now)
    # Of this call. Where the answer to a commit was lost, nothing else tells
    # this worker's claim from that of another of its threads.
    token = str(uuid.uuid4())
    take = sa.update(_TABLE).where(
        _TABLE.c.id == job_id, _TABLE.c.state == State.QUEUED,
        _TABLE.c.not_before <= now).values(
            state=State.RUNNING, worker=worker, claim=token,
            fence=_TABLE.c.fence + 1, attempts=_TABLE.c.attempts + 1,
            # Unique: who only looked for another that runs would not see
            # the one that is claimed in the same millisecond.
            running=_TABLE.c.image_id, updated_at=now)
    limited: set[str] = set()
    if limits:
        # Not in the transaction, see ``engine.Database.write()``.
        known = database.read(lambda connection: connection.execute(
            sa.select(_TABLE.c.stores).where(_TABLE.c.id == job_id)).scalar())
        limited = limits.keys() & store_jobs.load(known)
        take = take.where(_TABLE.c.stores.is_not_distinct_from(known))

    def work(connection: sa.Connection) -> int | None:
        if not limited or store_jobs.allowed(
                connection, limits, limited, job_id, token):
            connection.execute(take)
        fence: int | None = connection.execute(
            sa.select(_TABLE.c.fence).where(
                _TABLE.c.id == job_id, _TABLE.c.claim == token)).scalar()
        return fence

    try:
        return database.write(work)
    except db_exception.DBDuplicateEntry:
        return None


def check(database: engine.Database, job_id: str, fence: int, *,
          undoing: bool = False) -> None:
    """Return if one may go on: just before every act on a store or Glance.

    :param undoing: also where it was cancelled: what was begun has to be
        undone, or finished
    :raises Fenced: the claim was taken away
    :raises JobCancelled: somebody asked for it
    """
    job = database.read(lambda c: jobs.one(c, _TABLE.c.id == job_id))
    if job is None or job.fence != fence or job.state != State.RUNNING:
        raise _fenced(job_id, job)
    if job.cancel_requested and not undoing:
        raise errors.JobCancelled(detail=job_id)


def note(database: engine.Database, job_id: str, fence: int,
         action: Mapping[str, Any],
         now: datetime.datetime | None = None) -> None:
    """Keep how far it has come in its action, for who has it after this one.

    :raises Fenced: the claim was taken away; nothing is written
    """
    def work(connection: sa.Connection) -> None:
        changed = connection.execute(sa.update(_TABLE).where(
            _TABLE.c.id == job_id, _TABLE.c.fence == fence,
            _TABLE.c.state == State.RUNNING).values(
                action=fields.dump(action), updated_at=fields.moment(now)))
        if not changed.rowcount:
            raise _fenced(job_id, jobs.one(connection, _TABLE.c.id == job_id))

    database.write(work)


def finish(database: engine.Database, job_id: str, fence: int, state: State,
           *, text: str = '', error: str = '',
           proof: Mapping[str, Any] | None = None,
           size: int | None = None,
           now: datetime.datetime | None = None) -> jobs.Job:
    """Close a job and tell its history, both or neither.

    Again, with the same fence and state, changes nothing.

    :param state: ``done``, ``failed`` or ``cancelled``
    :param text: of the history; by default the error, or the job's reason
    :param error: a sentence, cut if it is very long
    :param proof: plain data for the history, such as digests
    :param size: what was moved, in bytes
    :raises Fenced: the claim was taken away; nothing is written
    """
    if state not in jobs.CLOSED:
        raise ValueError(f'a job does not end in {state}')
    now = fields.moment(now)
    values: dict[str, Any] = {
        'state': state, 'open_key': None, 'claim': None, 'running': None,
        'error': fields.text(error), 'updated_at': now}
    if size is not None:
        values['bytes'] = size
    return _end(database, job_id, fence, values, {state},
                text or error, now, proof)


def retry(database: engine.Database, job_id: str, fence: int, error: str,
          not_before: datetime.datetime,
          now: datetime.datetime | None = None) -> jobs.Job:
    """Put a job back, until its next attempt is due, and tell its history.

    If somebody asked for its end, it ends here, unless it has dropped a copy.

    :param error: a sentence: why it has to be tried again
    :raises Fenced: the claim was taken away; nothing is written
    """
    now = fields.moment(now)
    values = {**_put_back(now), 'not_before': not_before,
              'error': fields.text(error)}
    return _end(database, job_id, fence, values,
                {State.QUEUED, State.CANCELLED}, error, now)


def give_back(database: engine.Database, job_id: str, fence: int, text: str,
              now: datetime.datetime | None = None) -> jobs.Job:
    """Put a job back that nothing has happened to, such as at a stop.

    That is no attempt, and it is due at once.

    :param text: of the history
    :raises Fenced: the claim was taken away; nothing is written
    """
    now = fields.moment(now)
    values = {**_put_back(now), 'attempts': _TABLE.c.attempts - 1}
    return _end(database, job_id, fence, values,
                {State.QUEUED, State.CANCELLED}, text, now)


def take_back(database: engine.Database,
              alive: Callable[[], Collection[str]] = tuple, *,
              actor: str, now: datetime.datetime | None = None
              ) -> list[jobs.Job]:
    """Queue what runs in no living worker: it was killed.

    :param alive: asked for the ids of the workers that have their jobs for
        good reason; after the jobs were read, or one that begins meanwhile
        would be taken for dead. Not asked while nothing runs
    :param actor: of the history: who found that
    :returns: the jobs, as they are now
    """
    rows = database.read(
        lambda connection: connection.execute(_RUNNING).all())
    living = alive() if rows else ()
    found = [take_back_one(database, row.id, row.fence, actor=actor, now=now)
             for row in rows if row.worker not in living]
    return [job for job in found if job is not None]


def take_back_one(database: engine.Database, job_id: str, fence: int, *,
                  actor: str, now: datetime.datetime | None = None
                  ) -> jobs.Job | None:
    """The same for one job, such as one whose claim on the board expired.

    :param fence: of the claim that is over
    :returns: None if that was over already
    """
    now = fields.moment(now)
    mine = _TABLE.c.id == job_id
    values = {**_put_back(now), 'fence': _TABLE.c.fence + 1}

    def work(connection: sa.Connection) -> jobs.Job | None:
        changed = connection.execute(sa.update(_TABLE).where(
            mine, _TABLE.c.fence == fence,
            _TABLE.c.state == State.RUNNING).values(**values))
        job = jobs.one(connection, mine)
        if job is None or not changed.rowcount:
            return None
        # Somebody may have asked for its end.
        event = 'taken back' if job.state == State.QUEUED else job.state.value
        jobs.tell(connection, job, event,
                  'Worker %s, which ran the job, is gone.' % job.worker,
                  actor, now)
        return job

    return database.write(work)


def _put_back(now: datetime.datetime) -> dict[str, Any]:
    """A running job waits again, or is over if somebody asked for that.

    Not one that has dropped a copy: nobody else would make it again.
    """
    over = sa.and_(_TABLE.c.cancel_requested == sa.true(), ~dropped.noted())
    return {
        'state': sa.case((over, State.CANCELLED.value),
                         else_=State.QUEUED.value),
        'open_key': sa.case((over, sa.null()), else_=_TABLE.c.open_key),
        'claim': None, 'running': None, 'not_before': now,
        'updated_at': now}


def _end(database: engine.Database, job_id: str, fence: int,
         values: dict[str, Any], ends: set[State], text: str,
         now: datetime.datetime,
         proof: Mapping[str, Any] | None = None) -> jobs.Job:
    mine = _TABLE.c.id == job_id

    def work(connection: sa.Connection) -> jobs.Job:
        changed = connection.execute(sa.update(_TABLE).where(
            mine, _TABLE.c.fence == fence,
            _TABLE.c.state == State.RUNNING).values(**values))
        job = jobs.one(connection, mine)
        if changed.rowcount and job is not None:
            event = job.state.value
            if event == State.QUEUED:
                event = 'put back'
            jobs.tell(connection, job, event, text or job.reason,
                      'worker %s' % job.worker, now, proof)
        elif job is None or job.fence != fence or job.state not in ends:
            raise _fenced(job_id, job)
        return job

    return database.write(work)


def _fenced(job_id: str, job: jobs.Job | None) -> errors.Fenced:
    if job is None:
        return errors.Fenced(detail='%s is gone.' % job_id)
    return errors.Fenced(detail='%s is %s, and its fence is %d.' % (
        job_id, job.state.value, job.fence))
