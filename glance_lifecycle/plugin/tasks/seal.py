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

"""Seal: one save makes the image what it is, and active."""

from typing import Any

from taskflow import task

from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.plugin import outcome
from glance_lifecycle.plugin import plan as plans
from glance_lifecycle.plugin import policy
from glance_lifecycle.plugin import progress
from glance_lifecycle.plugin import session as sessions
from glance_lifecycle.policy import facts as policy_facts
from glance_lifecycle.transfer import sink


class Seal(task.Task):
    """Locations, sizes, hashes, format and, last of all, the status.

    Decided on the image as it is then, in the transaction that activates it.
    """

    def __init__(self, session: sessions.Session) -> None:
        super().__init__(name='lifecycle-seal')
        self._session = session

    def execute(self, lifecycle_plan: dict[str, Any],
                lifecycle_result: dict[str, Any],
                lifecycle_properties: dict[str, Any]) -> None:
        session = self._session
        with session.reporting():
            plan = plans.Plan.from_dict(lifecycle_plan)
            session.glance.heartbeat(summary(lifecycle_result))

            def decide(now: policy_facts.Facts) -> glance_host.Sealed:
                decided = policy.decide_again(plan, now)
                return _sealed(plan, lifecycle_result, session.stored,
                               policy.wanted(decided, lifecycle_properties))

            session.glance.seal(decide)
            outcome.sealed(session)


def _sealed(plan: plans.Plan, result: dict[str, Any],
            stored: dict[str, sink.Stored],
            wanted: glance_host.Wanted) -> glance_host.Sealed:
    algorithm = glance_host.hash_algorithm()
    size = result['virtual_size']
    return glance_host.Sealed(
        disk_format=plan.disk_format,
        container_format=plan.container_format,
        size=size,
        virtual_size=size if plan.disk_format == 'raw'
        else plan.virtual_size,
        checksum=result['digests'].get('md5'),
        os_hash_algo=algorithm,
        os_hash_value=result['digests'][algorithm],
        stored=stored,
        failed=_failed(result),
        wanted=wanted)


def summary(result: dict[str, Any]) -> str:
    """What a transfer has done, for people; without a full stop."""
    text = '%s in %.1f s, to %s' % (
        progress.size(result['virtual_size']), result['seconds'],
        ', '.join(result['stored']))
    return '. '.join([text, *_failed(result).values()])


def _failed(result: dict[str, Any]) -> dict[str, str]:
    return {store: str(exceptions.from_dict(error).for_user())
            for store, error in sorted(result['failed'].items())}
