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

"""VerifySource: the user's signature covers the bytes the user signed.

So it is checked on the staged file, before anything decodes it.
"""

import dataclasses
import datetime
import time
from typing import Any

from cryptography import x509
from oslo_config import cfg
from oslo_log import log as logging
from taskflow import task

from glance_lifecycle.plugin import plan as plans
from glance_lifecycle.plugin import progress
from glance_lifecycle.plugin import session as sessions
from glance_lifecycle.signing import algorithms
from glance_lifecycle.signing import attestation
from glance_lifecycle.signing import certificates
from glance_lifecycle.signing import configured
from glance_lifecycle.signing import properties
from glance_lifecycle.signing import verify
from glance_lifecycle.transfer import digest

CONF = cfg.CONF
LOG = logging.getLogger(__name__)


class VerifySource(task.Task):
    """Verifies the staged file's signature, if it claims one.

    Provides ``lifecycle_source``: ``digest``, algorithm -> hexadecimal
    digest of the staged file; ``signer``, the fields of
    ``attestation.SourceSignature``. Both empty where there was nothing to
    verify.
    """

    default_provides = 'lifecycle_source'

    def __init__(self, session: sessions.Session) -> None:
        super().__init__(name='lifecycle-verify-source')
        self._session = session

    def execute(self, lifecycle_plan: dict[str, Any]) -> dict[str, Any]:
        session = self._session
        with session.reporting():
            plan = plans.Plan.from_dict(lifecycle_plan)
            given = plan.signature
            if given is None:
                return {'digest': {}, 'signer': {}}
            # Before the hours that a large image may take to hash.
            certificate = trusted(session, plan, given)
            name = algorithms.hashlib_name(given.hash_method)
            value = self._hash(name, plan.staged_size)
            verify.verify_digest(given, certificate, value)
            LOG.info('Image %(image)s has a good signature of %(signer)s.',
                     {'image': session.glance.image_id,
                      'signer': certificates.summary(certificate)})
            return {'digest': {name: value.hex()},
                    'signer': dataclasses.asdict(
                        attestation.SourceSignature.of(given, certificate))}

    def _hash(self, algorithm: str, size: int) -> bytes:
        """One sequential read of the descriptor that is then converted."""
        shown = 0.0

        def beat(done: int) -> None:
            nonlocal shown
            if time.monotonic() - shown > CONF.lifecycle_transfer[
                    'progress_interval']:
                shown = time.monotonic()
                self._session.glance.heartbeat(
                    'Verifying the signature: %d %% of %s' % (
                        100 * done // max(size, 1), progress.size(size)))

        return digest.of_file(self._session.fd, algorithm, beat)


def trusted(session: sessions.Session, plan: plans.Plan,
            given: properties.SignatureProperties) -> x509.Certificate:
    """The certificate of the user's signature.

    :raises ImageRefused: there is no such, or it is not trusted
    :raises KeyManagerError: it cannot be had now
    """
    found = session.certificate or certificates.fetch(
        configured.manager(CONF), session.glance.context,
        given.certificate_id)
    configured.trust_policy(CONF, plan.trust).check(
        found, given.certificate_id, datetime.datetime.now(datetime.UTC))
    return found
