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

"""``openstack image lifecycle hygiene undo``"""

import argparse
from collections.abc import Sequence
import sys
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.command import command

from glance_lifecycle.osc.common import input_file
from glance_lifecycle.osc.common import judging
from glance_lifecycle.osc.common import outcomes
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import store_host

if TYPE_CHECKING:
    from glance_lifecycle.reclaim import outcome


class UndoHygiene(judging.Judging, command.Lister):
    """Bring back what "hygiene apply" took out of the stores.

    All that is in quarantine by the plan gets its old name, in all stores,
    with its owner, mode and times. The stores know it, so that the digits of
    the plan are enough; "hygiene list" shows them. What was purged is gone.
    The exit code is 0 if all of it is back, or nothing was there; 1 if
    something could not be brought back, because its name is another's by now,
    or because its store failed.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('plan', metavar='<plan>',
                            help='File of the plan, or its 16 digits.')
        parser.add_argument('--dry-run', action='store_true',
                            help='Only say what would be brought back.')
        store_host.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        with shown.errors():
            store_host.configured(parsed_args)
            found = _undone(parsed_args)
        sys.stderr.writelines(line + '\n' for line in outcomes.summary(
            found, parsed_args.dry_run))
        if any(one.result == 'failed' for one in found):
            self._code = shown.BAD
        return outcomes.COLUMNS, [outcomes.row(one) for one in found]


def _undone(parsed_args: argparse.Namespace) -> 'list[outcome.Outcome]':
    from glance_lifecycle.reclaim import here
    from glance_lifecycle.reclaim import plan as plans
    from glance_lifecycle.reclaim import undoing
    from glance_lifecycle.transfer.backends import quarantine
    plan = parsed_args.plan
    if not quarantine.is_plan(plan):
        plan = input_file.load(plan, plans.MAX_BYTES, plans.load).id
    with here.locked(), here.opened() as found:
        return list(undoing.undo(plan, found.stores, found.failed,
                                 parsed_args.dry_run))
