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

"""What operators ask a worker's database, and change in it: plain data.

For the commands on a host of a worker, and for a service to come. Whoever
serves it says who asks: the ``actor`` of the history.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import datetime
import json
import pathlib
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker.database import dropped
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import fields
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import imports
from glance_lifecycle.worker.database import job_changes
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import marks
from glance_lifecycle.worker.database import store_jobs
from glance_lifecycle.worker.database import waiting
from glance_lifecycle.worker import liveness
from glance_lifecycle.worker import presence

State = jobs.State

#: What an operator may have to do something about, or soon sees the end of.
ATTENTION = jobs.OPEN | {State.FAILED}

#: Jobs that ``status()`` shows of each sort, at most.
SHOWN = 10

# Of one query.
_PAGE = 500

_UNLIMITED = store_jobs.Room(store_jobs.NONE)


@dataclasses.dataclass(frozen=True, slots=True)
class View:
    """A job as it is shown.

    :ivar what: what is done to the image; begins with DESTRUCTIVE if it is
    :ivar destructive: whether that cannot be undone
    :ivar waits: why it does not run, although it is due: a sentence, if a
        store is why that is away or has as many jobs as its limit
    :ivar missing: a sentence, if it has dropped a copy and not made it again
    """

    job: jobs.Job
    what: str
    destructive: bool
    waits: str = ''
    missing: str = ''

    def to_dict(self) -> dict[str, Any]:
        return {**plain(self.job), 'what': self.what,
                'destructive': self.destructive, 'waits': self.waits,
                'missing': self.missing}


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """:ivar more: whether others follow: ask with the last one's id"""

    views: tuple[View, ...]
    more: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Worker:
    """One that has told of itself, and has not ended in order.

    :ivar seen_at: its last sign of life, by its own clock
    :ivar away: the stores that it takes to be away
    :ivar imports: whether it runs imports for the glance-api of its host
    :ivar running: jobs that it has
    """

    id: str
    host: str
    pid: int
    started_at: datetime.datetime
    mode: str
    version: str
    seen_at: datetime.datetime
    away: tuple[str, ...]
    imports: bool
    alive: bool
    running: int


@dataclasses.dataclass(frozen=True, slots=True)
class Sweep:
    """The last look at images of a kind.

    :ivar good_at: when the last one began that went well
    :ivar numbers: of images, actions, jobs: see ``observing.Seen``
    :ivar error: a sentence; empty if it went well
    """

    started_at: datetime.datetime
    ended_at: datetime.datetime
    good_at: datetime.datetime | None
    numbers: Mapping[str, int]
    error: str


@dataclasses.dataclass(frozen=True, slots=True)
class StoreJobs:
    """Of a store with a limit.

    :ivar limit: jobs that may run at once
    :ivar due: those that could be begun but for the limit of a store
    """

    running: int
    limit: int
    due: int


@dataclasses.dataclass(frozen=True, slots=True)
class Status:
    """How it stands.

    :ivar at: when that was so
    :ivar jobs: state -> how many
    :ivar oldest: of those that wait
    :ivar destructive: ``queued`` and ``held`` -> how many of them destroy
    :ivar running: the jobs that run; ``SHOWN`` at most
    :ivar held: those that wait for an operator; ``SHOWN`` at most
    :ivar sweeps: ``full`` and ``changes`` -> the last; None for none yet
    :ivar stores: those with a limit of jobs
    """

    at: datetime.datetime
    workers: tuple[Worker, ...]
    jobs: Mapping[str, int]
    oldest: waiting.Oldest
    destructive: Mapping[str, int]
    running: tuple[View, ...]
    held: tuple[View, ...]
    sweeps: Mapping[str, Sweep | None]
    stores: Mapping[str, StoreJobs]

    def to_dict(self) -> dict[str, Any]:
        return {**plain(self), 'running': [v.to_dict() for v in self.running],
                'held': [view.to_dict() for view in self.held]}


