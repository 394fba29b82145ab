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

"""What ``[lifecycle_signing]`` says, as objects."""

from collections.abc import Mapping
import os
from typing import Any

from castellan.common import exception as castellan_exceptions
from castellan.common import utils
from castellan import key_manager
from castellan.key_manager import key_manager as castellan_key_manager
from oslo_config import cfg

from glance_lifecycle.conf import signing as signing_conf
from glance_lifecycle import exceptions
from glance_lifecycle.signing import certificates
from glance_lifecycle.signing import keys
from glance_lifecycle.signing import properties
from glance_lifecycle.signing import signer
from glance_lifecycle.signing import trust


def manager(conf: cfg.ConfigOpts) -> castellan_key_manager.KeyManager:
    """The key manager of ``[key_manager] backend``.

    :raises ConfigurationError: it cannot be loaded
    """
    try:
        return key_manager.API(conf)
    except Exception as e:  # whatever a driver's constructor raises
        raise exceptions.ConfigurationError(detail=(
            'the key manager cannot be loaded (%s). Check [key_manager] '
            'backend and the section of that backend.' % type(e).__name__)
        ) from e


def trust_policy(conf: cfg.ConfigOpts,
                 refined: Mapping[str, Any] | None = None
                 ) -> trust.TrustPolicy:
    """What a signer's certificate must be.

    :param refined: values that take the place of options of that name, but
        for denied_serials: who is revoked is so everywhere
    :raises ConfigurationError: an option has no meaning
    """
    options = conf[signing_conf.GROUP.name]
    group = {**options, **(refined or {})}
    denied = {*options.denied_serials, *group['denied_serials']}
    return trust.TrustPolicy(
        ca_bundle=group['ca_bundle'] or None,
        require_chain=bool(group['ca_bundle']),
        allowed_certificates=frozenset(group['allowed_certificates']),
        denied_serials=frozenset(
            trust.parse_serial(text) for text in denied),
        min_rsa_bits=group['min_rsa_bits'], min_ec_bits=group['min_ec_bits'],
        allow_dsa=group['allow_dsa'],
        check_validity=group['check_validity'],
        check_key_usage=group['check_key_usage'])


def service_context(conf: cfg.ConfigOpts) -> Any:
    """The service's own credentials for the key manager.

    castellan's options in ``[key_manager]``: auth_type = keystone_password,
    auth_url, username, password, project_name and so on. The user's requests
    are not made with them.

    :returns: None if there are none: Vault and lifecycle_file need none
    :raises ConfigurationError: they are not complete
    """
    # The options are registered by whoever asks castellan first.
    conf.register_opts([*utils.credential_opts], group=utils.OPT_GROUP)
    if not conf[utils.OPT_GROUP].auth_type:
        return None
    try:
        return utils.credential_factory(conf)
    except castellan_exceptions.CastellanException as e:
        raise exceptions.ConfigurationError(detail=(
            'the credentials for the key manager are not complete (%s). '
            'Check auth_type and the options after it in [key_manager].'
            % type(e).__name__)) from None


def service_signer(conf: cfg.ConfigOpts, context: Any
                   ) -> signer.ServiceSigner | None:
    """The service's signer; None if no key is configured.

    :param context: ``service_context()``, never that of the user
    :raises ConfigurationError: half configured, or not usable
    :raises KeyManagerError: the key manager does not answer
    """
    group = conf[signing_conf.GROUP.name]
    if not group.signing_key and not group.signing_certificate_id:
        return None
    for name in ('signing_key', 'signing_certificate_id'):
        if not group[name]:
            raise exceptions.ConfigurationError(detail=(
                '[lifecycle_signing] %s is not set. Set signing_key and '
                'signing_certificate_id both, or none.' % name))
    castellan = manager(conf)
    key = keys.load_private_key(
        _key_bytes(castellan, context, group.signing_key),
        group.signing_key_passphrase)
    try:
        certificate = certificates.fetch(
            castellan, context, group.signing_certificate_id)
    except exceptions.ImageRefused as e:
        raise _not_found('signing_certificate_id', e) from None
    return signer.ServiceSigner(
        key, certificate, group.signing_certificate_id)


def _key_bytes(castellan: castellan_key_manager.KeyManager, context: Any,
               where: str) -> bytes:
    if os.path.isabs(where):
        return _key_file(where)
    if not properties.is_object_id(where):
        raise exceptions.ConfigurationError(detail=(
            '[lifecycle_signing] signing_key is neither a full path nor an '
            'id in the key manager.'))
    try:
        found = certificates.fetch_object(
            castellan, context, where, 'private key')
    except exceptions.ImageRefused as e:
        raise _not_found('signing_key', e) from None
    encoded = found.get_encoded()
    if not isinstance(encoded, bytes):
        raise exceptions.ConfigurationError(detail=(
            'the object [lifecycle_signing] signing_key in the key manager '
            'is empty. Store the private key again.'))
    return encoded


def _key_file(path: str) -> bytes:
    try:
        # Secrets that Kubernetes mounts are links; the path is the
        # operator's own.
        return keys.read_file(path, private=True, follow=True)
    except (OSError, keys.UnsafeFile) as e:
        raise exceptions.ConfigurationError(detail=(
            'the file of [lifecycle_signing] signing_key cannot be used: %s.'
            % (getattr(e, 'strerror', None) or e))) from None


def _not_found(option: str, error: exceptions.ImageRefused
               ) -> exceptions.ConfigurationError:
    detail = str(error.fields['detail']).split('. ')[0]
    return exceptions.ConfigurationError(
        detail='[lifecycle_signing] %s: %s.' % (option, detail))
