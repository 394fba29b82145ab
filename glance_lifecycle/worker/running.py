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

"""One job: claimed, done if it is needed still, and closed or put back."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import datetime
import enum
import random
import threading
import time
from typing import Any

from oslo_context import context
from oslo_log import log as logging

from glance_lifecycle import exceptions
from glance_lifecycle.policy import decision
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker import carrying_out
from glance_lifecycle.worker import circuits
from glance_lifecycle.worker import cloud as clouds
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import store_jobs

LOG = logging.getLogger(__name__)

# Seconds between two attempts, at most.
_LONGEST = 3600.0

# How uneven that is, so that jobs that failed together do not meet again.
_UNEVEN = 0.25

# Seconds between two looks at the claim while a job runs long.
_CHECK = 2.0


class Outcome(enum.StrEnum):
    DONE = 'done'
    NOT_NEEDED = 'not_needed'
    RETRIED = 'retried'
    GIVEN_BACK = 'given_back'
    FAILED = 'failed'
    CANCELLED = 'cancelled'
    FENCED = 'fenced'
    MISSED = 'missed'


class Stopped(exceptions.LifecycleError):
    message = 'The worker stops: {detail}'


class Unsure(Stopped):
    message = 'Nothing is deleted until all has been looked at: {detail}'


class Deletions:
    """Whether copies and images may be deleted now.

    Not before a look at the images went well, and not after an error until
    another one did.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._allowed = False
        self._errors = 0
        self._stopped = datetime.datetime.now(datetime.UTC)

    @property
    def allowed(self) -> bool:
        return self._allowed

    @contextlib.contextmanager
    def look(self) -> Iterator[None]:
        """While all is looked at: what fails meanwhile is not forgotten."""
        errors_before = self._errors
        yield
        with self._lock:
            self._allowed = self._errors == errors_before

    def looked(self, begun: datetime.datetime | None) -> None:
        """All was looked at, by whichever worker, and that went well.

        :param begun: when; None for never
        """
        # A time to come is that of a clock that was wrong, and would undo
        # whatever stops them until then.
        now = datetime.datetime.now(datetime.UTC)
        with self._lock:
            if begun is not None and self._stopped < begun <= now:
                self._allowed = True

    def stop(self, why: str) -> None:
        with self._lock:
            before, self._allowed = self._allowed, False
            self._errors += 1
            self._stopped = datetime.datetime.now(datetime.UTC)
        if before:
            LOG.warning('Nothing is deleted until all has been looked at '
                        'again: %s', why)


class Runner:
    """Runs jobs, each in the thread of its caller.

    :param connect: a cloud, anew for each job
    :param attempts: see the option; ``retry_delay`` too
    :param stopping: set when jobs are to be undone and given back
    :param limits: jobs that may run at once that touch a store
    """

    def __init__(self, database: engine.Database, worker: str,
                 connect: Callable[[], clouds.Cloud],
                 policy: Callable[[], decision.Policy],
                 deletions: Deletions, stores: circuits.Circuits, *,
                 attempts: int, retry_delay: float,
                 stopping: threading.Event,
                 limits: store_jobs.Limits = store_jobs.NONE) -> None:
        self._database = database
        self._worker = worker
        self._connect = connect
        self._policy = policy
        self._deletions = deletions
        self._stores = stores
        self._attempts = attempts
        self._retry_delay = retry_delay
        self._stopping = stopping
        self._limits = limits

    def run(self, job_id: str) -> tuple[jobs.Job, Outcome]:
        """Claim and do it.

        :raises WorkerDatabaseError: it can be neither claimed nor closed
        """
        fence = claims.claim(self._database, job_id, self._worker,
                             limits=self._limits)
        # As it was claimed: it may have been told something new meanwhile.
        job = jobs.get(self._database, job_id)
        if fence is None:
            return job, Outcome.MISSED
        context.RequestContext(request_id='req-' + job.id,
                               resource_uuid=job.image_id)
        outcome = self._run(job, fence)
        LOG.info('Job %(job)s, %(purpose)s of image %(image)s: %(outcome)s.',
                 {'job': job.id, 'purpose': job.purpose,
                  'image': job.image_id, 'outcome': outcome.value})
        return job, outcome

    def _run(self, job: jobs.Job, fence: int) -> Outcome:
        try:
            return self._attempt(job, fence)
        except errors.Fenced as error:
            LOG.warning('Job %(job)s goes on elsewhere: %(error)s', {
                'job': job.id, 'error': error})
            return Outcome.FENCED
        except errors.WorkerDatabaseError as error:
            # Nobody can tell how it stands; it is taken back later.
            if _destroys(job):
                self._deletions.stop(error.for_operator())
            raise

    def _attempt(self, job: jobs.Job, fence: int) -> Outcome:
        try:
            if job.attempts > self._attempts:
                # Or it would end one worker after the other for ever.
                raise exceptions.ActionRefused(
                    image=job.image_id, detail='it was begun %d times, and '
                    'the worker has ended before it was done. See the log '
                    'of the workers' % (job.attempts - 1))
            return self._act(job, fence)
        except (errors.Fenced, errors.WorkerDatabaseError):
            raise
        except errors.JobCancelled as error:
            claims.finish(self._database, job.id, fence, jobs.State.CANCELLED,
                          text=str(error))
            return Outcome.CANCELLED
        except Stopped as error:
            back = claims.give_back(self._database, job.id, fence, str(error))
            return unless_cancelled(back, Outcome.GIVEN_BACK)
        except exceptions.LifecycleError as error:
            return self._failed(job, fence, error)
        except Exception as error:
            LOG.exception('Job %s failed in an unexpected way.', job.id)
            return self._failed(job, fence, exceptions.InternalError(
                detail='%s, see the log of the worker' % type(error).__name__))

    def _act(self, job: jobs.Job, fence: int) -> Outcome:
        action = actions.Action.from_dict(job.action)
        claim = Claim(self._database, job, fence, self._stopping,
                      self._deletions)
        cloud = self._connect().guarded(claim.check, claim.note)
        try:
            done = carrying_out.carry_out(action, cloud, self._policy(),
                                          claim.progress)
        except (exceptions.ActionRefused, exceptions.ServiceRefused):
            if cloud.image(action.image_id) is not None:
                raise
            # Its owner may delete it at any time; nobody has to mend that.
            done = carrying_out.Done(carrying_out.Result.NOT_NEEDED)
        needed = done.result is carrying_out.Result.DONE
        # Of others, no store was asked.
        for store in self._stores.worked(action.stores if needed else ()):
            LOG.info('Store %s works again.', store)
        claims.finish(
            self._database, job.id, fence, jobs.State.DONE,
            text=_sentence(done.text) if needed else _unneeded(job),
            proof=done.proof or None)
        return Outcome.DONE if needed else Outcome.NOT_NEEDED

    def _failed(self, job: jobs.Job, fence: int,
                error: exceptions.LifecycleError) -> Outcome:
        if _away(error) and self._stores.failed(error.fields['store']):
            LOG.error('Store %(store)s is taken to be away, and its jobs '
                      'wait: %(error)s', {'store': error.fields['store'],
                                          'error': error.for_operator()})
        lasting = _lasting(error)
        if _destroys(job) and not lasting:
            self._deletions.stop(error.for_operator())
        text = exceptions.without_places(str(error))
        if lasting or job.attempts >= self._attempts:
            LOG.error('Job %(job)s, %(purpose)s of image %(image)s, has '
                      'failed: %(error)s', {
                          'job': job.id, 'purpose': job.purpose,
                          'image': job.image_id,
                          'error': error.for_operator()})
            claims.finish(self._database, job.id, fence, jobs.State.FAILED,
                          error=text)
            return Outcome.FAILED
        LOG.warning('Job %(job)s, %(purpose)s of image %(image)s, attempt '
                    '%(attempt)d: %(error)s', {
                        'job': job.id, 'purpose': job.purpose,
                        'image': job.image_id, 'attempt': job.attempts,
                        'error': error.for_operator()})
        back = claims.retry(
            self._database, job.id, fence, text,
            datetime.datetime.now(datetime.UTC) + datetime.timedelta(
                seconds=delay(job.attempts, self._retry_delay)))
        return unless_cancelled(back, Outcome.RETRIED)