def plain(value: Any) -> Any:
    """A dataclass as JSON can hold it; times are ISO 8601, UTC."""
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name))
                for field in dataclasses.fields(value)}
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat(timespec='seconds')
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, State) else value


# Jobs.

def view(job: jobs.Job, stores: store_jobs.Room = _UNLIMITED,
         now: datetime.datetime | None = None) -> View:
    """What is said of a job, whichever release has opened it.

    :param stores: as they are now
    """
    if imports.is_import(job.purpose):
        return View(job, 'import', False)
    kinds = {job.purpose.partition(':')[0], job.action.get('kind')}
    destructive = not kinds.isdisjoint(actions.DESTRUCTIVE)
    try:
        what = actions.Action.from_dict(job.action).text()
    except exceptions.ConfigurationError:
        what = ('DESTRUCTIVE: ' if destructive else '') + job.purpose
    due = job.state == State.QUEUED and job.not_before <= fields.moment(now)
    why = stores.why(job.stores) if due else ''
    return View(job, what, destructive, 'Waits: %s.' % why if why else '',
                dropped.missing(job.state, job.action))


def show(database: engine.Database, job_id: str,
         limits: store_jobs.Limits = store_jobs.NONE) -> View:
    """One job, as it is now.

    :param limits: see [lifecycle_worker] store_jobs
    :raises JobNotFound: there is none, or it was purged
    """
    return view(jobs.get(database, job_id), _stores(database, limits))


def _stores(database: engine.Database, limits: store_jobs.Limits
            ) -> store_jobs.Room:
    """As they are now, and as the workers have found them."""
    found = store_jobs.room(database, limits, {})
    for worker in presence.workers(database):
        found.shut(worker.away)
    return found


def listed(database: engine.Database, *,
           states: Collection[State] = ATTENTION,
           image_id: str | None = None, marker: str | None = None,
           limit: int = 100,
           limits: store_jobs.Limits = store_jobs.NONE) -> Page:
    """Jobs, the newest first.

    :param marker: id of the last job of the page before
    :param limits: see [lifecycle_worker] store_jobs
    :raises JobNotFound: the marker was purged meanwhile
    """
    found = jobs.list_jobs(database, state=states, image_id=image_id,
                           marker=marker, limit=limit + 1)
    stores = _stores(database, limits)
    return Page(tuple(view(job, stores) for job in found[:limit]),
                len(found) > limit)


def all_held(database: engine.Database) -> list[View]:
    """Those that wait for an operator, the newest first."""
    found: list[View] = []
    page = Page((), True)
    while page.more:
        page = listed(database, states={State.HELD}, limit=_PAGE,
                      marker=found[-1].job.id if found else None)
        found += page.views
    return found


def retry(database: engine.Database, job_id: str, *, actor: str,
          reason: str = '', now: datetime.datetime | None = None) -> View:
    """Have a job done, now, and from its first attempt.

    One that has failed, or was cancelled, or waits to be tried again.

    :param reason: a sentence, for the history
    :raises JobNotFound: there is none
    :raises JobStateError: it is in no such state, or another is open for the
        same
    """
    job = jobs.get(database, job_id)
    if job.state == State.HELD:
        raise errors.JobStateError(
            detail='%s is held, and has to be released' % job_id)
    if imports.is_import(job.purpose):
        raise errors.JobStateError(
            detail='%s is an import, and its user asks for it again' % job_id)
    return view(job_changes.requeue(
        database, job_id, actor=actor, reason=reason, now=now,
        states={State.FAILED, State.CANCELLED, State.QUEUED}))


def cancel(database: engine.Database, job_id: str, *, actor: str,
           reason: str = '', now: datetime.datetime | None = None) -> View:
    """End a job that is open; one that runs is told to.

    :raises JobNotFound: there is none
    :raises JobStateError: it is over
    """
    job = job_changes.cancel(database, job_id, actor=actor, reason=reason,
                             now=now)
    if job.state in jobs.CLOSED - {State.CANCELLED}:
        raise errors.JobStateError(detail='%s is %s already' % (
            job_id, job.state.value))
    return view(job)


