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

"""The entry point that Glance loads: builds the flow, and never fails.

Glance only logs an error of get_flow and then imports *without* the plugin,
so whatever is wrong is raised later, by the Admit task.
"""

from typing import Any

from oslo_config import cfg
from oslo_log import log as logging
from taskflow.patterns import linear_flow

from glance_lifecycle.conf import opts
from glance_lifecycle.plugin import outcome
from glance_lifecycle.plugin import pauses
from glance_lifecycle.plugin import session as sessions
from glance_lifecycle.plugin.tasks import admit
from glance_lifecycle.plugin.tasks import attest
from glance_lifecycle.plugin.tasks import offload
from glance_lifecycle.plugin.tasks import seal
from glance_lifecycle.plugin.tasks import stage
from glance_lifecycle.plugin.tasks import transfer
from glance_lifecycle.plugin.tasks import verify_source

LOG = logging.getLogger(__name__)

CONF = cfg.CONF

opts.register_opts(CONF)


def get_flow(**kwargs: Any) -> linear_flow.Flow:
    """The tasks of one import.

    :param kwargs: as Glance gives them to an import plugin: context,
        task_id, task_type, task_repo, image_id, import_req, backend (the
        list of target stores), action_wrapper
    """
    flow = linear_flow.Flow('lifecycle')
    try:
        pauses.shorten_pauses()
        session = sessions.get(kwargs)
        outcome.follow(session)
        session.show_stores()
        direct = session.direct
        offloaded = direct and CONF.lifecycle_transfer.run_in == 'worker'
    except Exception as error:
        LOG.exception('The lifecycle plugin cannot work.')
        return flow.add(admit.Refuse(error))
    if offloaded:
        return flow.add(admit.Admit(session), offload.Offload(session))
    return flow.add(
        admit.Admit(session), verify_source.VerifySource(session),
        transfer.Transfer(session) if direct else stage.Stage(session),
        attest.Attest(session),
        seal.Seal(session) if direct else stage.HandOver(session))
