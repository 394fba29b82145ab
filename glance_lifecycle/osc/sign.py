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

"""``openstack image lifecycle sign``"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.cli import parseractions
from osc_lib.command import command
from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import image_bytes
from glance_lifecycle.osc.common import key_store
from glance_lifecycle.osc.common import local_signer
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import upload

if TYPE_CHECKING:
    from glance_lifecycle.signing import properties

_OUTPUT = ('id', 'name', 'status', 'disk_format', 'size', 'visibility')


class SignImage(command.ShowOne):
    """Sign an image file, and create the image if wanted.

    Prints the four properties that Glance, Nova and Cinder verify.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        from glance_lifecycle.signing import algorithms
        parser = super().get_parser(prog_name)
        parser.add_argument('file', metavar='<file>', help='File to sign.')
        key = parser.add_mutually_exclusive_group(required=True)
        key.add_argument('--key', metavar='<file>',
                         help='Private key, a PEM or DER file.')
        key.add_argument('--key-id', metavar='<id>',
                         help='Private key, by its id in the key manager.')
        key.add_argument(
            '--signature', metavar='<file>',
            help='Signature that exists, as made by "openssl dgst -sha512 '
            '-sign KEY -sigopt rsa_padding_mode:pss": it is verified.')
        parser.add_argument('--passphrase-file', metavar='<file>',
                            help='File with the passphrase of the key.')
        parser.add_argument(
            '--certificate-id', metavar='<id>', required=True,
            help='Id of the certificate of the key in the key manager, where '
            'Glance and Nova will look.')
        parser.add_argument(
            '--certificate', metavar='<file>',
            help='The same certificate as a file, where the key manager '
            'cannot be asked.')
        parser.add_argument(
            '--hash-method', metavar='<method>', default='SHA-512',
            choices=list(algorithms.HASH_METHODS),
            help='SHA-224, SHA-256, SHA-384 or SHA-512 (default: SHA-512, '
            'which Glance computes in any case).')
        key_store.add_arguments(parser)
        _add_create(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Any]]:
        from glance_lifecycle.signing import properties
        _check_create(parsed_args)
        with shown.errors(), image_bytes.File(parsed_args.file) as source:
            made = self._sign(parsed_args, source).to_properties()
            shown_values: dict[str, Any] = dict(made)
            if parsed_args.create:
                image = self._create(parsed_args, source, made)
                shown_values = {name: image[name] for name in _OUTPUT} | {
                    name: value for name, value in (
                        image.properties or {}).items()
                    if name in properties.NAMES
                    or name.startswith('lifecycle_')}
        return tuple(shown_values), tuple(shown_values.values())

    def _sign(self, parsed_args: argparse.Namespace, source: image_bytes.File
              ) -> properties.SignatureProperties:
        from glance_lifecycle.signing import algorithms
        from glance_lifecycle.transfer.formats import marks
        if source.head(len(marks.STATEMENT)) == marks.STATEMENT:
            # Of a stranger, and with the key of the service, it would be an
            # attestation that the stranger has written.
            raise osc_exceptions.CommandError(
                '%s was not signed: it begins like a statement of the '
                'service, such as an attestation, and not like an image.'
                % source.path)
        store = key_store.store(parsed_args, self)
        policy = key_store.policy(parsed_args)
        certificate_id = parsed_args.certificate_id
        if parsed_args.certificate:
            store.add(certificate_id,
                      key_store.from_file(parsed_args.certificate))
        certificate = store.certificate(certificate_id)
        method = parsed_args.hash_method
        name = algorithms.hashlib_name(method)
        if parsed_args.signature:
            local_signer.check(certificate, certificate_id, policy)
            made = local_signer.adopt(
                key_store.read(parsed_args.signature, private=False), method,
                certificate, certificate_id, source.digest(name))
        else:
            data = (key_store.read(parsed_args.key, private=True)
                    if parsed_args.key else store.key(parsed_args.key_id))
            signer = local_signer.load(
                data, _passphrase(parsed_args), certificate, certificate_id,
                policy)
            made = signer.sign_digest(source.digest(name), method)
        source.check_unchanged()
        return made

    def _create(self, parsed_args: argparse.Namespace,
                source: image_bytes.File, made: dict[str, str]) -> Any:
        attributes = {
            **(parsed_args.properties or {}), **made,
            'name': parsed_args.create,
            'disk_format': parsed_args.disk_format,
            'container_format': parsed_args.container_format}
        if parsed_args.visibility:
            attributes['visibility'] = parsed_args.visibility
        return upload.create(
            connection.of(self).image, attributes, source,
            stores=parsed_args.stores, all_stores=parsed_args.all_stores)


def _add_create(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group('creating the image')
    group.add_argument(
        '--create', metavar='<name>',
        help='Create an image with this name, import the file into it, and '
        'wait.')
    group.add_argument('--disk-format', metavar='<format>',
                       help='Such as qcow2; needed with --create.')
    group.add_argument('--container-format', metavar='<format>',
                       default='bare', help='(default: bare).')
    group.add_argument(
        '--visibility', choices=['private', 'shared', 'community', 'public'],
        help='Who may see it (default: the default of the cloud).')
    stores = group.add_mutually_exclusive_group()
    stores.add_argument('--store', metavar='<store>', action='append',
                        dest='stores', help='Store to import to '
                        '(repeat for more; default: that of the cloud).')
    stores.add_argument('--all-stores', action='store_true',
                        help='Import to all stores.')
    group.add_argument(
        '--property', metavar='<key=value>', dest='properties',
        action=parseractions.KeyValueAction,
        help='Set a property on the image (repeat for more).')


def _check_create(parsed_args: argparse.Namespace) -> None:
    if parsed_args.create and not parsed_args.disk_format:
        raise osc_exceptions.CommandError(
            '--create needs --disk-format, such as qcow2 or raw.')
    if parsed_args.create:
        return
    for name in ('disk_format', 'visibility', 'stores', 'all_stores',
                 'properties'):
        if getattr(parsed_args, name):
            raise osc_exceptions.CommandError(
                '--%s is of use only with --create.' % {
                    'stores': 'store', 'properties': 'property'}.get(
                        name, name.replace('_', '-')))


def _passphrase(parsed_args: argparse.Namespace) -> str | None:
    if not parsed_args.passphrase_file:
        return None
    data = key_store.read(parsed_args.passphrase_file, private=True)
    return data.decode('utf-8', 'replace').rstrip('\r\n')