def release(database: engine.Database, job_id: str, *, actor: str,
            reason: str = '', now: datetime.datetime | None = None) -> View:
    """Let a job be done that is held.

    :raises JobNotFound: there is none
    :raises JobStateError: it runs, or is over
    """
    return view(job_changes.requeue(
        database, job_id, actor=actor, now=now, states={State.HELD},
        reason=reason or 'The job was released.'))


# History.

def images_named(database: engine.Database, name: str) -> list[str]:
    """Ids of the images, ten at most, that a worker knew by this name.

    As their jobs have it: no cloud is asked.
    """
    return history.named(database, fields.text(name, fields.NAME))


def history_of_image(database: engine.Database,
                     image_id: str) -> Iterator[history.Entry]:
    """What was done to it, the oldest first."""
    return _entries(lambda marker: history.of_image(
        database, image_id, marker, _PAGE))


def history_of_job(database: engine.Database,
                   job_id: str) -> Iterator[history.Entry]:
    """What one job did, the oldest first."""
    return _entries(lambda marker: history.of_job(
        database, job_id, marker, _PAGE))


def _entries(read: Callable[[int | None], list[history.Entry]]
             ) -> Iterator[history.Entry]:
    marker = None
    while page := read(marker):
        yield from page
        marker = page[-1].id


# Status.

def status(database: engine.Database, *, state_dir: str, expiry: float,
           limits: store_jobs.Limits = store_jobs.NONE,
           now: datetime.datetime | None = None) -> Status:
    """Of several reads, one after another.

    :param state_dir: [lifecycle] state_dir of this host
    :param expiry: see [lifecycle_worker] claim_expiry
    :param limits: see [lifecycle_worker] store_jobs
    """
    now = fields.moment(now)
    running = jobs.list_jobs(database, state=State.RUNNING, limit=_PAGE)
    return Status(
        at=now,
        workers=tuple(_workers(database, running, state_dir, expiry, now)),
        jobs={str(state): count
              for state, count in jobs.counts(database).items()},
        oldest=waiting.oldest(database, now),
        destructive={str(state): waiting.of_kinds(
            database, actions.DESTRUCTIVE, state)
            for state in (State.QUEUED, State.HELD)},
        running=tuple(map(view, running[:SHOWN])),
        held=listed(database, states={State.HELD}, limit=SHOWN).views,
        sweeps={kind: _sweep(marks.get(database, 'sweep/' + kind))
                for kind in ('full', 'changes')},
        stores={store: StoreJobs(
            count, limits[store], waiting.at_store(database, store, now))
            for store, count in store_jobs.room(
                database, limits, {}).running().items()})


def _workers(database: engine.Database, running: list[jobs.Job],
             state_dir: str, expiry: float, now: datetime.datetime
             ) -> Iterator[Worker]:
    directory = pathlib.Path(state_dir, 'workers')
    for found in presence.workers(database):
        # A time to come is that of another clock.
        recent = (now - found.seen_at).total_seconds() < expiry
        yield Worker(
            **dataclasses.asdict(found),
            alive=recent and not liveness.ended(directory, found),
            running=sum(job.worker == found.id for job in running))


def _sweep(mark: marks.Mark | None) -> Sweep | None:
    if mark is None:
        return None
    value = json.loads(mark.value)
    good = value.get('good')
    return Sweep(
        datetime.datetime.fromisoformat(value['started_at']),
        datetime.datetime.fromisoformat(value['ended_at']),
        datetime.datetime.fromisoformat(good) if good else None,
        {name: number for name, number in value.items()
         if isinstance(number, int) and not name.startswith('good')},
        value.get('error', ''))
