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

"""What of which stores is looked at by commands of hygiene."""

import argparse

from glance_lifecycle.osc.common import amounts


def add_arguments(parser: argparse.ArgumentParser, codes: str, grace: str,
                  stores: str = 'Look at this store only') -> None:
    """``stores``, ``codes``, and ``grace`` in hours.

    :param codes: help for the second, as ``grace`` for the third
    :param stores: the beginning of the help for the first
    """
    parser.add_argument(
        '--store', metavar='<store>', action='append', dest='stores',
        default=[], help=stores + ' (repeat for more; default: all).')
    parser.add_argument('--code', metavar='<code>', action='append',
                        dest='codes', default=[], type=_code, help=codes)
    parser.add_argument('--grace', metavar='<hours>', type=amounts.hours,
                        default=24.0, help=grace)


def _code(text: str) -> str:
    """An unknown one would find nothing, as if nothing were wrong."""
    from glance_lifecycle.audit import pages
    known = sorted(one.code for one in pages.GROUPS['Hygiene'])
    if text.upper() not in known:
        raise argparse.ArgumentTypeError(
            'There is no such code of hygiene. They are: %s.'
            % ', '.join(known))
    return text.upper()
