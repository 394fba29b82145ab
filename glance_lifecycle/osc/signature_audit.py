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

"""``openstack image lifecycle signature audit``"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.command import command

from glance_lifecycle.audit import finding
from glance_lifecycle.osc.common import amounts
from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import judging
from glance_lifecycle.osc.common import key_store
from glance_lifecycle.osc.common import shown

if TYPE_CHECKING:
    from glance_lifecycle.audit import image as images

# The least is the worst.
_CODES = {finding.Severity.ERROR: shown.BAD,
          finding.Severity.UNKNOWN: shown.UNKNOWN,
          finding.Severity.WARNING: shown.WARNING}

_COLUMNS = ('Code', 'Severity', 'Image', 'Evidence', 'Remedy')


class AuditSignatures(judging.Judging, command.Lister):
    """List what is wrong with the signatures of all images you may see.

    Partial properties, bad signatures and attestations, unknown, expired,
    soon expiring and weak certificates, unsigned public images. Nothing is
    downloaded or changed. The exit code is 0 if there is nothing to list; 1
    if an error is listed, or the audit could not be made; 3 if there is no
    error, but something could not be told ("unknown"); 4 if there are only
    warnings.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--days', metavar='<days>', type=amounts.number_from(0),
            default=30,
            help='Report certificates that expire within as many days '
            '(default: 30).')
        parser.add_argument(
            '--visibility',
            choices=['all', 'private', 'shared', 'community', 'public'],
            default='all', help='Look only at these images (default: all).')
        parser.add_argument(
            '--page-size', metavar='<number>',
            type=amounts.number_from(1), default=None,
            help='Images a request (default: 500).')
        parser.add_argument(
            '--service-certificate-id', metavar='<id>',
            help='The only certificate with which the service signs '
            '(default: what --config-file says; else any that the CAs vouch '
            'for).')
        key_store.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Iterator[Sequence[Any]]]:
        return _COLUMNS, self._rows(parsed_args)

    def _rows(self, parsed_args: argparse.Namespace
              ) -> Iterator[Sequence[Any]]:
        from glance_lifecycle.audit import image_api
        from glance_lifecycle.audit import signatures
        with shown.errors():
            store = key_store.store(parsed_args, self)
            audit = signatures.Audit(
                store.certificate, key_store.policy(parsed_args),
                policy_of=key_store.trusts(parsed_args),
                service_certificate_id=(
                    parsed_args.service_certificate_id
                    or key_store.service_certificate_id(parsed_args)),
                days=parsed_args.days)
            with image_api.asking('list the images'):
                for found in audit.findings(self._images(parsed_args)):
                    self._code = min(filter(None, (
                        self._code, _CODES[found.severity])))
                    yield (found.code, str(found.severity), found.subject,
                           found.evidence, found.remedy)

    def _images(self, parsed_args: argparse.Namespace
                ) -> Iterator[images.Image]:
        from glance_lifecycle.audit import drift
        from glance_lifecycle.audit import image as images
        from glance_lifecycle.audit import image_api
        # Hidden images too: they boot as well.
        for resource in drift.catalogue(
                image_api.getter(connection.of(self).image),
                page_size=parsed_args.page_size or drift.PAGE,
                visibility=parsed_args.visibility):
            if resource.get('status') in drift.SETTLED:
                yield images.Image.of(resource)
