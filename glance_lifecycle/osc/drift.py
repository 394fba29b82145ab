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


"""``openstack image lifecycle drift list``"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import datetime
import json
from typing import Any
from typing import TextIO
from typing import TYPE_CHECKING

from cliff.formatters import json_format
from osc_lib.command import command

from glance_lifecycle.osc.common import amounts
from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import policy_options
from glance_lifecycle.osc.common import shown

if TYPE_CHECKING:
    from glance_lifecycle.audit import drift

_COLUMNS = ('Image', 'Name', 'Section', 'Field', 'Wanted', 'Found', 'Rule')


class ListDrift(command.Lister):
    """List where images differ from the lifecycle policy.

    Of all images that you may see. One page is held at a time, and "-f json",
    "csv" and "value" print as they go. Nothing is changed.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        from glance_lifecycle.audit import drift
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--visibility',
            choices=['all', 'private', 'shared', 'community', 'public'],
            default='all', help='Look only at these images (default: all).')
        parser.add_argument('--project', metavar='<id>',
                            help='Look only at images of this project.')
        parser.add_argument(
            '--page-size', metavar='<number>',
            type=amounts.number_from(1), default=drift.PAGE,
            help='Images a request (default: %d).' % drift.PAGE)
        policy_options.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Iterator[Sequence[Any]]]:
        from glance_lifecycle.audit import drift
        from glance_lifecycle.audit import families
        from glance_lifecycle.audit import image_api
        with shown.errors():
            policy = policy_options.policy(parsed_args)
        client = connection.of(self).image
        query = {'visibility': parsed_args.visibility}
        if parsed_args.project:
            query['owner'] = parsed_args.project
        images = drift.catalogue(image_api.getter(client),
                                 page_size=parsed_args.page_size, **query)
        with shown.errors(), image_api.asking('list its stores'):
            kinds = image_api.store_kinds(client)
        now = datetime.datetime.now(datetime.UTC)
        found = drift.drifted(
            images, policy, kinds, now=now, view=families.Families(
                image_api.getter(client), policy, kinds, now).view)
        return _COLUMNS, _rows(found)

    def produce_output(self, parsed_args: argparse.Namespace,
                       column_names: Sequence[str],
                       data: Iterable[Sequence[Any]]) -> int:
        if isinstance(self.formatter, json_format.JSONFormatter):
            self.formatter = StreamedJson()
        return int(super().produce_output(parsed_args, column_names, data))


def _rows(found: Iterable[drift.Drifted]) -> Iterator[Sequence[Any]]:
    from glance_lifecycle.audit import image_api
    with shown.errors(), image_api.asking('list the images'):
        for one in found:
            yield (one.image_id, shown.visible(one.name), one.drift.section,
                   one.drift.field, one.drift.wanted, one.drift.found,
                   one.drift.rule)


class StreamedJson(json_format.JSONFormatter):
    """cliff's collects all rows before it prints the first."""

    def emit_list(self, column_names: Sequence[str],
                  data: Iterable[Sequence[Any]], stdout: TextIO,
                  parsed_args: argparse.Namespace) -> None:
        separator = '[\n'
        for row in data:
            stdout.write(separator + json.dumps(dict(zip(
                column_names, row))))
            separator = ',\n'
        stdout.write('\n]\n' if separator == ',\n' else '[]\n')
