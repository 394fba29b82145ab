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

"""``openstack image lifecycle advise``"""

import argparse
from collections.abc import Iterable
from collections.abc import Sequence
import sys
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.command import command

from glance_lifecycle.osc.common import advice_files
from glance_lifecycle.osc.common import advice_text
from glance_lifecycle.osc.common import cloud_facts
from glance_lifecycle.osc.common import garbage
from glance_lifecycle.osc.common import json_lines
from glance_lifecycle.osc.common import policy_options
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import text_formatter

if TYPE_CHECKING:
    from glance_lifecycle.planning import cloud as clouds
    from glance_lifecycle.planning import layout
    from glance_lifecycle.planning import placement

_COLUMNS = ('What', 'Advice', 'Reason', 'Rejected')


class Advise(text_formatter.ByDefault, garbage.Seldom, command.Lister):
    """Say which stores and formats a cloud should use for images, and why.

    The cloud is the one that you are logged in to: its facts are collected,
    as "cloud show" shows them. Or it is described in a file, and nothing is
    asked. Nothing in the cloud is changed. Where Nova or Cinder can clone by
    copy-on-write, raw images in Ceph come first, then the time to boot, then
    money; who cannot clone is named, with the condition that is not met.
    Where HiGHS is installed, the cheapest placement is searched in which
    nothing that is booted, and no golden image, gets slower. What is not
    known is assumed, and at the end stands which number would change the
    advice if it was wrong.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        cloud_facts.add_cloud(parser)
        parser.add_argument(
            '--policy', metavar='<file>',
            help='Policy document whose "place" the placement keeps: the '
            'stores that it wants of an image.')
        parser.add_argument(
            '--keep-boot-time', choices=('advised', 'today'),
            default='advised',
            help='What the placement must not be slower than: what is '
            'advised here, or today (default: advised).')
        parser.add_argument(
            '--write-policy', metavar='<file>',
            help='Write a policy document that carries the placement out.')
        parser.add_argument(
            '--save-placement', metavar='<file>',
            help='Save the sums of the placement, for "report --placement" '
            'of the same --cloud.')
        parser.add_argument(
            '--write-config', metavar='<directory>',
            help='Write pieces of glance-api.conf, nova.conf and cinder.conf '
            'there, each key with its reason.')
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        # "openstack --help" loads this module, and pays for no more.
        from glance_lifecycle.planning import layout
        from glance_lifecycle.planning import report
        with shown.errors():
            advice_files.check(parsed_args)
            cloud = cloud_facts.cloud(self, parsed_args)
            plan = layout.plan(cloud)
            found = _placement(parsed_args, cloud, plan)
            advice_files.write(parsed_args, cloud, plan, found)
        self._report = report.summary(cloud, plan, found)
        # Of a large catalogue they are longer than all else.
        self._lists = report.lists(cloud, plan, found)
        self._moves = report.best_moves(cloud, found, advice_text.MOST_ROWS)
        return _COLUMNS, [
            (one['what'], one['advice'], one['reason'], '\n'.join(map(
                advice_text.rejected, one['rejected'])))
            for one in self._report['advice']]

    def produce_output(self, parsed_args: argparse.Namespace,
                       column_names: Sequence[str],
                       data: Iterable[Sequence[Any]]) -> int:
        out = self.app.stdout
        if parsed_args.formatter == 'text':
            out.writelines(line + '\n' for line in advice_text.lines(
                self._report, self._moves))
        elif parsed_args.formatter == 'json':
            out.writelines(json_lines.mapping(self._report, self._lists))
        else:
            return int(super().produce_output(
                parsed_args, column_names, data))
        return 0


def _placement(parsed_args: argparse.Namespace, cloud: 'clouds.Cloud',
               plan: 'layout.Plan') -> 'placement.Placement | None':
    """The cheapest; None: it cannot be searched here, and that is said.

    :raises SolverMissing: and it was asked for
    """
    from glance_lifecycle.planning import placement
    from glance_lifecycle.planning import solver
    from glance_lifecycle.planning import wanted
    from glance_lifecycle.policy import decision
    wants = wanted.of(decision.Policy(policy_options.load(
        parsed_args.policy)), cloud) if parsed_args.policy else None
    try:
        return placement.search(cloud, plan, wants,
                                parsed_args.keep_boot_time == 'advised')
    except solver.SolverMissing as error:
        if parsed_args.policy or parsed_args.write_policy or (
                parsed_args.save_placement):
            raise
        sys.stderr.write(error.for_operator() + '\n')
        return None
