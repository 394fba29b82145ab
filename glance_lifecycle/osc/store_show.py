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

"""``openstack image lifecycle store show``"""

import argparse
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

from osc_lib.command import command

from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import store_host

_COLUMNS = ('Store', 'Type', 'Present', 'Size', 'Allocated', 'Hash',
            'Verified', 'Detail')


class ShowStores(command.Lister):
    """Show each stored copy of an image, and whether it is there.

    Present, size and allocated bytes (holes do not count) are looked up in
    the store itself, and nothing is read; without the configuration of
    glance-api only what the Image API says is shown. "Verified" is when "image
    lifecycle store verify" or "copy" last read all of the copy on this host
    and found it right, if it is still the same.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('image', metavar='<image>',
                            help='Image (name or id).')
        store_host.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Iterator[Sequence[Any]]]:
        from glance_lifecycle.copies import removal
        resource = store_host.find(self, parsed_args.image)
        with shown.errors():
            copies = removal.look(
                resource, store_host.here(parsed_args, resource))
        algorithm = resource.hash_algo if resource.hash_value else 'none'
        return _COLUMNS, (
            (copy.store, copy.driver, _yes(copy.present), _number(copy.size),
             _number(copy.allocated), algorithm, copy.verified, copy.detail)
            for copy in copies)


def _yes(value: bool | None) -> str:
    return {None: 'unknown', True: 'yes', False: 'no'}[value]


def _number(value: int | None) -> Any:
    return '' if value is None else value
