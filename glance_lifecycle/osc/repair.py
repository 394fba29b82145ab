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

"""``openstack image lifecycle repair``"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
from typing import Any
from typing import TYPE_CHECKING

from openstack import exceptions as sdk_exceptions
from osc_lib.command import command

from glance_lifecycle import exceptions
from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import judging
from glance_lifecycle.osc.common import progress
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import store_host

if TYPE_CHECKING:
    from glance_lifecycle.copies import facade
    from glance_lifecycle.copies import repairing

_COLUMNS = ('Store', 'Found', 'Action', 'Result', 'Detail')

Row = tuple[str, ...]


class RepairImage(judging.Judging, command.Lister):
    """DESTRUCTIVE: mend the copies of an image, and what Glance knows of it.

    Reads every copy once, shows what is wrong and what would be done, and asks
    first. A copy that is missing or wrong is written again from a good one; a
    wrong one is replaced when the new one is whole, or, where the plan says
    DESTRUCTIVE, goes first. The last copy, and what somebody uses, stays.
    Hash, checksum, size and virtual size that are absent are filled in. The
    exit code is 0 if all is well, or was mended; 1 if something is wrong
    still, also with --dry-run; 3 if nothing is, as far as could be told.
    """

    # Of what is left.
    _line: progress.Progress | None = None

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('image', metavar='<image>',
                            help='Image (name or id).')
        parser.add_argument(
            '--drop', action='store_true',
            help='Let Glance forget a location that leads nowhere, where '
            'another copy is good (default: the copy is written again).')
        parser.add_argument(
            '--deactivate', action='store_true',
            help='Deactivate the image if it has no good copy at all.')
        parser.add_argument('--dry-run', action='store_true',
                            help='Only say what would be done.')
        parser.add_argument('-y', '--yes', action='store_true',
                            help='Do not ask.')
        store_host.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Row]]:
        resource = store_host.find(self, parsed_args.image)
        with shown.errors():
            host = store_host.needed(parsed_args, resource)
            return _COLUMNS, self._rows(parsed_args, resource, host)

    def _rows(self, parsed_args: argparse.Namespace, resource: Any,
              host: facade.Copies) -> list[Row]:
        from glance_lifecycle.copies import repairing
        if not parsed_args.dry_run:
            for text in host.recover():
                self._say('Undone of an earlier copy: %s' % text)
        repair = repairing.Repair(
            host.image, resource.name or '', self._begin,
            lambda: self._deactivate(resource.id))
        try:
            with self._progress():
                plan = repair.examine(drop=parsed_args.drop,
                                      deactivate=parsed_args.deactivate)
        except exceptions.ImageBusy as error:
            self._code = shown.UNKNOWN
            return [('', 'busy', 'leave', 'left', error.detail)]
        if plan.work:
            for text in plan.said():
                self._say(text)
        if parsed_args.dry_run:
            return self._judged(list(repair.planned()))
        if plan.work and not parsed_args.yes:
            shown.agreed('Nothing was changed')
        with self._progress():
            return self._judged(list(repair.carry_out()))

    def _judged(self, outcomes: Sequence[repairing.Outcome]) -> list[Row]:
        if any(one.bad for one in outcomes):
            self._code = shown.BAD
        elif any(one.unclear for one in outcomes):
            self._code = shown.UNKNOWN
        return [tuple(map(shown.visible, (
            one.line.store, one.line.found, str(one.line.action),
            str(one.result), one.detail))) for one in outcomes]

    def _deactivate(self, image_id: str) -> None:
        from glance_lifecycle.audit import image_api
        with image_api.asking('deactivate image %s' % image_id):
            sdk_exceptions.raise_from_response(
                connection.of(self).image.post(
                    '/images/%s/actions/deactivate' % image_id))

    def _say(self, text: str) -> None:
        self.app.stderr.write(shown.visible(text) + '\n')

    def _begin(self, what: str, total: int
               ) -> Callable[[dict[str, Any]], None]:
        self._end()
        line = self._line = progress.Progress(what, total)
        return lambda report: line.at(report['done'])

    def _end(self) -> None:
        if self._line is not None:
            self._line.end()
            self._line = None

    @contextlib.contextmanager
    def _progress(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._end()
