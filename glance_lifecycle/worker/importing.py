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

"""Imports that glance-api hands over: ``run_in = worker``.

The tasks are those of the plugin, and so is all that they do; only the process
is another. Whoever works with an import holds its journal, so that of two
attempts the second begins when nothing of the first lives any more. It undoes
what that has left, and begins anew.

What is to be done stands in the journal, which is a file of the service's own.
The job only points at it: many hosts may share the database of jobs, and who
can write there must not choose which file is read, or whom to trust.
"""

from collections.abc import Callable
import datetime
import os
import time
from typing import Any
import uuid

from cryptography import x509
from oslo_config import cfg
from oslo_log import log as logging
from taskflow import engines
from taskflow import exceptions as taskflow_exceptions
from taskflow.patterns import linear_flow

from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.plugin import plan as plans
from glance_lifecycle.plugin import session as sessions
from glance_lifecycle.plugin.tasks import admit
from glance_lifecycle.plugin.tasks import attest
from glance_lifecycle.plugin.tasks import seal
from glance_lifecycle.plugin.tasks import transfer
from glance_lifecycle.plugin.tasks import verify_source
from glance_lifecycle.recovery import undoing
from glance_lifecycle.signing import configured
from glance_lifecycle.transfer import journal
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import imports
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker import running

CONF = cfg.CONF
LOG = logging.getLogger(__name__)

# Seconds that what is left of an attempt before may take to end, and then
# until this one is tried again: its worker is frozen.
_LET_GO = 20.0
_LATER = datetime.timedelta(seconds=5)
_PAUSE = 0.1


class Importer(running.Runner):
    """Runs imports, each in the thread of its caller."""

    def _act(self, job: jobs.Job, fence: int) -> running.Outcome:
        claim = running.Claim(self._database, job, fence, self._stopping,
                              self._deletions)
        found = _take(job, claim.check)
        try:
            proof, text = _import(found, claim.check)
        finally:
            found.close()
        claims.finish(self._database, job.id, fence, jobs.State.DONE,
                      text=text, proof=proof)
        return running.Outcome.DONE

    def _failed(self, job: jobs.Job, fence: int,
                error: exceptions.LifecycleError) -> running.Outcome:
        """Its user waits, and may ask again: no other attempt."""
        if isinstance(error, exceptions.ImageBusy) and (
                job.attempts < self._attempts):
            back = claims.retry(
                self._database, job.id, fence, str(error),
                datetime.datetime.now(datetime.UTC) + _LATER)
            return running.unless_cancelled(back, running.Outcome.RETRIED)
        if glance_host.image_state(job.image_id) is None:
            # Whatever came of that: its staged file is gone with it.
            error = exceptions.TransferCancelled(
                detail='the image was deleted')
        _note_failure(job, error)
        if isinstance(error, exceptions.TransferCancelled):
            # By its owner: nothing has gone wrong.
            claims.finish(self._database, job.id, fence,
                          jobs.State.CANCELLED, text=str(error.for_user()))
            return running.Outcome.CANCELLED
        LOG.warning('The import of image %(image)s has failed: %(error)s', {
            'image': job.image_id, 'error': error.for_operator()})
        claims.finish(self._database, job.id, fence, jobs.State.FAILED,
                      error=str(error.for_user()))
        return running.Outcome.FAILED


def _take(job: jobs.Job, guard: Callable[[], None] = lambda: None
          ) -> journal.Journal:
    """The import's journal, with patience.

    Whoever recovers what is dead has it for a moment, and what is left of an
    attempt whose worker was killed until that has ended.

    :raises ImageBusy: it does not end, and may still write
    :raises ConfigurationError: there is no such journal here
    """
    state_dir, task_id = CONF.lifecycle.state_dir, _task(job)
    deadline = time.monotonic() + _LET_GO
    while True:
        found = journal.take(state_dir, task_id)
        if found is not None:
            if (found.record.image_id, found.record.offloaded) == (
                    job.image_id, job.purpose):
                return found
            found.close()
            raise _no_journal()
        if not journal.exists(state_dir, task_id):
            raise _no_journal()
        guard()
        if time.monotonic() > deadline:
            raise exceptions.ImageBusy(
                image=job.image_id, detail='an attempt before to import it '
                'does not end. Its worker is frozen, or was taken for dead')
        time.sleep(_PAUSE)


