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

"""Where the commands find certificates and keys.

Files that the user names, a key manager that castellan has a driver for, or
else Barbican, with the user's own session.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import datetime
import os
from typing import Any
from typing import TYPE_CHECKING

from openstack import exceptions as sdk_exceptions
from osc_lib import exceptions as osc_exceptions

from glance_lifecycle import exceptions
from glance_lifecycle.osc.common import connection

if TYPE_CHECKING:
    from castellan.common.objects import managed_object
    from cryptography import x509
    from oslo_config import cfg

    from glance_lifecycle.audit import image as images
    from glance_lifecycle.policy import decision
    from glance_lifecycle.signing import trust


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that say where certificates are and whom to trust."""
    parser.add_argument(
        '--ca-bundle', metavar='<file>',
        help='PEM file of the CAs and intermediates that certificates of '
        'signers must come from.')
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        '--config-file', metavar='<file>',
        help='Configuration of the service: [key_manager] says where '
        'certificates are, [lifecycle_signing] and the document of '
        '[lifecycle] policy_file which are trusted.')
    where.add_argument(
        '--key-directory', metavar='<directory>',
        help='Directory of certificates, <id>.pem, and keys, <id>.key '
        '(default: the key manager of this cloud, with your own rights).')


class SdkKeyManager:
    """Barbican by openstacksdk, as castellan's drivers look.

    :param connection: an ``openstack.connection.Connection``
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def get(self, context: Any, managed_object_id: str
            ) -> managed_object.ManagedObject:
        from castellan.common import exception as castellan_exceptions
        from castellan.common.objects import opaque_data
        from castellan.common.objects import x_509
        client = self._connection.key_manager
        url = '/secrets/' + managed_object_id
        try:
            # Not get_secret(), which takes an error for a secret.
            secret = _answer(client.get(url)).json()
            media = (secret.get('content_types') or {}).get('default')
            data = _answer(client.get(
                url + '/payload', headers={'Accept': media})
            ).content if media else b''
        except sdk_exceptions.NotFoundException:
            raise castellan_exceptions.ManagedObjectNotFoundError(
                uuid=managed_object_id) from None
        # Nova, by castellan, takes nothing else for a certificate.
        if secret.get('secret_type') == 'certificate':
            return x_509.X509(data)
        return opaque_data.OpaqueData(data)


def _answer(response: Any) -> Any:
    sdk_exceptions.raise_from_response(response)
    return response


class KeyStore:
    """Certificates and keys by id, each asked for once."""

    def __init__(self, manager: Any, context: Any) -> None:
        self._manager = manager
        self._context = context
        self._found: dict[str, x509.Certificate | exceptions.LifecycleError]
        self._found = {}
        # Ids of those that the user named, file by file.
        self.named: frozenset[str] = frozenset()

    def add(self, certificate_id: str, certificate: x509.Certificate
            ) -> None:
        """Use this one, and ask nobody."""
        self._found[certificate_id] = certificate
        self.named |= {certificate_id}

    def certificate(self, certificate_id: str) -> x509.Certificate:
        """:raises ImageRefused, KeyManagerError: as ``certificates.fetch``"""
        from glance_lifecycle.signing import certificates
        found = self._found.get(certificate_id)
        if found is None:
            try:
                found = certificates.fetch(
                    self._manager, self._context, certificate_id)
            except (exceptions.ImageRefused,
                    exceptions.KeyManagerForbidden) as error:
                found = error
            self._found[certificate_id] = found
        if isinstance(found, exceptions.LifecycleError):
            raise found
        return found

    def key(self, key_id: str) -> bytes:
        """A private key as it was stored."""
        from glance_lifecycle.signing import certificates
        encoded = certificates.fetch_object(
            self._manager, self._context, key_id, 'private key'
        ).get_encoded()
        return bytes(encoded or b'')


def store(parsed_args: argparse.Namespace, command: Any) -> KeyStore:
    """What the options of ``add_arguments()`` say.

    :param command: the osc-lib command that runs
    :raises CommandError, ConfigurationError: it is of no use
    """
    from oslo_config import cfg

    from glance_lifecycle.conf import file_key_manager as directory_conf
    from glance_lifecycle.signing import configured
    from glance_lifecycle.signing import file_key_manager
    if parsed_args.config_file:
        conf = _configuration(parsed_args.config_file)
        return KeyStore(configured.manager(conf),
                        configured.service_context(conf))
    if parsed_args.key_directory:
        conf = cfg.ConfigOpts()
        directory_conf.register_opts(conf)
        conf.set_override('directory',
                          os.path.abspath(parsed_args.key_directory),
                          group=directory_conf.GROUP.name)
        return KeyStore(file_key_manager.FileKeyManager(conf), None)
    return KeyStore(_Lazily(command), None)


def policy(parsed_args: argparse.Namespace,
           refined: Mapping[str, Any] | None = None) -> trust.TrustPolicy:
    """Whom the options of ``add_arguments()`` trust.

    :param refined: what the lifecycle policy says of it, of one image
    """
    from glance_lifecycle.signing import trust
    found = trust.TrustPolicy()
    if parsed_args.config_file or refined:
        from glance_lifecycle.signing import configured
        found = configured.trust_policy(
            _configuration(parsed_args.config_file or []), refined)
    if parsed_args.ca_bundle:
        # Now, and not in the middle of a long answer.
        try:
            trust.read_bundle(parsed_args.ca_bundle)
        except exceptions.ConfigurationError:
            read(parsed_args.ca_bundle, private=False)
            raise osc_exceptions.CommandError(
                '%s holds no certificates in PEM form.'
                % parsed_args.ca_bundle) from None
        found = trust.TrustPolicy(**{
            **found.__dict__, 'ca_bundle': parsed_args.ca_bundle,
            'require_chain': True})
    return found


def trusts(parsed_args: argparse.Namespace,
           wanted: decision.Policy | None = None
           ) -> Callable[[images.Image], trust.TrustPolicy]:
    """Whom they trust to have signed an image, as its import does.

    :param wanted: the lifecycle policy, instead of what ``[lifecycle]
        policy_file`` of the configuration names
    :raises CommandError: the policy cannot be used
    """
    if wanted is None and parsed_args.config_file:
        wanted = _lifecycle_policy(parsed_args.config_file)
    known: dict[tuple[Any, ...], trust.TrustPolicy] = {}

    def of(image: images.Image) -> trust.TrustPolicy:
        said = {} if wanted is None else wanted.decide(
            _facts(image)).require.trust()
        # There are far fewer rules than images.
        key = tuple(sorted(said.items()))
        if key not in known:
            known[key] = policy(parsed_args, said)
        return known[key]
    return of


def _lifecycle_policy(path: str | Sequence[str]) -> decision.Policy | None:
    from glance_lifecycle.osc.common import policy_options
    from glance_lifecycle.policy import decision
    from glance_lifecycle import policy_file
    conf = _configuration(path)
    document = conf.lifecycle.policy_file
    return None if not document else decision.Policy(
        policy_options.load(document), policy_file.defaults(conf))


def _facts(image: images.Image) -> decision.Facts:
    from glance_lifecycle.audit import drift
    from glance_lifecycle.policy import decision
    if image.plain is None:
        # Of a file nobody knows which rule it will be imported under.
        return decision.Facts(None, None, None, None)
    return drift.facts(image.plain, datetime.datetime.now(datetime.UTC))


def service_certificate_id(parsed_args: argparse.Namespace) -> str | None:
    """The certificate of the service, where a configuration names it."""
    from glance_lifecycle.conf import signing as signing_conf
    if not parsed_args.config_file:
        return None
    conf = _configuration(parsed_args.config_file)
    found = conf[signing_conf.GROUP.name].signing_certificate_id
    return str(found) if found else None


def from_file(path: str) -> x509.Certificate:
    """A certificate that the user named.

    :raises CommandError: the file cannot be read
    :raises ImageRefused: it holds no certificate
    """
    from glance_lifecycle.signing import certificates
    return certificates.load(read(path, private=False))


def read(path: str, *, private: bool) -> bytes:
    """A small file that the user named.

    :raises CommandError: it cannot be read, or is not safe
    """
    from glance_lifecycle.signing import keys
    try:
        return keys.read_file(path, private=private, follow=True)
    except (OSError, keys.UnsafeFile) as error:
        raise osc_exceptions.CommandError('%s cannot be used: %s.' % (
            path, getattr(error, 'strerror', None) or error)) from None


class _Lazily:
    """Nobody is asked for a token before a certificate is needed."""

    def __init__(self, command: Any) -> None:
        self._command = command

    def get(self, context: Any, managed_object_id: str
            ) -> managed_object.ManagedObject:
        return SdkKeyManager(connection.of(self._command)).get(
            context, managed_object_id)


def _configuration(path: str | Sequence[str]) -> cfg.ConfigOpts:
    from oslo_config import cfg

    from glance_lifecycle.conf import opts
    paths = [path] if isinstance(path, str) else list(path)
    conf = cfg.ConfigOpts()
    opts.register_opts(conf)
    try:
        conf(args=[], project='glance', default_config_files=paths,
             default_config_dirs=[])
    # ValueError: it is not UTF-8.
    except (cfg.Error, OSError, ValueError) as error:
        raise osc_exceptions.CommandError(
            'The configuration file %s cannot be used: %s.'
            % (', '.join(paths), error)) from None
    return conf
