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

"""``openstack image lifecycle verify``"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import os
from typing import Any
from typing import TYPE_CHECKING

from openstack import exceptions as sdk_exceptions
from osc_lib.cli import parseractions
from osc_lib.command import command
from osc_lib import exceptions as osc_exceptions

from glance_lifecycle import exceptions
from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import image_bytes
from glance_lifecycle.osc.common import judging
from glance_lifecycle.osc.common import key_store
from glance_lifecycle.osc.common import local_signer
from glance_lifecycle.osc.common import shown

if TYPE_CHECKING:
    from glance_lifecycle.audit import image as images
    from glance_lifecycle.audit import verification

_COLUMNS = ('Check', 'Result', 'Reason', 'Detail')
_NO_ID = 'given'


class VerifyImage(judging.Judging, command.Lister):
    """Verify who signed an image or a file, link by link.

    An image is downloaded only where its hash in Glance does not answer. The
    exit code is 0 if no check fails; 1 if one does, or nothing could be
    checked; 3 if none fails, but of some it could not be told ("unknown").
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        from glance_lifecycle.signing import algorithms
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'target', metavar='<image|file>',
            help='Image (name or id), or, with --property or --signature, a '
            'file.')
        parser.add_argument(
            '--property', metavar='<key=value>', dest='properties',
            action=parseractions.KeyValueAction,
            help='Signature property of the file (repeat for all four).')
        parser.add_argument(
            '--signature', metavar='<file>',
            help='Signature of the file, as openssl made it, instead of '
            '--property; needs --certificate or --certificate-id.')
        parser.add_argument(
            '--hash-method', metavar='<method>', default='SHA-512',
            choices=list(algorithms.HASH_METHODS),
            help='Hash method of --signature (default: SHA-512).')
        parser.add_argument(
            '--certificate-id', metavar='<id>',
            help='Certificate of --signature in the key manager.')
        parser.add_argument(
            '--certificate', metavar='<file>',
            help='Certificate, as a file, that the signature properties name.')
        parser.add_argument(
            '--service-certificate-id', metavar='<id>',
            help='The only certificate with which the service signs '
            '(default: what --config-file says; else any that the CAs vouch '
            'for).')
        reading = parser.add_mutually_exclusive_group()
        reading.add_argument('--download', action='store_true',
                             help='Read the stored bytes in any case.')
        reading.add_argument(
            '--stored-copy', metavar='<file>',
            help='Read this file, a stored copy of the image, instead of '
            'downloading it.')
        key_store.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        from glance_lifecycle.audit import link
        from glance_lifecycle.audit import verification
        with shown.errors():
            store = key_store.store(parsed_args, self)
            policy = key_store.policy(parsed_args)
            trusts = key_store.trusts(parsed_args)
            service_id = (parsed_args.service_certificate_id
                          or key_store.service_certificate_id(parsed_args))
            read: verification.Digests | None
            if parsed_args.properties or parsed_args.signature:
                image, read = _file(parsed_args, store)
            else:
                image, read = self._image(parsed_args, store)
            checks = list(verification.Verification(
                image, read, store.certificate, trusts(image),
                service_policy=policy,
                service_certificate_id=service_id,
                pinned=store.named).checks())
        results = {check.result for check in checks}
        if link.Result.FAILED in results:
            self._code = shown.BAD
        elif link.Result.UNKNOWN in results:
            self._code = shown.UNKNOWN
        return _COLUMNS, [(check.name, str(check.result), check.reason,
                           check.detail) for check in checks]

    def _image(self, parsed_args: argparse.Namespace,
               store: key_store.KeyStore
               ) -> tuple[images.Image, verification.Digests | None]:
        from glance_lifecycle.audit import verification
        from glance_lifecycle.signing import properties
        image = find(self, parsed_args.target)
        certificate_id = image.properties.get(properties.CERTIFICATE_ID)
        if parsed_args.certificate and certificate_id:
            store.add(str(certificate_id),
                      key_store.from_file(parsed_args.certificate))
        names = verification.algorithms_to_read(image)
        if not names and not parsed_args.download and not (
                parsed_args.stored_copy):
            return image, None
        # What was signed may be answered by os_hash_value; read both.
        names += _signed_with(image)
        names += [image.os_hash_algo] if image.os_hash_algo else []
        if parsed_args.stored_copy:
            return image, image_bytes.of_file(parsed_args.stored_copy, names)
        if image.status != 'active':
            raise osc_exceptions.CommandError(
                'The status of image %s is %s: there are no bytes to verify '
                'yet.' % (image.id, image.status))
        return image, image_bytes.of_image(
            connection.of(self).image, image, names)


def find(running: Any, name_or_id: str) -> images.Image:
    """The image.

    :param running: the command that runs
    :raises CommandError: none, or several of that name
    """
    from glance_lifecycle.audit import image as images
    from glance_lifecycle.audit import image_api
    client = connection.of(running).image
    try:
        # As the Image API shows it, which is what the policy is asked about.
        return images.Image.of(image_api.getter(client)(
            '/images/' + client.find_image(
                name_or_id, ignore_missing=False).id, {}))
    except sdk_exceptions.NotFoundException:
        hint = ('. To verify the file of that name, give its signature with '
                '--signature or --property' if os.path.exists(name_or_id)
                else '')
        raise osc_exceptions.CommandError(
            'There is no image %s%s.' % (name_or_id, hint)) from None


def _file(parsed_args: argparse.Namespace, store: key_store.KeyStore
          ) -> tuple[images.Image, verification.Digests]:
    from glance_lifecycle.audit import image as images
    from glance_lifecycle.audit import verification
    from glance_lifecycle.signing import properties
    given = dict(parsed_args.properties or {})
    if parsed_args.signature:
        given |= _openssl(parsed_args, store)
    elif parsed_args.certificate:
        store.add(given.get(properties.CERTIFICATE_ID, ''),
                  key_store.from_file(parsed_args.certificate))
    # Only the user's: nothing can be said of a service without an image.
    image = images.Image(id='', properties={
        name: value for name, value in given.items()
        if name.startswith(properties.SIGNATURE)})
    return image, image_bytes.of_file(
        parsed_args.target, verification.algorithms_to_read(image))


def _openssl(parsed_args: argparse.Namespace, store: key_store.KeyStore
             ) -> dict[str, str]:
    if not parsed_args.certificate and not parsed_args.certificate_id:
        raise osc_exceptions.CommandError(
            '--signature needs --certificate or --certificate-id.')
    certificate_id = parsed_args.certificate_id or _NO_ID
    if parsed_args.certificate:
        store.add(certificate_id,
                  key_store.from_file(parsed_args.certificate))
    return local_signer.described(
        key_store.read(parsed_args.signature, private=False),
        parsed_args.hash_method, store.certificate(certificate_id),
        certificate_id).to_properties()


def _signed_with(image: images.Image) -> list[str]:
    from glance_lifecycle.signing import algorithms
    from glance_lifecycle.signing import properties
    try:
        given = properties.parse(image.properties)
    except exceptions.ImageRefused:
        return []
    return [algorithms.hashlib_name(given.hash_method)] if given else []
