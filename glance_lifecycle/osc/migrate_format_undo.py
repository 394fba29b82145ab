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

"""``openstack image lifecycle migrate format undo``"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.command import command

from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import format_outcomes as outcomes
from glance_lifecycle.osc.common import input_file
from glance_lifecycle.osc.common import judging
from glance_lifecycle.osc.common import migrations
from glance_lifecycle.osc.common import plan_file
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import store_host

if TYPE_CHECKING:
    from glance_lifecycle.reclaim.formats import outcome


class UndoFormat(judging.Judging, command.Lister):
    """DESTRUCTIVE with --delete: show the old images of a plan again.

    The new ones become hidden. With --delete they are deleted, also those
    that an interrupted run has left, if neither a server nor a volume is made
    of them, and, on a host of glance-api, no other image needs what is stored
    for them; the others are hidden and named. Only images that this very plan
    has made or hidden are touched. What would be done is shown, and you are
    asked first. The exit code is 0 if all of it is undone; 1 if something
    failed; 3 if something was left.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('plan', metavar='<file>',
                            help='What "migrate format plan --out" wrote.')
        parser.add_argument(
            '--delete', action='store_true',
            help='DESTRUCTIVE: delete the new images that nothing needs.')
        migrations.add_asking(parser)
        store_host.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        from glance_lifecycle.reclaim.formats import plan as plans
        from glance_lifecycle.reclaim.formats import undoing
        from glance_lifecycle.worker import cloud as clouds
        with shown.errors(), plan_file.alone(parsed_args.plan):
            plan = input_file.load(parsed_args.plan, plans.MAX_BYTES,
                                   plans.load)
            cloud = clouds.Cloud(connection.of(self),
                                 store_host.of(parsed_args),
                                 outcomes.ASKED)

            def run(steps: Sequence[plans.Step], dry_run: bool
                    ) -> Iterable[outcome.Outcome]:
                return undoing.Undoing(
                    plan, cloud, outcomes.Lines(),
                    delete=parsed_args.delete, dry_run=dry_run,
                    steps=steps).run()

            found = outcomes.carried_out(
                plan, run, ('shown again', 'left'), _would,
                dry_run=parsed_args.dry_run, yes=parsed_args.yes)
        self._code = outcomes.code(found)
        return outcomes.COLUMNS, [outcomes.row(one) for one in found]


def _would(one: outcome.Outcome) -> str:
    image = outcomes.image(one.step)
    if one.detail and not one.deleted:
        return 'Image %s: %s' % (image, shown.visible(one.detail))
    then = '' if not one.new else (
        ' DESTRUCTIVE: image %s is deleted.' if one.deleted
        else ' Image %s becomes hidden.') % one.new
    if one.detail:
        return 'Image %s: %s%s' % (image, shown.visible(one.detail), then)
    return 'Image %s is shown again.%s' % (image, then)
