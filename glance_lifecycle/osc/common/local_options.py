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

"""What is looked at on this host beside the stores."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glance_lifecycle.audit.hygiene.local import here


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--nova-base', metavar='<directory>', action='append', default=[],
        help='Look at the base files of Nova in this directory, too (repeat '
        'for more). The directories of the instances are looked for in the '
        'one above it.')
    parser.add_argument(
        '--nova-conf', metavar='<file>', action='append', default=[],
        help='Configuration of nova-compute, which names that directory, and '
        'says what Nova removes by itself (repeat for more; the later wins).')


def wishes(parsed_args: argparse.Namespace) -> here.Wishes:
    from glance_lifecycle.audit.hygiene.local import here
    from glance_lifecycle.copies import verified
    return here.Wishes(verified, parsed_args.nova_base, parsed_args.nova_conf)
