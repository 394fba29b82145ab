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

"""``--read-log`` and ``--journal``: of what lines are picked.

Not ``--log``: the openstack command takes that for its own ``--log-file``, and
writes to it.
"""

import argparse
import re

from osc_lib import exceptions as osc_exceptions

REQUEST = re.compile(r'req-[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}')

# A name, or an address, of a host; what else has a "=" is a path.
_HOST = re.compile(r'[\w.:-]{1,253}')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--read-log', metavar='[<host>=]<file>', action='append',
        type=_log, default=[],
        help='Log to look through, of any size: as oslo.log writes it, or '
        'saved from journalctl; plain, or packed with gzip, bzip2 or xz. '
        'Repeat for more. Name the host where the lines do not.')
    parser.add_argument(
        '--journal', metavar='<unit>', action='append', type=_unit,
        default=[],
        help='Unit of systemd, such as devstack@g-api, whose lines in the '
        'journal of this host are looked through by journalctl (repeat for '
        'more).')


def check_some(parsed_args: argparse.Namespace) -> None:
    """:raises CommandError: there is nothing to be looked through"""
    if not (parsed_args.read_log or parsed_args.journal):
        raise osc_exceptions.CommandError(
            'Name at least one log with --read-log, or a unit with '
            '--journal.')


def _log(text: str) -> tuple[str, str]:
    host, equals, path = text.partition('=')
    if equals and path and _HOST.fullmatch(host):
        return host, path
    return '', text


def _unit(text: str) -> str:
    from glance_lifecycle.audit.diagnosis import journald
    if not journald.UNIT.fullmatch(text):
        raise argparse.ArgumentTypeError(
            '"%s" is not the name of a unit.' % text)
    return text
