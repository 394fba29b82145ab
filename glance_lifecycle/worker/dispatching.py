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

"""Which jobs run now: those that are due, as many as there is room for."""

from collections.abc import Callable
from concurrent import futures
import contextlib
import datetime
import threading
import time
from typing import Protocol

from oslo_log import log as logging

from glance_lifecycle import exceptions
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker import circuits
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import imports
from glance_lifecycle.worker.database import job_changes
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import store_jobs
from glance_lifecycle.worker import running

LOG = logging.getLogger(__name__)

#: of a job that has ended, how it ended, and how many seconds it took
Ended = Callable[[jobs.Job, running.Outcome, float], None]
#: Seconds that an image is left alone whose job ended in an unexpected way,
#: such as one that a database which became read-only lets nobody claim. It was
#: begun again at once, a thousand times a second, and kept others out.
REST = 30.0

#: around each job, of its kind
Counted = Callable[[str], contextlib.AbstractContextManager[None]]


class Runs(Protocol):
    """Such as ``running.Runner``."""

    def run(self, job_id: str) -> tuple[jobs.Job, running.Outcome]:
        ...


def _not_counted(_kind: str) -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext()


class Dispatcher:
    """Gives jobs to a pool of threads.

    :param worker: whose jobs they are
    :param room: how many run at the same time
    :param wake: set when there may be something to do
    :param host: whose imports are to be run, and no other jobs; by default
        all other jobs are
    :param limits: jobs that may run at once that touch a store, of whichever
        worker
    """

    def __init__(self, database: engine.Database, runner: Runs,
                 deletions: running.Deletions, stores: circuits.Circuits,
                 worker: str, room: int, wake: threading.Event,
                 ended: Ended, counted: Counted = _not_counted,
                 host: str = '',
                 limits: store_jobs.Limits = store_jobs.NONE) -> None:
        self._database = database
        self._runner = runner
        self._deletions = deletions
        self._stores = stores
        self._worker = worker
        self._room = room
        self._wake = wake
        self._ended = ended
        self._counted = counted
        self._host = host
        self._limits = limits
        self._pool = futures.ThreadPoolExecutor(
            room, thread_name_prefix='lifecycle-job')
        self._lock = threading.Lock()
        self._running: dict[str, jobs.Job] = {}
        # Images, and until when; by time.monotonic().
        self._resting: dict[str, float] = {}
        # Whose turn was the last; and the same of stores with a limit.
        self._project = ''
        self._project_at: dict[str, str] = {}

    def turn(self) -> int:
        """Begin what is due; how many jobs that were.

        :raises WorkerDatabaseError: the database fails
        """
        now = time.monotonic()
        with self._lock:
            here = list(self._running.values())
            self._resting = {image: until for image, until
                             in self._resting.items() if until > now}
            images = {job.image_id for job in here} | self._resting.keys()
        stores = store_jobs.room(self._database, self._limits, {
            job.id: job.stores for job in here})
        # Not found at all, instead of postponed one by one: of 1000, that took
        # 40 s, and they were due again before it ended, while nobody gave
        # signs of life.
        stores.shut(self._stores.away())
        room = self._room - len(here)
        begun = 0
        while room > begun:
            full = stores.full()
            for turn in self._due(room - begun, self._project, images, stores):
                if not stores.allows(turn.stores):
                    continue
                job = self._first_at(turn, images, stores)
                # Two actions on an image would see each other's half-way.
                if job.image_id in images:
                    continue
                if self._may(job):
                    self._project = turn.project
                    images.add(job.image_id)
                    stores.take(job.stores)
                    begun += self._begin(job)
                else:
                    # Another job tries whether it is back.
                    stores.shut(self._stores.away())
            # Those of a store that by now has as many as it may, or one that
            # tries, make room for others at once, however many they are. What
            # is full only grows, by a store at least each time.
            if full == stores.full():
                break
        return begun

    def _due(self, limit: int, after: str, images: set[str],
             stores: store_jobs.Room, store: str = '') -> list[jobs.Job]:
        return claims.due(
            self._database, limit, after=after, without=self._not_mine(),
            only=imports.of_host(self._host) if self._host else '',
            images=images, full=stores.full(), store=store)

    def _first_at(self, job: jobs.Job, images: set[str],
                  stores: store_jobs.Room) -> jobs.Job:
        """Whose project has its turn at the store, if that has a limit.

        By the turns of all jobs, one project would always come first at a
        store that takes few, if others with jobs for other stores come
        between.
        """
        store = next((s for s in job.stores if s in self._limits), None)
        if store is None:
            return job
        found = self._due(1, self._project_at.get(store, ''), images, stores,
                          store)
        # None: another worker has it meanwhile.
        first = found[0] if found else job
        self._project_at[store] = first.project
        return first

    def running(self) -> set[str]:
        """Ids of the jobs that run here."""
        with self._lock:
            return set(self._running)

    def take_back_lost(self) -> None:
        """Queue what the database could not be told the end of."""
        here = self.running()
        for job in jobs.list_jobs(self._database, state=jobs.State.RUNNING,
                                  limit=1000):
            if job.worker == self._worker and job.id not in here and (
                    job.id not in self.running()) and (
                    imports.is_import(job.purpose) == bool(self._host)):
                claims.take_back_one(self._database, job.id, job.fence,
                                     actor='worker %s' % self._worker)

    def stop(self, patience: float) -> bool:
        """Begin nothing any more, and wait for what runs.

        :param patience: seconds
        :returns: whether all has ended
        """
        deadline = time.monotonic() + patience
        self._pool.shutdown(wait=False)
        while self.running() and time.monotonic() < deadline:
            self._wake.wait(max(0, min(1, deadline - time.monotonic())))
            self._wake.clear()
        return not self.running()

    def _not_mine(self) -> set[str]:
        """Kinds of jobs that are not to be begun here, or not now."""
        found = set() if self._host else {imports.KIND}
        return found if self._deletions.allowed else (
            found | actions.DESTRUCTIVE)

    def _may(self, job: jobs.Job) -> bool:
        """False if it waits for a store that is away."""
        seconds = self._stores.wait(store_jobs.touched(job.action))
        if seconds > 0 and not job.stores:
            # Of an older release: it would be found again at once.
            job_changes.postpone(
                self._database, job.id,
                datetime.datetime.now(datetime.UTC)
                + datetime.timedelta(seconds=seconds))
        return seconds <= 0

    def _begin(self, job: jobs.Job) -> bool:
        with self._lock:
            self._running[job.id] = job
        try:
            self._pool.submit(self._run, job.id, job.purpose.partition(':')[0])
        except RuntimeError:
            # It stops.
            self._end(job.id)
            return False
        return True

    def _run(self, job_id: str, kind: str) -> None:
        begun = time.monotonic()
        try:
            with self._counted(kind):
                job, outcome = self._runner.run(job_id)
            self._ended(job, outcome, time.monotonic() - begun)
        except exceptions.LifecycleError as error:
            LOG.error('Job %(job)s: %(error)s', {
                'job': job_id, 'error': error.for_operator()})
            self._rest(job_id)
        except Exception:
            LOG.exception('Job %s ended in an unexpected way.', job_id)
            self._rest(job_id)
        finally:
            self._end(job_id)

    def _rest(self, job_id: str) -> None:
        with self._lock:
            self._resting[self._running[job_id].image_id] = (
                time.monotonic() + REST)

    def _end(self, job_id: str) -> None:
        with self._lock:
            self._running.pop(job_id, None)
        self._wake.set()
