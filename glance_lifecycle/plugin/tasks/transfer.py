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

"""Transfer: the one pass, from the staged file into every store."""

from typing import Any

from oslo_config import cfg
from oslo_log import log as logging
from taskflow import task

from glance_lifecycle import glance_host
from glance_lifecycle.jobs import targets
from glance_lifecycle.plugin import job as plan_job
from glance_lifecycle.plugin import outcome
from glance_lifecycle.plugin import plan as plans
from glance_lifecycle.plugin import progress
from glance_lifecycle.plugin import session as sessions
from glance_lifecycle.signing import algorithms
from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import runner
from glance_lifecycle.transfer import sink

CONF = cfg.CONF
LOG = logging.getLogger(__name__)


class Transfer(task.Task):
    """Writes and hashes the image.

    Provides ``lifecycle_result``: the engine's report (see
    ``engine.Report``) with ``seconds``, ``cpu_seconds``, ``peak_memory``;
    ``stored`` is the names of the stores. Where the copies are is in the
    session: Glance logs the results of tasks, and the location of one in
    Swift holds the account's key.
    """

    default_provides = 'lifecycle_result'

    def __init__(self, session: sessions.Session) -> None:
        super().__init__(name='lifecycle-transfer')
        self._session = session

    def execute(self, lifecycle_plan: dict[str, Any]) -> dict[str, Any]:
        session = self._session
        with session.reporting():
            plan = plans.Plan.from_dict(lifecycle_plan)
            found = targets.targets(plan.stores)
            # On disk before the first byte, so that a death is undone.
            session.note(targets=found)
            return run(session, plan, found, digests(plan))

    def revert(self, *args: Any, **kwargs: Any) -> None:
        outcome.undo(self._session)


def digests(plan: plans.Plan) -> list[str]:
    """What to compute in the one pass; for most, signing adds nothing."""
    legacy = CONF.lifecycle_transfer.checksum
    signed = CONF.lifecycle_signing.hash_method
    return [glance_host.hash_algorithm(),
            *([] if legacy == 'none' else [legacy]),
            *([algorithms.hashlib_name(signed)] if plan.resign else [])]


def run(session: sessions.Session, plan: plans.Plan,
        stores: list[jobs.Target], algorithms: list[str]) -> dict[str, Any]:
    """Run the pass in a child process, showing progress in the task.

    :returns: what Transfer provides; ``session.stored`` is set
    """
    assert session.journal is not None  # noqa: S101 - Admit saw to it
    job = plan_job.make(session.glance.image_id, plan, stores,
                        algorithms, session.journal.fd)
    shown = progress.Progress()
    child = runner.Child(
        job, session.fd,
        lambda report: session.glance.heartbeat(shown.message(report)),
        python=runner.find_python(CONF.lifecycle_transfer.python_interpreter
                                  or glance_host.wsgi_python()))
    result = child.run()
    session.stored = {store: sink.Stored(**copy)
                      for store, copy in result['stored'].items()}
    result['stored'] = list(session.stored)
    LOG.info('Image %(image)s: %(size)d bytes to %(stores)s in %(seconds).1f '
             's, %(cpu).1f CPU seconds, %(memory)d MiB.',
             {'image': session.glance.image_id,
              'size': result['virtual_size'],
              'stores': ', '.join(result['stored']),
              'seconds': result['seconds'], 'cpu': result['cpu_seconds'],
              'memory': result['peak_memory'] // progress.MIB})
    return result
