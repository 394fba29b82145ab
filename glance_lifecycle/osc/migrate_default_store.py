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

"""``openstack image lifecycle migrate default-store``: what it would change.
"""

import argparse
from collections.abc import Iterable
from collections.abc import Sequence
import json
import pathlib
from typing import Any

from osc_lib.command import command

from glance_lifecycle.osc.common import advice_files
from glance_lifecycle.osc.common import cloud_facts
from glance_lifecycle.osc.common import garbage
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import switch_text
from glance_lifecycle.osc.common import text_formatter

_COLUMNS = ('Consumer', 'Service', 'Format', 'Disks a Week', 'Change',
            'Cloned Now', 'Cloned Then', 'First Seconds Now',
            'First Seconds Then', 'Why Not Cloned Then')


class ShowDefaultStore(text_formatter.ByDefault, garbage.Seldom,
                       command.Lister):
    """Show what another default store would mean, and how to switch to it.

    Nothing is changed: which store is the default is configuration of Glance,
    that has to be the same on all hosts. Shown are what goes to the default
    store, who then clones new images or no longer does, and why, seconds to a
    first disk, where snapshots of servers go, money, room and how long it
    lasts, what becomes of the images that are there, the keys to set, in which
    order, and the way back. The cloud is the one that you are logged in to, or
    that of a file, as with "advise". The exit code is 0 whatever it means, and
    1 if it cannot be told.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('--to', metavar='<store>', required=True,
                            help='Store that would be the default.')
        cloud_facts.add_cloud(parser)
        parser.add_argument(
            '--write-config', metavar='<directory>',
            help='Write glance-api.conf with the keys to set there, with '
            'their reasons.')
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        # "openstack --help" loads this module, and pays for no more.
        from glance_lifecycle.planning import default_store
        from glance_lifecycle.planning import switch_report
        with shown.errors():
            advice_files.check_directory(parsed_args)
            cloud = cloud_facts.cloud(self, parsed_args)
            self._report = switch_report.report(
                cloud, default_store.switch(cloud, parsed_args.to))
            if parsed_args.write_config:
                advice_files.save(parsed_args, {
                    pathlib.Path(parsed_args.write_config, 'glance-api.conf'):
                    self._report['configuration']})
        return _COLUMNS, map(_row, self._report['consumers'])

    def produce_output(self, parsed_args: argparse.Namespace,
                       column_names: Sequence[str],
                       data: Iterable[Sequence[Any]]) -> int:
        out = self.app.stdout
        if parsed_args.formatter == 'text':
            out.writelines(shown.visible(line) + '\n'
                           for line in switch_text.lines(self._report))
        elif parsed_args.formatter == 'json':
            out.write(json.dumps(self._report, indent=2) + '\n')
        else:
            return int(super().produce_output(
                parsed_args, column_names, data))
        return 0


def _row(one: dict[str, Any]) -> tuple[Any, ...]:
    before, after = one['before'], one['after']
    return (one['name'], one['service'], one['format'],
            one['disks_per_week'], one['change'], before['cloned'],
            after['cloned'], before['first_seconds'], after['first_seconds'],
            after['why'] or '')
