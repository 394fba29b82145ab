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

"""``openstack image lifecycle migrate run``"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.command import command

from glance_lifecycle.osc.common import input_file
from glance_lifecycle.osc.common import migrations
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import worker_host

if TYPE_CHECKING:
    from glance_lifecycle.worker.migrating import plan as plans


class RunMigration(command.ShowOne):
    """DESTRUCTIVE: have a plan of "migrate plan" carried out by the worker.

    Wave by wave, each image is copied, and its new copy compared with its
    hash. When the wave has soaked, its copies in the old store are deleted, if
    nothing hangs on them; "migrate undo" copies them back. An image that was
    cloned in Ceph stays where it is, and "migrate status" names the clones.
    The plan is shown, and you are asked first. The command does not wait for
    the worker: see "migrate status". A plan runs once, and one migration at a
    time.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('plan', metavar='<file>',
                            help='What "migrate plan --out" wrote.')
        migrations.add_asking(parser)
        worker_host.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Any]]:
        from glance_lifecycle.worker.migrating import asked
        from glance_lifecycle.worker.migrating import plan as plans
        with shown.errors():
            plan = input_file.load(parsed_args.plan, plans.MAX_BYTES,
                                   plans.load)
        with worker_host.database(parsed_args) as (database, conf):
            migrations.check_acts(database, conf)
            self.app.stderr.writelines(shown.visible(line) + '\n'
                                       for line in _lines(plan))
            if not parsed_args.dry_run:
                if not parsed_args.yes:
                    shown.agreed('Nothing was done')
                asked.run(database, plan, actor=worker_host.operator())
        return ('id', 'source', 'target', 'images', 'waves', 'begun'), (
            plan.id, plan.source, plan.target, plan.images, len(plan.waves),
            not parsed_args.dry_run)


def _lines(plan: plans.Plan) -> Iterator[str]:
    yield '%d images move from %s to %s.' % (plan.images, plan.source,
                                             plan.target)
    yield from migrations.calendar(plan)
    if plan.settings.keep:
        yield 'Nothing is deleted in %s.' % plan.source
    else:
        yield ('DESTRUCTIVE: their copies in %s are deleted, where nothing '
               'hangs on them.' % plan.source)
