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

"""``openstack image lifecycle duplicates undo``"""

import argparse
from collections.abc import Sequence
import sys
from typing import Any

from osc_lib.command import command

from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import duplicates_outcomes as outcomes
from glance_lifecycle.osc.common import input_file
from glance_lifecycle.osc.common import judging
from glance_lifecycle.osc.common import shown


class UndoDuplicates(judging.Judging, command.Lister):
    """Show the images again that a plan of "duplicates plan" has hidden.

    Only those that are hidden by this very plan: each says so itself. The exit
    code is 0 if all of them are shown, or gone; 1 if something failed; 3 if
    something was left, because somebody else has hidden it.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('plan', metavar='<file>',
                            help='What "duplicates plan --out" wrote.')
        parser.add_argument('--dry-run', action='store_true',
                            help='Only say what would be done.')
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        from glance_lifecycle.reclaim.duplicates import plan as plans
        from glance_lifecycle.reclaim.duplicates import undoing
        from glance_lifecycle.worker import cloud as clouds
        with shown.errors():
            plan = input_file.load(parsed_args.plan, plans.MAX_BYTES,
                                   plans.load)
            found = list(undoing.undo(plan, clouds.Cloud(
                connection.of(self)), dry_run=parsed_args.dry_run))
        sys.stderr.writelines(line + '\n' for line in outcomes.summary(
            found, parsed_args.dry_run))
        self._code = outcomes.code(found)
        return outcomes.COLUMNS, [outcomes.row(one) for one in found]
