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

"""Offload: a worker of this host does the work, and this process waits.

What is handed over is plain data in the database of the worker. If this
process ends, the worker brings the import to its end all the same.
"""

import contextlib
import socket
import time
from typing import Any
from typing import NoReturn

from cryptography.hazmat.primitives import serialization
from oslo_config import cfg
from oslo_log import log as logging
from taskflow import task

from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.plugin import outcome
from glance_lifecycle.plugin import plan as plans
from glance_lifecycle.plugin import session as sessions
from glance_lifecycle.plugin.tasks import verify_source
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import imports
from glance_lifecycle.worker.database import job_changes
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import opening
from glance_lifecycle.worker import presence

CONF = cfg.CONF
LOG = logging.getLogger(__name__)

ACTOR = 'glance-api'

# What its user reads meanwhile.
WAITING = 'Waiting for a lifecycle worker'

# Seconds between two looks at the job: short at first, for small images.
_FIRST, _LAST = 0.1, 1.0

# Seconds that a worker may take to let go of a journal: its child, and what
# that has started, are given 10 to end.
_LET_GO = 20.0


class Offload(task.Task):
    """Stands for VerifySource, Transfer, Attest and Seal."""

    def __init__(self, session: sessions.Session) -> None:
        super().__init__(name='lifecycle-offload')
        self._session = session

    def execute(self, lifecycle_plan: dict[str, Any]) -> None:
        session = self._session
        with session.reporting():
            plan = plans.Plan.from_dict(lifecycle_plan)
            wanted, handed = _wanted(session, plan), _handed(session, plan)
            database = opening.open_database(CONF)
            try:
                session.hand_over(wanted.purpose, handed)
                _work(database, session, wanted)
            finally:
                database.close()
            outcome.sealed(session)

    def revert(self, *args: Any, **kwargs: Any) -> None:
        outcome.undo(self._session)


def _work(database: engine.Database, session: sessions.Session,
          wanted: jobs.Wanted) -> None:
    """Have it done by a worker.

    :raises LifecycleError: why the image is not active
    """
    try:
        try:
            job, _ = jobs.open_job(database, wanted, actor=_actor(session))
            ended = _Wait(database, session, job).ended()
        finally:
            _take_back(session)
        _check(session, ended)
    except exceptions.LifecycleError:
        if not _is_active(session):
            raise


def _is_active(session: sessions.Session) -> bool:
    """Whether a worker has done it, and could not say so."""
    image_id = session.glance.image_id
    # It may have been in the very transaction.
    glance_host.settle(image_id)
    state = glance_host.image_state(image_id)
    if state is None or (state.status, state.lock) != (
            'active', session.glance.task_id):
        return False
    LOG.warning('Image %s was imported by a worker that could not say so.',
                image_id)
    return True


def _actor(session: sessions.Session) -> str:
    """Of the history: who wants this image imported."""
    return 'user %s' % session.glance.context.user_id


def _handed(session: sessions.Session, plan: plans.Plan) -> dict[str, Any]:
    """What a worker has to know: plain data, and no secret.

    :raises LifecycleError: the user's certificate is not to be had, or not
        trusted; a worker could not ask for it with the user's rights
    """
    certificate = plan.signature and verify_source.trusted(
        session, plan, plan.signature)
    return {'import': session.glance.handed_over(), 'plan': plan.to_dict(),
            'fingerprint': session.fingerprint,
            'certificate': certificate.public_bytes(
                serialization.Encoding.PEM).decode() if certificate else ''}


def _wanted(session: sessions.Session, plan: plans.Plan) -> jobs.Wanted:
    """The job, which points at the journal and tells people of the rest."""
    return jobs.Wanted(
        image_id=session.glance.image_id,
        purpose=imports.purpose(socket.gethostname(), session.glance.task_id),
        action={'kind': imports.KIND},
        reason='The image is imported to %s.' % ', '.join(plan.stores),
        rule=plan.policy_rule, policy_digest=plan.policy_digest or '',
        image_name=plan.facts.name or '', project=plan.facts.project or '',
        bytes=plan.virtual_size or plan.staged_size)


class _Wait:
    """Until the job is over, or no worker gives a sign of life any more."""

    def __init__(self, database: engine.Database, session: sessions.Session,
                 job: jobs.Job) -> None:
        self._database = database
        self._session = session
        self._job = job
        self._host = socket.gethostname()

    def ended(self) -> jobs.Job:
        """The job, closed.

        :raises TransferCancelled: the image was deleted, or taken over,
            before a worker began
        :raises NoWorker: it was not done, and will not be
        """
        pause = _FIRST
        sign, since = None, time.monotonic()
        told = since
        try:
            while True:
                job = jobs.get(self._database, self._job.id)
                if job.state in jobs.CLOSED:
                    return job
                now, seen = time.monotonic(), self._sign(job)
                if job.state == jobs.State.QUEUED and now - told > (
                        CONF.lifecycle_transfer.progress_interval):
                    # Else its worker looks whether to go on, and says so.
                    self._session.glance.heartbeat(WAITING)
                    told = now
                if seen != sign:
                    sign, since = seen, now
                elif now - since > CONF.lifecycle_transfer.worker_timeout:
                    self._give_up()
                time.sleep(pause)
                pause = min(_LAST, pause * 1.5)
        except BaseException:
            # It need not go on when this import has failed. If it does all
            # the same, it finds that the image is importing no more.
            with contextlib.suppress(exceptions.LifecycleError):
                self._cancel('glance-api waits no longer.')
            raise

    def _sign(self, job: jobs.Job) -> Any:
        """What changes as long as the job's worker, or one for it, lives."""
        return job.state, job.fence, sorted(
            (worker.id, worker.seen_at)
            for worker in presence.workers(self._database)
            if worker.host == self._host
            and (worker.imports if job.state == jobs.State.QUEUED
                 else worker.id == job.worker))

    def _give_up(self) -> NoReturn:
        why = 'there was no sign of life for %d seconds' % (
            CONF.lifecycle_transfer.worker_timeout)
        self._cancel('Of a worker %s.' % why)
        raise exceptions.NoWorker(detail=why)

    def _cancel(self, why: str) -> None:
        """The job is over, and who has it may not write any more."""
        job_changes.cancel(self._database, self._job.id, actor=ACTOR,
                           reason=why)
        job = jobs.get(self._database, self._job.id)
        if job.state == jobs.State.RUNNING:
            claims.take_back_one(self._database, job.id, job.fence,
                                 actor=ACTOR)


def _take_back(session: sessions.Session) -> None:
    """What the worker has left is undone by who has the journal."""
    deadline = time.monotonic() + _LET_GO
    while not session.taken_back():
        if time.monotonic() > deadline:
            LOG.error('A worker has the journal of image %s still. What it '
                      'has written is undone by recovery.',
                      session.glance.image_id)
            session.leftovers = True
            return
        time.sleep(_FIRST)


def _check(session: sessions.Session, job: jobs.Job) -> None:
    """:raises LifecycleError: as the job has failed"""
    if job.state == jobs.State.DONE:
        return
    record = session.journal.record if session.journal else None
    if record is not None and record.failure:
        raise exceptions.from_dict(record.failure)
    if job.state == jobs.State.CANCELLED:
        raise exceptions.ImportCancelled()
    raise exceptions.TransferFailed(detail=job.error)
