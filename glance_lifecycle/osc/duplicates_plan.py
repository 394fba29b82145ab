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

"""``openstack image lifecycle duplicates plan``"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from collections.abc import Sequence
import sys
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.command import command

from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import duplicates
from glance_lifecycle.osc.common import judging
from glance_lifecycle.osc.common import plan_file
from glance_lifecycle.osc.common import policy_options
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import store_host

if TYPE_CHECKING:
    from glance_lifecycle.audit.duplicates import grouping
    from glance_lifecycle.reclaim.duplicates import planning

_COLUMNS = ('Step', 'Group', 'Same By', 'Image', 'Name', 'Project', 'Store',
            'Instead', 'Bytes', 'Why')

_REMEDIES = ('hide', 'drop', 'tell')


class PlanDuplicates(judging.Judging, command.Lister):
    """Plan one remedy for images that have the same bytes.

    Nothing is changed. "hide": the newer of two images of one project that
    neither a server nor a volume needs, and that boot alike, becomes hidden.
    "drop": copies of such images that the lifecycle policy does not want are
    deleted. "tell": owners are told of an image that every project can use
    instead of theirs. What fits becomes a step of the plan, for "duplicates
    apply"; what does not is listed with "left" as its step, and why. The exit
    code is 0 if all is in the plan, or there is nothing; 1 if there can be no
    plan; 3 if something was left out.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--remedy', choices=_REMEDIES, required=True,
            help='What is to be done.')
        parser.add_argument(
            '--out', metavar='<file>',
            help='Write the plan to this new file, for "duplicates apply".')
        duplicates.add_arguments(parser)
        duplicates.add_group(parser)
        duplicates.add_project(parser)
        parser.add_argument(
            '--any-name', action='store_true',
            help='Hide an image also if the older one has another name. Who '
            'looks for it by its name does not find it then.')
        parser.add_argument(
            '--policy', metavar='<file>',
            help='Policy document, to drop copies (default: what [lifecycle] '
            'policy_file of the configuration names).')
        store_host.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        plan_file.check_new(parsed_args.out)
        with shown.errors():
            store_host.configured(parsed_args)
            made = self._made(parsed_args)
        if parsed_args.out:
            plan_file.write_plan(parsed_args.out, made.plan,
                                 'Make one of fewer groups, with --limit')
        if made.left:
            self._code = shown.UNKNOWN
        sys.stderr.write('Plan %s: %d images to %s. %d are left.\n' % (
            made.plan.id, len(made.plan.steps), made.plan.remedy,
            len(made.left)))
        return _COLUMNS, list(_rows(made))

    def _made(self, parsed_args: argparse.Namespace) -> planning.Made:
        from glance_lifecycle.reclaim.duplicates import plan as plans
        from glance_lifecycle.reclaim.duplicates import planning
        from glance_lifecycle.worker import cloud as clouds
        remedy = plans.Remedy(parsed_args.remedy)
        # Before a database is read for minutes.
        policy = None if remedy is not plans.Remedy.DROP else (
            policy_options.policy(parsed_args))
        cloud = clouds.Cloud(connection.of(self))
        groups = _groups(parsed_args)
        use, why = ({}, []) if policy else duplicates.used(self, groups)
        sys.stderr.writelines(line + '\n' for line in why)
        return planning.make(groups, cloud, use, planning.Wishes(
            remedy, policy, parsed_args.any_name))


def _groups(parsed_args: argparse.Namespace) -> list[grouping.Group]:
    totals = duplicates.Totals()
    with duplicates.grouped(parsed_args) as found:
        groups = duplicates.first(duplicates.named(
            found.groups(), parsed_args.groups), parsed_args, totals)
    if totals.groups > len(groups):
        sys.stderr.write(
            'Only %d of %d groups were looked at. See --limit.\n' % (
                len(groups), totals.groups))
    return groups


def _rows(made: planning.Made) -> Iterator[Sequence[Any]]:
    from glance_lifecycle.audit.hygiene import wording
    for number, step in enumerate(made.plan.steps, 1):
        yield (number, step.group, ', '.join(step.same_by), step.image.id,
               wording.shown(step.image.name),
               wording.shown(step.image.project), wording.shown(step.store),
               step.instead.id if step.instead else '', step.back, '')
    for one in made.left:
        yield ('left', one.group, '', one.image_id, wording.shown(one.name),
               '', '', '', 0, wording.shown(one.why))
