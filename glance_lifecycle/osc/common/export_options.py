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

"""The exports of other Glances that a command is to heed.

For commands on a host of glance-api, once its configuration is loaded.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from glance_lifecycle.osc.common import key_store

if TYPE_CHECKING:
    from cryptography import x509

    from glance_lifecycle.audit.hygiene import exports


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group('stores that other Glances use, too')
    group.add_argument(
        '--export', metavar='<file>', action='append', default=[],
        dest='exports', help='What "hygiene export" of another Glance wrote '
        '(repeat for more): the images in it are needed.')
    group.add_argument(
        '--export-certificate', metavar='<file>', action='append', default=[],
        dest='export_certificates', help='Certificate of the other Glance, '
        'with which its export is signed (repeat for more; default: that '
        'with which this Glance signs).')
    group.add_argument(
        '--export-age', metavar='<days>', type=_days, default=7.0,
        help='Refuse an export that is older (default: 7).')
    group.add_argument(
        '--unsigned', action='store_true',
        help='Take exports that are not signed.')


def needed(parsed_args: argparse.Namespace) -> exports.Needed:
    """What the other Glances need; nothing where no export is named.

    :raises LifecycleError: an export, or a certificate, is of no use
    :raises CommandError: a file cannot be read
    """
    from oslo_config import cfg

    from glance_lifecycle.audit.hygiene import exports
    from glance_lifecycle.signing import configured
    if not parsed_args.exports:
        return exports.Needed(())
    return exports.load_all(parsed_args.exports, exports.Trust(
        configured.trust_policy(cfg.CONF), _certificates(parsed_args),
        parsed_args.unsigned, parsed_args.export_age), time.time())


def _certificates(parsed_args: argparse.Namespace) -> list[x509.Certificate]:
    from oslo_config import cfg

    from glance_lifecycle.reclaim import exported
    if parsed_args.export_certificates:
        return [key_store.from_file(path)
                for path in parsed_args.export_certificates]
    return exported.own_certificate(cfg.CONF)


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = 0.0
    # Not "nan", either.
    if not 0.0 < days <= 3650.0:
        raise argparse.ArgumentTypeError(
            '"%s" is no number of days, more than 0 and at most 3650.' % text)
    return days
