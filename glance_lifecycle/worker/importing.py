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
"""

from collections.abc import Callable
import os
import time
from typing import Any

from cryptography import x509
from oslo_config import cfg
from oslo_log import log as logging
from taskflow import engines
from taskflow import exceptions as taskflow_exceptions
from taskflow.patterns import linear_flow

from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.plugin import outcome
from glance_lifecycle.plugin import plan as plans
from glance_lifecycle.plugin import session as sessions
from glance_lifecycle.plugin.tasks import admit
from glance_lifecycle.plugin.tasks import attest
from glance_lifecycle.plugin.tasks import seal
from glance_lifecycle.plugin.tasks import transfer
from glance_lifecycle.plugin.tasks import verify_source
from glance_lifecycle.signing import configured
from glance_lifecycle.transfer import journal
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker import running

CONF = cfg.CONF
LOG = logging.getLogger(__name__)

# Seconds that what is left of an attempt before may take to end.
_LET_GO = 20.0
_PAUSE = 0.1


class Importer(running.Runner):
    """Runs imports, each in the thread of its caller."""

    def _act(self, job: jobs.Job, fence: int) -> running.Outcome:
        claim = running.Claim(self._database, job, fence, self._stopping,
                              self._deletions)
        state = glance_host.image_state(job.image_id)
        if state is not None and state.status == 'active' and (
                state.lock == _task(job)):
            # By an attempt that died before it could say so.
            return self._done(job, fence, 'The image was imported by an '
                              'attempt before.', {})
        attempt = _Attempt(job, claim.check)
        try:
            proof, text = attempt.run()
        finally:
            attempt.close()
        return self._done(job, fence, text, proof)

    def _done(self, job: jobs.Job, fence: int, text: str,
              proof: dict[str, Any]) -> running.Outcome:
        claims.finish(self._database, job.id, fence, jobs.State.DONE,
                      text=text, proof=proof or None)
        return running.Outcome.DONE

    def _failed(self, job: jobs.Job, fence: int,
                error: exceptions.LifecycleError) -> running.Outcome:
        """Its user waits, and may ask again: no other attempt."""
        _note_failure(job, error)
        claims.finish(self._database, job.id, fence, jobs.State.FAILED,
                      error=str(error.for_user()))
        return running.Outcome.FAILED


def _task(job: jobs.Job) -> str:
    return str(job.action['import']['task_id'])


def _note_failure(job: jobs.Job, error: exceptions.LifecycleError) -> None:
    """For glance-api, or for who recovers the import after its death."""
    found = journal.take(CONF.lifecycle.state_dir, _task(job))
    if found is None:
        LOG.error('The journal of image %(image)s cannot be had to note why '
                  'its import has failed: %(error)s', {
                      'image': job.image_id, 'error': error.for_operator()})
        return
    try:
        found.note(failure=error.for_user().to_dict())
    finally:
        found.close()


class _Attempt:
    """One attempt at one import.

    :param guard: raises where one may not go on
    """

    def __init__(self, job: jobs.Job, guard: Callable[[], None]) -> None:
        self._told = job.action
        self._plan = plans.Plan.from_dict(job.action['plan'])
        glance = glance_host.taken_over(job.action['import'])
        glance.guard = guard
        glance.all_must_succeed = self._plan.all_must_succeed
        self._session = sessions.Session(glance, list(self._plan.stores))
        self._session.log_of = 'glance-lifecycle-worker'

    def run(self) -> tuple[dict[str, Any], str]:
        """:returns: what proves it, and a sentence

        :raises LifecycleError: why it failed, or may not go on
        """
        self._session.glance.check_ours()
        self._take_journal()
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
                 'size': result['virtual_size']},
                'Imported: %s.' % seal.summary(result).rstrip('.'))

    def close(self) -> None:
        self._session.close(done=False)

    def _take_journal(self) -> None:
        deadline = time.monotonic() + _LET_GO
        while True:
            self._session.journal = journal.take(
                CONF.lifecycle.state_dir, self._session.glance.task_id)
            if self._session.journal is not None:
                return
            self._session.glance.guard()
            if time.monotonic() > deadline:
                raise running.Stopped(
                    detail='the journal of the import is not to be had. An '
                    'attempt before may still end')
            time.sleep(_PAUSE)

    def _undo_before(self) -> None:
        """:raises TransferFailed: something of it cannot be removed"""
        found = self._session.journal
        if found is None or not found.record.targets:
            return
        outcome.undo(self._session)
        if self._session.leftovers:
            raise exceptions.TransferFailed(
                detail='what an attempt before has left in the stores cannot '
                'be removed now')

    def _open(self) -> None:
        session = self._session
        directory, name = os.path.split(self._told['staged'])
        session.opened(admit.open_staged(directory, name))
        if session.fingerprint != self._told['fingerprint']:
            raise exceptions.ImageRefused(
                reason='changed', detail='the staged file changed while it '
                'was imported. Stage the image again')
        if self._told['certificate']:
            session.certificate = x509.load_pem_x509_certificate(
                self._told['certificate'].encode())
        if self._plan.resign:
            session.signer = configured.service_signer(
                CONF, configured.service_context(CONF))
            if session.signer is None:
                raise exceptions.ConfigurationError(
                    detail='[lifecycle_signing] signing_key and '
                    'signing_certificate_id are not set for the worker')
