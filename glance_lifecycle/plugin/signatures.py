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

"""What a signature means for an import, decided before any work."""

from oslo_config import cfg

from glance_lifecycle import exceptions
from glance_lifecycle.plugin import session as sessions
from glance_lifecycle.signing import configured

CONF = cfg.CONF


def conversion(session: sessions.Session, signed: bool,
               wanted: bool) -> tuple[bool, bool]:
    """Whether to convert, and whether to sign what comes of it.

    Loads the service's key, so that one that cannot be had is found out
    before any work.

    :param signed: whether it has a signature that counts
    :param wanted: whether the image would be converted
    :raises ImageRefused: it is signed, and such are not to be converted
    :raises ConfigurationError: there is no key to sign with
    """
    if not signed or not wanted:
        return wanted, False
    choice = CONF.lifecycle_signing.on_convert
    if choice == 'refuse':
        raise exceptions.ImageRefused(
            reason='signature-conversion', detail='it is signed and would '
            'have to be converted, after which the signature is not good '
            'any more. Convert it to raw, sign that, and import it')
    if choice != 'resign':
        return choice == 'strip', False
    session.signer = configured.service_signer(
        CONF, configured.service_context(CONF))
    if session.signer is None:
        raise exceptions.ConfigurationError(
            detail='[lifecycle_signing] on_convert is resign, but '
            'signing_key and signing_certificate_id are not set')
    return True, True
