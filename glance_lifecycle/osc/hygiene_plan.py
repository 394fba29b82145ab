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

"""``openstack image lifecycle hygiene plan``"""

import argparse
from collections.abc import Iterator
from collections.abc import Sequence
import datetime
import sys
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.command import command

from glance_lifecycle.osc.common import amounts
from glance_lifecycle.osc.common import export_options
from glance_lifecycle.osc.common import hygiene_options
from glance_lifecycle.osc.common import judging
from glance_lifecycle.osc.common import plan_file
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import store_host

if TYPE_CHECKING:
    from glance_lifecycle.reclaim import planning

_COLUMNS = ('Step', 'Code', 'Store', 'Object', 'Image', 'Bytes', 'Why')


class PlanHygiene(judging.Judging, command.Lister):
    """Plan what no image needs to be taken out of the stores.

    Nothing is changed. What "hygiene list" calls an orphan becomes a step of
    the plan, if it can be taken back by "hygiene undo"; what cannot is listed
    with "left" as its step, and why. Nothing is taken of a store in which
    objects of images lie that this Glance does not know, unless they are in an
    --export of the Glance that uses it, too, or --alone says that none does.
    The exit code is 0 if all that is needless is in the plan, or nothing is; 1
    if there can be no plan; 3 if something was left out.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--out', metavar='<file>',
            help='Write the plan to this new file, for "hygiene apply".')
        hygiene_options.add_arguments(
            parser, 'Take only what has this code in "hygiene list" (repeat '
            'for more; default: all that is needless).', 'What changed less '
            'than so many hours ago is not taken (default: 24).')
        parser.add_argument(
            '--keep', metavar='<days>', type=amounts.days, default=7.0,
            help='Keep what is taken for so many days in quarantine, at least '
            '(default: 7).')
        parser.add_argument(
            '--most', metavar='<number>', type=amounts.number_from(1),
            default=1000, help='Take or purge no more than so many objects in '
            'one run of "hygiene apply" (default: 1000).')
        parser.add_argument(
            '--percent', metavar='<number>', type=amounts.percent,
            default=10.0, help='Nor more than so many percent of the bytes '
            'that a store holds (default: 10).')
        parser.add_argument(
            '--alone', metavar='<store>', action='append', default=[],
            help='No other Glance uses this store (repeat for more).')
        export_options.add_arguments(parser)
        store_host.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        plan_file.check_new(parsed_args.out)
        with shown.errors():
            store_host.configured(parsed_args)
            made = _made(parsed_args)
        if parsed_args.out:
            plan_file.write_plan(
                parsed_args.out, made.plan, 'Make one of a single --store, '
                'or of a single --code')
        if made.left or any(one.refused for one in made.plan.stores):
            self._code = shown.UNKNOWN
        sys.stderr.writelines(line + '\n' for line in _summary(made))
        return _COLUMNS, list(_rows(made))


def _made(parsed_args: argparse.Namespace) -> 'planning.Made':
    from glance_lifecycle.audit.hygiene import here as audited
    from glance_lifecycle.audit.hygiene import others
    from glance_lifecycle.reclaim import exported
    from glance_lifecycle.reclaim import here
    from glance_lifecycle.reclaim import planning
    audited.check(parsed_args.alone)
    needed = export_options.needed(parsed_args)
    wishes = planning.Wishes(
        parsed_args.grace * amounts.HOUR, parsed_args.keep * amounts.DAY,
        parsed_args.most, parsed_args.percent,
        frozenset(parsed_args.alone),
        frozenset(code.upper() for code in parsed_args.codes), needed,
        exported.noted(needed))
    with audited.examined(parsed_args.stores, wishes.grace,
                          others.Others(needed)) as examined:
        return planning.make(
            examined.items(), examined.totals, here.kinds, wishes,
            datetime.datetime.now(datetime.UTC).isoformat(
                timespec='seconds'))


def _rows(made: 'planning.Made') -> Iterator[Sequence[Any]]:
    from glance_lifecycle.audit.hygiene import wording
    for number, step in enumerate(made.plan.steps, 1):
        yield (number, step.code, step.store, wording.shown(
            step.where or step.name), wording.shown(step.image_id), step.held,
            step.why)
    for one in made.left:
        yield ('left', one.item.finding.code, one.item.store, one.item.where,
               one.item.finding.subject, one.item.held, one.why)


def _summary(made: 'planning.Made') -> Iterator[str]:
    plan = made.plan
    for store in plan.stores:
        if store.refused:
            yield 'Store %s: nothing is taken. %s' % (store.name,
                                                      store.refused)
    yield 'Plan %s: %d objects, %d bytes. %d objects are left.' % (
        plan.id, len(plan.steps), plan.held, len(made.left))
    if plan.steps:
        yield ('One run of "hygiene apply" takes at most %d objects, and %g '
               'percent of the bytes of a store. What it takes is kept for '
               '%g days at least.' % (plan.most, plan.percent,
                                      plan.keep / amounts.DAY))
