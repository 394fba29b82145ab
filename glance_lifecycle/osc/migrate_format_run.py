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

"""``openstack image lifecycle migrate format run``"""

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

_CHANGES = ('replaced',)


class RunFormat(judging.Judging, command.Lister):
    """Replace images by raw ones, as "migrate format plan" has planned it.

    Image by image: a new one, which is hidden, is imported from the bytes of
    the old one, verified while they are read, and so converted by the
    service. Once it is raw, active and in its stores, it is shown, and the
    old one hidden. Nothing is deleted. An image that has changed since the
    plan was made, or has a newer one in its family by now, is left: so the
    policy has to be known. What would be done is shown, and you are asked
    first. Run it again after it was interrupted or killed: it goes on. The
    exit code is 0 if all is done; 1 if something failed; 3 if something was
    left.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('plan', metavar='<file>',
                            help='What "migrate format plan --out" wrote.')
        migrations.add_asking(parser)
        parser.add_argument(
            '--policy', metavar='<file>',
            help='Policy document (default: what [lifecycle] policy_file of '
            'the configuration names).')
        store_host.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        from glance_lifecycle.reclaim.formats import plan as plans
        from glance_lifecycle.reclaim.formats import running
        from glance_lifecycle.worker import cloud as clouds
        with shown.errors(), plan_file.alone(parsed_args.plan):
            plan = input_file.load(parsed_args.plan, plans.MAX_BYTES,
                                   plans.load)
            policy = migrations.known_policy(parsed_args)
            cloud = clouds.Cloud(connection.of(self),
                                 store_host.of(parsed_args),
                                 outcomes.ASKED)

            def run(steps: Sequence[plans.Step], dry_run: bool
                    ) -> Iterable[outcome.Outcome]:
                return running.Running(
                    plan, cloud, policy, outcomes.Lines(), dry_run=dry_run,
                    steps=steps).run()

            found = outcomes.carried_out(
                plan, run, _CHANGES, _would, dry_run=parsed_args.dry_run,
                yes=parsed_args.yes)
        self._code = outcomes.code(found)
        return outcomes.COLUMNS, [outcomes.row(one) for one in found]


def _would(one: outcome.Outcome) -> str:
    return 'Image %s is replaced by a raw one. %s' % (
        outcomes.image(one.step), outcomes.consequences(one.step))
