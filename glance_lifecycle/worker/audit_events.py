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

"""What the worker did, for who collects audit events: CADF over the broker.

As ``image.lifecycle.ACTION``, where Glance's own notifications are turned on:
[oslo_messaging_notifications] driver and transport_url. The history in the
database is the record; these are copies, and one may be lost.

https://www.dmtf.org/standards/cadf (DSP0262)
"""

import socket
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging
from pycadf import attachment
from pycadf import cadftaxonomy
from pycadf import event
from pycadf import reason
from pycadf import resource

from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker import messaging

LOG = logging.getLogger(__name__)

PREFIX = 'image.lifecycle.'

_ACTIONS = {actions.SCRUB: cadftaxonomy.ACTION_READ,
            actions.DELETE: cadftaxonomy.ACTION_DELETE}
_OUTCOMES = {jobs.State.DONE: cadftaxonomy.OUTCOME_SUCCESS,
             jobs.State.FAILED: cadftaxonomy.OUTCOME_FAILURE,
             jobs.State.CANCELLED: cadftaxonomy.OUTCOME_FAILURE}

_WORKER = 'service/storage/image/lifecycle'
_IMAGE = 'service/storage/image'
_POLICY = 'data/security/policy'
_PLAIN = 'application/json'

# Attempts to send one. Glance's own default is for ever, and a job's thread
# would wait so long.
_RETRY = 1


class Auditor:
    """Sends an event for each job that has come to its end.

    :param worker: its id
    :raises ConfigurationError: the options give no address of a broker
    """

    def __init__(self, conf: cfg.ConfigOpts, worker: str) -> None:
        self._worker = resource.Resource(
            id=worker, typeURI=_WORKER, name=socket.gethostname())
        self._notifier = messaging.notifier(
            conf, 'lifecycle.%s' % socket.gethostname(), _RETRY)

    def ended(self, job: jobs.Job) -> None:
        """Never raises, and waits for a broker a few seconds at most."""
        if job.state not in _OUTCOMES:
            return
        try:
            self._notifier.info({}, PREFIX + _kind(job),
                                self._event(job).as_dict())
        except Exception as error:
            LOG.warning('The audit event of job %(job)s was not sent: '
                        '%(error)s', {'job': job.id,
                                      'error': type(error).__name__})

    def _event(self, job: jobs.Job) -> event.Event:
        found = event.Event(
            action=_ACTIONS.get(_kind(job), cadftaxonomy.ACTION_UPDATE),
            outcome=_OUTCOMES[job.state], initiator=self._worker,
            observer=self._worker, target=resource.Resource(
                id=job.image_id, typeURI=_IMAGE, name=job.image_name),
            reason=reason.Reason(
                reasonType=_POLICY, reasonCode=job.rule or _kind(job),
                policyType=_POLICY, policyId=job.policy_digest or 'none'))
        found.add_attachment(attachment.Attachment(
            typeURI=_PLAIN, name='job', content=_told(job)))
        return found


def _kind(job: jobs.Job) -> str:
    return job.purpose.partition(':')[0]


def _told(job: jobs.Job) -> dict[str, Any]:
    return {'id': job.id, 'project': job.project, 'why': job.reason,
            'error': job.error, 'attempts': job.attempts,
            'arguments': job.action.get('arguments', {})}
