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

"""``openstack image lifecycle attestation show``"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import dataclasses
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.cli import format_columns
from osc_lib.command import command

from glance_lifecycle import exceptions
from glance_lifecycle.osc.common import judging
from glance_lifecycle.osc.common import key_store
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc import verify

if TYPE_CHECKING:
    from glance_lifecycle.signing import attestation


class ShowAttestation(judging.Judging, command.ShowOne):
    """Show what the service attests of an image, and whether it is true.

    Nothing of it is shown unless all of it is. The exit code is 0 then; 1 if
    it is not, or the command could not run; 3 if that could not be told,
    because nobody vouches for the certificate that signed it, or the key
    manager does not answer.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('image', metavar='<image>',
                            help='Image (name or id).')
        parser.add_argument(
            '--service-certificate-id', metavar='<id>',
            help='The only certificate with which the service signs '
            '(default: what --config-file says; else any that the CAs vouch '
            'for).')
        parser.add_argument('--envelope', action='store_true',
                            help='Show the DSSE envelope too, for other '
                            'tools, if it is true.')
        key_store.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Any]]:
        from glance_lifecycle.audit import link
        from glance_lifecycle.audit import verification
        from glance_lifecycle.signing import attestation
        from glance_lifecycle.signing import certificates
        from glance_lifecycle.signing import properties
        with shown.errors():
            store = key_store.store(parsed_args, self)
            image = verify.find(self, parsed_args.image)
            found: dict[str, Any] = {'image_id': image.id, 'verified': False}
            try:
                record = verification.Verification(
                    image, None, store.certificate,
                    key_store.trusts(parsed_args)(image),
                    service_policy=key_store.policy(parsed_args),
                    service_certificate_id=(
                        parsed_args.service_certificate_id
                        or key_store.service_certificate_id(parsed_args))
                ).record()
            except (exceptions.ImageRefused,
                    exceptions.KeyManagerError) as error:
                # What cannot be believed is not shown as if it could.
                check = link.refusal('attestation', error)
                self._code = (
                    shown.UNKNOWN
                    if check.result == link.Result.UNKNOWN
                    else shown.BAD)
                found |= {'reason': check.reason, 'detail': check.detail}
            else:
                text = str(image.properties[properties.ATTESTATION])
                signer = attestation.key_id(text)
                found |= {'verified': True, **_fields(record),
                          'signed_by': signer,
                          'signed_by_subject': certificates.summary(
                              store.certificate(signer)).subject}
                if parsed_args.envelope:
                    found['envelope'] = text
        return tuple(found), tuple(found.values())


def _fields(record: attestation.Record) -> dict[str, Any]:
    """One level of names, so that "-f shell" has them all."""
    fields = dataclasses.asdict(record)
    signature = fields.pop('signature')
    fields['source_digest'] = format_columns.DictColumn(
        dict(record.source_digest))
    fields['time'] = record.time.isoformat()
    fields['source_signature'] = (
        signature['result'] if signature else 'unsigned')
    for name, value in (signature or {}).items():
        if name != 'result':
            fields['source_signature_' + name] = value
    return fields
