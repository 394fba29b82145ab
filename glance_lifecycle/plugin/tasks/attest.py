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

"""Attest: the bytes changed, so the service answers for them.

No byte is read for this: the digests are those of the one pass. The private
key stays in this process; the child that decodes never sees it.
"""

import datetime
from typing import Any

from oslo_config import cfg
from taskflow import task

from glance_lifecycle import glance_host
from glance_lifecycle.plugin import plan as plans
from glance_lifecycle.plugin import session as sessions
from glance_lifecycle.signing import algorithms
from glance_lifecycle.signing import attestation
from glance_lifecycle.signing import properties
from glance_lifecycle import version

CONF = cfg.CONF

ATTESTATION = 'lifecycle_attestation'


class Attest(task.Task):
    """Provides ``lifecycle_properties``: what Seal sets on the image.

    The user's signature is kept as ``lifecycle_source_*``. With
    ``on_convert = resign`` the service signs the stored bytes and attests
    where they come from.
    """

    default_provides = 'lifecycle_properties'

    def __init__(self, session: sessions.Session) -> None:
        super().__init__(name='lifecycle-attest')
        self._session = session

    def execute(self, lifecycle_plan: dict[str, Any],
                lifecycle_source: dict[str, Any],
                lifecycle_result: dict[str, Any]) -> dict[str, Any]:
        session = self._session
        with session.reporting():
            session.check_unchanged()
            plan = plans.Plan.from_dict(lifecycle_plan)
            given = plan.signature
            if given is None or not plan.convert:
                return {'set': {}, 'remove': []}
            found = given.to_source_properties()
            if not plan.resign:
                return {'set': found, 'remove': list(properties.NAMES)}
            found |= self._signed(plan, lifecycle_source,
                                  lifecycle_result['digests'])
            return {'set': found, 'remove': []}

    def _signed(self, plan: plans.Plan, source: dict[str, Any],
                digests: dict[str, str]) -> dict[str, str]:
        signer = self._session.signer
        assert signer is not None  # noqa: S101 - Admit loaded it
        method = CONF.lifecycle_signing.hash_method
        name = algorithms.hashlib_name(method)
        made = signer.sign_digest(bytes.fromhex(digests[name]), method)
        algorithm = glance_host.hash_algorithm()
        record = attestation.Record(
            image_id=self._session.glance.image_id,
            os_hash_algo=algorithm, os_hash_value=digests[algorithm],
            source_digest=source['digest'], source_size=plan.staged_size,
            source_format=plan.source_format,
            signature=attestation.SourceSignature(**source['signer']),
            converter='glance_lifecycle', converter_version=version.VERSION,
            policy_rule=plan.policy_rule,
            policy_digest=plan.policy_digest,
            time=datetime.datetime.now(datetime.UTC))
        return made.to_properties() | {
            ATTESTATION: attestation.create(record, signer)}
