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

"""``openstack image lifecycle migrate status``"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import json
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.command import command

from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import worker_host

if TYPE_CHECKING:
    from glance_lifecycle.worker.migrating import asked

_COLUMNS = ('Wave', 'Images', 'Bytes', 'Forecast', 'Revised', 'Actual',
            'State')


class ShowMigration(command.Lister):
    """Show how far a migration is, wave by wave.

    Forecast are the seconds of a wave's copies by the plan, revised by the
    waves before it; actual are those that they took. Images that stayed, or
    have failed, are named, with the reason. With -f json, all of it.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('migration', metavar='<migration>', nargs='?',
                            default='', help='Id (default: the newest).')
        worker_host.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        from glance_lifecycle.worker.migrating import asked
        with worker_host.database(parsed_args) as (database, _conf):
            self._view = asked.show(database, parsed_args.migration)
        return _COLUMNS, [_row(wave) for wave in self._view.waves]

    def produce_output(self, parsed_args: argparse.Namespace,
                       column_names: Sequence[str],
                       data: Iterable[Sequence[Any]]) -> int:
        if parsed_args.formatter == 'json':
            self.app.stdout.write(json.dumps(self._view.to_dict(), indent=2)
                                  + '\n')
            return 0
        code = int(super().produce_output(parsed_args, column_names, data)
                   or 0)
        # Not among what a program reads.
        self.app.stderr.writelines(shown.visible(line) + '\n'
                                   for line in _lines(self._view))
        return code


def _row(wave: asked.WaveView) -> Sequence[Any]:
    return (wave.number, sum(wave.images.values()), wave.size,
            _seconds(wave.forecast), _seconds(wave.revised),
            _seconds(wave.actual), ', '.join(
                '%d %s' % (count, step)
                for step, count in wave.images.items()))


def _seconds(value: float | None) -> str:
    return '' if value is None else '%.1f' % value


def _lines(view: asked.View) -> Iterator[str]:
    move = view.move
    yield 'Migration %s, from %s to %s, is %s%s.' % (
        move.id, move.source, move.target, move.state,
        ', in wave %d (%s)' % (move.wave, move.phase)
        if move.state in ('running', 'paused', 'stopped') else '')
    if move.error:
        yield move.error
    for image in view.attention:
        yield '%s: image %s (%s), of wave %d: %s' % (
            image.state, image.image_id, image.image_name or 'no name',
            image.wave, image.detail)