class Claim:
    """What lets a job go on, looked at just before each act."""

    def __init__(self, database: engine.Database, job: jobs.Job, fence: int,
                 stopping: threading.Event, deletions: Deletions) -> None:
        self._database = database
        self._job = job
        self._fence = fence
        self._stopping = stopping
        self._deletions = deletions
        self._checked = time.monotonic()
        # A copy is dropped, and has to be made again, whoever cancels.
        self._committed = bool(
            job.action.get('arguments', {}).get('repairing'))

    def check(self) -> None:
        """:raises LifecycleError: one may not act any more"""
        if self._stopping.is_set():
            raise Stopped(detail='the job is begun again by the next one')
        if _destroys(self._job) and not self._deletions.allowed:
            raise Unsure(detail='the job is begun again after that')
        claims.check(self._database, self._job.id, self._fence,
                     undoing=self._committed)
        self._checked = time.monotonic()

    def note(self, arguments: Mapping[str, Any]) -> None:
        """How far it has come, for who has the job after this one."""
        claims.note(self._database, self._job.id, self._fence,
                    {**self._job.action, 'arguments': dict(arguments)})
        self._committed = True

    def progress(self, text: str) -> None:
        """The same, now and then, while bytes are copied."""
        LOG.debug('Job %s: %s', self._job.id, text)
        if (self._stopping.is_set()
                or time.monotonic() - self._checked > _CHECK):
            self.check()


def delay(attempt: int, first: float) -> float:
    """Seconds until the next attempt: twice as long each time, and uneven.

    :param attempt: the last one; 1 is the first
    """
    even: float = min(first * 2 ** min(attempt - 1, 30),
                      _LONGEST / (1 + _UNEVEN))
    return even * random.uniform(  # noqa: S311 - no secret
        1 - _UNEVEN, 1 + _UNEVEN)


def unless_cancelled(job: jobs.Job, outcome: Outcome) -> Outcome:
    """Of what was put back, unless somebody had asked for its end."""
    return (Outcome.CANCELLED if job.state == jobs.State.CANCELLED
            else outcome)


def _lasting(error: exceptions.LifecycleError) -> bool:
    """Whether it would fail the next time as well."""
    if isinstance(error, exceptions.UseUnknown):
        return False
    if isinstance(error, exceptions.ImageRefused):
        return error.reason != 'busy'
    return isinstance(error, (exceptions.ActionRefused,
                              exceptions.ServiceRefused))


def _away(error: exceptions.LifecycleError) -> bool:
    """Whether the store is at fault, not one object in it."""
    return isinstance(error, exceptions.StoreError) and not isinstance(
        error, (exceptions.StoreDuplicate, exceptions.CopyMissing,
                exceptions.CopyCorrupt))


def _destroys(job: jobs.Job) -> bool:
    return job.purpose.partition(':')[0] in actions.DESTRUCTIVE


def _unneeded(job: jobs.Job) -> str:
    text = 'It was not needed any more.'
    # A worker that is killed has no time to say what it has done.
    return text if job.attempts < 2 else text + (
        ' An earlier attempt may have done it, and ended before it was '
        'written down.')


def _sentence(text: str) -> str:
    return exceptions.sentence(text[0].upper() + text[1:])