def _task(job: jobs.Job) -> str:
    """:raises ConfigurationError: it is none, and so no name of a file"""
    try:
        return str(uuid.UUID(imports.task_id(job.purpose)))
    except ValueError:
        raise _no_journal() from None


def _no_journal() -> exceptions.ConfigurationError:
    return exceptions.ConfigurationError(
        detail='the worker does not find the import that glance-api has '
        'begun. [lifecycle] state_dir must be the same directory for both')


def _note_failure(job: jobs.Job, error: exceptions.LifecycleError) -> None:
    """For glance-api, or for who recovers the import after its death."""
    try:
        found = _take(job)
    except exceptions.LifecycleError:
        # glance-api, if it lives, reads the job.
        LOG.error('The journal of image %(image)s cannot be had to note why '
                  'its import has failed: %(error)s', {
                      'image': job.image_id, 'error': error.for_operator()})
        return
    try:
        found.note(failure=error.for_user().to_dict())
    finally:
        found.close()


def _import(found: journal.Journal, guard: Callable[[], None]
            ) -> tuple[dict[str, Any], str]:
    """One attempt.

    :param found: the caller closes it
    :param guard: raises where one may not go on
    :returns: what proves it, and a sentence
    :raises LifecycleError: why it failed, or may not go on
    """
    record = found.record
    # What a dead attempt has sent last may only now be carried out.
    glance_host.settle(record.image_id)
    state = glance_host.image_state(record.image_id)
    if state is not None and (state.status, state.lock) == (
            'active', record.task_id):
        # It could not say so any more.
        return ({'stores': sorted(state.locations)},
                'The image was imported by an attempt before.')
    attempt = _Attempt(found, guard)
    try:
        return attempt.run()
    finally:
        attempt.close()


class _Attempt:
    """One that may write.

    :param guard: raises where one may not go on
    """

    def __init__(self, found: journal.Journal, guard: Callable[[], None]
                 ) -> None:
        self._journal = found
        self._handed = found.record.handed
        self._plan = plans.Plan.from_dict(self._handed['plan'])
        glance = glance_host.taken_over(self._handed['import'])
        glance.guard = guard
        glance.all_must_succeed = self._plan.all_must_succeed
        self._session = sessions.Session(glance, list(self._plan.stores))
        self._session.log_of = 'glance-lifecycle-worker'
        self._session.journal = found

    def run(self) -> tuple[dict[str, Any], str]:
        """See ``_import()``."""
        self._session.glance.check_ours()
        self._undo_before()
        self._open()
        flow = linear_flow.Flow('lifecycle-import').add(*(
            kind(self._session) for kind in (
                verify_source.VerifySource, transfer.Transfer, attest.Attest,
                seal.Seal)))
        engine_ = engines.load(
            flow, store={'lifecycle_plan': self._plan.to_dict()})
        try:
            engine_.run()
        except (glance_host.UserError,
                taskflow_exceptions.WrappedFailure) as error:
            # What its user is told; the log has the rest.
            raise self._session.error or exceptions.InternalError(
                detail='%s; the log of the worker has the details'
                % type(error).__name__) from None
        result = engine_.storage.fetch('lifecycle_result')
        return ({'digests': result['digests'], 'stores': result['stored'],
                 'size': result['virtual_size'],
                 'source': engine_.storage.fetch('lifecycle_source')},
                'Imported: %s.' % seal.summary(result).rstrip('.'))

    def close(self) -> None:
        self._session.close(done=False)

    def _undo_before(self) -> None:
        """Of an attempt that has died, whose failure counts no more.

        What cannot be removed now is on record, and in the way of no other
        store.
        """
        if self._journal.record.failure:
            self._journal.note(failure=None)
        if self._journal.record.targets:
            undoing.undo(self._journal)

    def _open(self) -> None:
        session = self._session
        directory, name = os.path.split(self._journal.record.staged)
        session.opened(admit.open_staged(directory, name))
        if session.fingerprint != self._handed['fingerprint']:
            raise exceptions.ImageRefused(
                reason='changed', detail='the staged file changed while it '
                'was imported. Stage the image again')
        if self._handed['certificate']:
            session.certificate = x509.load_pem_x509_certificate(
                self._handed['certificate'].encode())
        if self._plan.resign:
            session.signer = configured.service_signer(
                CONF, configured.service_context(CONF))
            if session.signer is None:
                raise exceptions.ConfigurationError(
                    detail='[lifecycle_signing] signing_key and '
                    'signing_certificate_id are not set for the worker')
