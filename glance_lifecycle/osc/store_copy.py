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

"""``openstack image lifecycle store copy``"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any
from typing import TYPE_CHECKING

from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import progress
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import store_host

if TYPE_CHECKING:
    from glance_lifecycle.copies import facade

_COLUMNS = ('Store', 'Result', 'Written', 'Seconds', 'Detail')

Row = tuple[Any, ...]


class CopyToStores(shown.Judging):
    """Copy an image to more stores, from one of its stored copies.

    On a host of glance-api: one read for all stores, holes stay holes, and
    nothing is registered in Glance unless the bytes have the image's hash.
    Elsewhere Glance is asked to copy (copy-image), which compares nothing.
    Whatever an interrupted copy left is removed, and stores that have a copy
    are left alone: simply run it again. The exit code is 1 if a store failed.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('image', metavar='<image>',
                            help='Image (name or id).')
        parser.add_argument(
            '--to', metavar='<store>', action='append', dest='stores',
            required=True, help='Store to copy to (repeat for more).')
        parser.add_argument(
            '--from', metavar='<store>', dest='source',
            help='Read the copy in this store (default: the first that is '
            'good).')
        parser.add_argument(
            '--copy-image', action='store_true',
            help='Let Glance copy, also where it could be done here.')
        parser.add_argument(
            '--trust', action='store_true',
            help='From pool to pool of one Ceph cluster, let librbd clone '
            'and flatten: faster, and the hash is not compared.')
        store_host.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Row]]:
        resource = store_host.find(self, parsed_args.image)
        with shown.errors():
            host = None if parsed_args.copy_image else store_host.here(
                parsed_args, resource)
            rows = (self._by_glance(parsed_args, resource) if host is None
                    else self._here(parsed_args, host))
        self.failed = any(row[1] not in ('copied', 'already there')
                          for row in rows)
        return _COLUMNS, rows

    def _here(self, parsed_args: argparse.Namespace,
              host: facade.Copies) -> list[Row]:
        host.check_user()
        for text in host.recover():
            self.app.stderr.write('Undone of an earlier copy: %s\n' % text)
        line = progress.Progress(
            'Copying to ' + ', '.join(parsed_args.stores),
            host.image.size or 0)
        try:
            outcomes = host.copy(
                parsed_args.stores, parsed_args.source,
                lambda report: line.at(report['done']),
                trust=parsed_args.trust)
        finally:
            line.end()
        return [(o.store, str(o.result), _number(o.written),
                 _number(o.seconds), o.detail) for o in outcomes]

    def _by_glance(self, parsed_args: argparse.Namespace,
                   resource: Any) -> list[Row]:
        from glance_lifecycle.audit import image_api
        from glance_lifecycle.copies import copy_image
        if parsed_args.source:
            raise osc_exceptions.CommandError(
                'Glance itself chooses which copy it reads; leave out '
                '--from. ' + store_host.WHERE)
        there = image_api.stores_of(resource.properties or {})
        rows: list[Row] = [
            (store, 'already there', '', '', '')
            for store in parsed_args.stores if store in there]
        missing = [s for s in parsed_args.stores if s not in there]
        if missing:
            line = progress.Progress('Glance copies', 0)
            try:
                rows += [(store, result, '', '', 'by copy-image')
                         for store, result in copy_image.copy(
                             connection.of(self).image, resource, missing,
                             line.say)]
            finally:
                line.end()
        return rows


def _number(value: float | None) -> Any:
    return '' if value is None else round(value, 1)
