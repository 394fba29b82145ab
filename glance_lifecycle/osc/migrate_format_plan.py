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

"""``openstack image lifecycle migrate format plan``"""

from __future__ import annotations

import argparse
import collections
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import datetime
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.command import command
from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import format_outcomes
from glance_lifecycle.osc.common import judging
from glance_lifecycle.osc.common import migrations
from glance_lifecycle.osc.common import plan_file
from glance_lifecycle.osc.common import policy_options
from glance_lifecycle.osc.common import shown

if TYPE_CHECKING:
    from glance_lifecycle.reclaim.formats import plan as plans
    from glance_lifecycle.worker import cloud as clouds

_COLUMNS = ('Step', 'Image', 'Name', 'Project', 'Format', 'Bytes',
            'Raw Bytes', 'Stores', 'Dependents', 'Consequences', 'Why Not')


class PlanFormat(judging.Judging, command.Lister):
    """Plan which stored qcow2, VMDK, VHD, VHDX and VDI images become raw.

    Nothing is changed. An image has one format for all of its life, so that
    a new image replaces the old one: see "migrate format run". What that has
    as a consequence is told of each image, and why others are left. The
    policy says what is converted, and where: on a host of glance-api, name
    its configuration if it is not where it usually is. The exit code is 0 if
    all of these images are in the plan, 1 if there can be no plan, 3 if some
    are left.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'images', metavar='<image>', nargs='*',
            help='Only these images (names or ids; default: all that are not '
            'raw).')
        migrations.add_where(parser)
        parser.add_argument(
            '--to', metavar='<store>', action='append', dest='stores',
            default=[], help='Store for the raw image (repeat for more; '
            'default: where the policy places it, or else those that the old '
            'one is in).')
        parser.add_argument(
            '--out', metavar='<file>',
            help='Write the plan to this new file, for "migrate format run". '
            'There is a secret in it: who has it can pass off other images '
            'as those that it makes.')
        policy_options.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        from glance_lifecycle.worker import cloud as clouds
        plan_file.check_new(parsed_args.out)
        with shown.errors():
            plan = self._plan(clouds.Cloud(connection.of(self)), parsed_args)
        if parsed_args.out:
            plan_file.write_plan(parsed_args.out, plan,
                                 'Name fewer images with --where')
        self._code = shown.UNKNOWN if plan.left else 0
        self.app.stderr.writelines(line + '\n' for line in _summary(plan))
        return _COLUMNS, list(_rows(plan))

    def _plan(self, cloud: clouds.Cloud, parsed_args: argparse.Namespace
              ) -> plans.Plan:
        from glance_lifecycle.reclaim.formats import planning
        known = cloud.store_names()
        for store in parsed_args.stores:
            if store not in known:
                raise osc_exceptions.CommandError(
                    'There is no store %s; there are %s.' % (
                        store, ', '.join(known) or 'none with names'))
        plan, missing = planning.make(
            cloud, self._users(cloud), planning.Wishes(
                migrations.policy(parsed_args), tuple(parsed_args.images),
                migrations.where(parsed_args.where), parsed_args.where,
                tuple(sorted(set(parsed_args.stores)))),
            datetime.datetime.now(datetime.UTC))
        if missing:
            raise osc_exceptions.CommandError(
                'There is no image %s.' % ', '.join(missing))
        return plan

    def _users(self, cloud: clouds.Cloud) -> Mapping[str, int] | None:
        from glance_lifecycle.dependents import base
        try:
            return collections.Counter(cloud.in_use(None))
        except base.NotAsked as error:
            self.app.stderr.write(
                'It is not known what is made of the images: %s\n' %
                shown.visible(str(error)))
            return None


def _rows(plan: plans.Plan) -> Iterator[Sequence[Any]]:
    for number, step in enumerate(plan.steps, 1):
        was = step.image
        yield (number, was.id, shown.visible(was.name),
               shown.visible(was.project), shown.visible(step.disk_format),
               was.size, step.virtual_size,
               shown.visible(', '.join(step.stores)), step.users,
               format_outcomes.consequences(step), '')
    for one in plan.left:
        yield ('left', one.id, shown.visible(one.name), '', '', None, None,
               '', None, '', shown.visible(one.why))


def _summary(plan: plans.Plan) -> Iterator[str]:
    from glance_lifecycle.policy import units
    steps = plan.steps
    yield 'Plan %s: %d images become raw; %d are left.' % (
        plan.id, len(steps), len(plan.left))
    if not steps:
        return
    yield ('A new image takes the name, owner, visibility, members, '
           'properties, tags and protection of each; its id, created_at and '
           'hash are new. The old one becomes hidden, and keeps its id and '
           'data: servers and volumes that are made of it are not touched.')
    # The old ones stay.
    yield 'The new ones take %s, and up to %s of the staging area.' % (
        units.size_text(sum((step.virtual_size or step.image.size)
                            * max(1, len(step.stores)) for step in steps)),
        units.size_text(max(step.image.size for step in steps)))
    yield ('Who names an image by its id, as in a template, still gets the '
           'old one.')
