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

"""``openstack image lifecycle migrate plan``"""

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

from glance_lifecycle.osc.common import amounts
from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import judging
from glance_lifecycle.osc.common import migrations
from glance_lifecycle.osc.common import plan_file
from glance_lifecycle.osc.common import policy_options
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import worker_host

if TYPE_CHECKING:
    from glance_lifecycle.planning import waves as waving
    from glance_lifecycle.worker import cloud as clouds
    from glance_lifecycle.worker.migrating import plan as plans

_COLUMNS = ('Wave', 'Image', 'Name', 'Bytes', 'In Target', 'Golden',
            'Dependents', 'Why Not')


class PlanMigration(judging.Judging, command.Lister):
    """Plan how images move from one store to another, in waves.

    Nothing is changed. The first wave is a canary: few images, with the least
    risk. Those that nobody needs come before those that servers and volumes
    are made of, and golden ones last. All of them together fit into --room. An
    image that the lifecycle policy wants where it is stays there, and is
    listed with the reason. Write the plan to a file, and have it carried out
    with "migrate run". The exit code is 0 if all of these images move, 3 if
    some do not.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('--from', metavar='<store>', dest='source',
                            required=True, help='Store that they leave.')
        parser.add_argument('--to', metavar='<store>', dest='target',
                            required=True, help='Store that they move to.')
        migrations.add_where(parser)
        parser.add_argument(
            '--out', metavar='<file>',
            help='Write the plan to this new file, for "migrate run".')
        _add_limits(parser)
        _add_manner(parser)
        policy_options.add_arguments(parser)
        parser.set_defaults(config_dir=[])
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        from glance_lifecycle.audit import image_api
        from glance_lifecycle.worker import cloud as clouds
        plan_file.check_new(parsed_args.out)
        with shown.errors():
            cloud = clouds.Cloud(connection.of(self))
            _check_stores(cloud, parsed_args)
            with image_api.asking('list the images'):
                dependents = self._dependents(cloud)
                plan = self._plan(cloud, parsed_args, dependents or {})
        if parsed_args.out:
            plan_file.write_plan(parsed_args.out, plan,
                                 'Name fewer images with --where')
        self._code = shown.UNKNOWN if plan.left else 0
        self.app.stderr.writelines(
            shown.visible(line) + '\n' for line in _summary(plan))
        return _COLUMNS, list(_rows(plan, dependents is not None))

    def _plan(self, cloud: clouds.Cloud, parsed_args: argparse.Namespace,
              dependents: Mapping[str, int]) -> plans.Plan:
        from glance_lifecycle.audit import drift
        from glance_lifecycle.audit import image_api
        from glance_lifecycle.worker.migrating import plan as plans
        from glance_lifecycle.worker.migrating import planning
        settings = plans.Settings(
            parsed_args.keep_source, not parsed_args.no_read_back,
            parsed_args.soak, parsed_args.parallel, parsed_args.max_errors,
            tuple(parsed_args.windows))
        wishes = planning.Wishes(
            parsed_args.source, parsed_args.target, settings,
            self._forecast(cloud, parsed_args),
            migrations.where(parsed_args.where), parsed_args.where,
            parsed_args.wave_images, parsed_args.canary)
        return planning.make(
            drift.catalogue(image_api.getter(cloud.client),
                            page_size=drift.PAGE, visibility='all'),
            migrations.policy(parsed_args), cloud.store_kinds,
            dependents, wishes,
            datetime.datetime.now(datetime.UTC))

    def _dependents(self, cloud: clouds.Cloud) -> Mapping[str, int] | None:
        """How many each image has, or None where nobody can tell."""
        from glance_lifecycle.dependents import base
        try:
            return collections.Counter(cloud.in_use(None))
        except base.NotAsked as error:
            self.app.stderr.write(
                'It is not known which images are needed, so that this does '
                'not count in their order: %s\n' % error)
            return None

    def _forecast(self, cloud: clouds.Cloud, parsed_args: argparse.Namespace
                  ) -> plans.Forecast:
        from glance_lifecycle.planning import known
        from glance_lifecycle.worker.migrating import plan as plans
        from glance_lifecycle.worker.migrating import rates
        if parsed_args.rate is not None:
            return plans.Forecast(
                parsed_args.rate * 2 ** 20, rates.EACH,
                str(known.Source.GIVEN), parsed_args.room)
        pace = None
        try:
            with worker_host.database(parsed_args) as (database, _conf):
                pace = rates.measured(
                    database, parsed_args.target,
                    read_back=not parsed_args.no_read_back)
        except osc_exceptions.CommandError as error:
            self.app.stderr.write(
                'What was measured is not known here: %s\n' % error)
        source = rates.source(pace)
        pace = pace or rates.guessed(
            (cloud.store_kinds or {}).get(parsed_args.target, ''),
            parsed_args.parallel)
        return plans.Forecast(pace.rate, pace.each, str(source),
                              parsed_args.room)


def _add_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--room', metavar='<size>', type=migrations.size,
        help='What the target may take, such as "10 TiB" (default: no limit; '
        'a store that is full stops the migration).')
    parser.add_argument(
        '--rate', metavar='<MiB>', type=amounts.number_from(1),
        help='MiB a second that all copies together reach (default: as '
        'measured by earlier jobs, on a host of the worker; else assumed).')
    parser.add_argument(
        '--window', metavar='<window>', action='append', dest='windows',
        default=[], type=migrations.window,
        help='Begin no image at other times, such as 22:00-06:00, in UTC '
        '(repeat for more; default: always).')
    parser.add_argument(
        '--canary', metavar='<number>', type=amounts.number_from(0),
        default=1, help='Images of the first wave (default: 1; 0 for no such '
        'wave). If one of them fails, nothing else moves.')
    parser.add_argument(
        '--wave-images', metavar='<number>', type=amounts.number_from(1),
        default=100, help='Images of a wave, at most (default: 100).')
    parser.add_argument(
        '--max-errors', metavar='<number>', type=amounts.number_from(0),
        default=3, help='Stop when more images have failed (default: 3).')


def _add_manner(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--soak', metavar='<seconds>', type=amounts.number_from(0),
        default=3600, help='Seconds between the last copy of a wave and its '
        'first deletion (default: 3600).')
    parser.add_argument(
        '--parallel', metavar='<number>', type=migrations.parallel,
        default=4, help='Images that move at once, if the worker has so many '
        'jobs (default: 4).')
    parser.add_argument(
        '--keep-source', action='store_true',
        help='Only copy: delete nothing in the store that they leave.')
    parser.add_argument(
        '--no-read-back', action='store_true',
        help='Trust what was written, after what was read had the right '
        'hash: faster, but no new copy is read before the old one goes.')


def _check_stores(cloud: clouds.Cloud, parsed_args: argparse.Namespace
                  ) -> None:
    if parsed_args.source == parsed_args.target:
        raise osc_exceptions.CommandError(
            '--from and --to are the same store.')
    known = cloud.store_names()
    for store in (parsed_args.source, parsed_args.target):
        if store not in known:
            raise osc_exceptions.CommandError(
                'There is no store %s; there are %s.' % (
                    store, ', '.join(known) or 'none with names'))


def _rows(plan: plans.Plan, known: bool) -> Iterator[Sequence[Any]]:
    """:param known: how many dependents there are"""
    for number, wave in enumerate(plan.waves, 1):
        for image in wave.images:
            yield (number, image.id, shown.visible(image.name), image.size,
                   image.there, image.golden,
                   image.dependents if known else None, '')
    for one in plan.left:
        yield ('left', one.id, shown.visible(one.name), '', '', '', '',
               shown.visible(one.why))


def _summary(plan: plans.Plan) -> Iterator[str]:
    from glance_lifecycle.policy import units
    yield 'Plan %s: %d images move from %s to %s in %d waves; %d stay.' % (
        plan.id, plan.images, plan.source, plan.target, len(plan.waves),
        sum(bool(one.id) for one in plan.left))
    for one in plan.left:
        if not one.id:
            yield 'Also: %s.' % one.why
    for line, wave in zip(migrations.calendar(plan), plan.waves):
        yield line + _canary(wave)
    yield 'The rate is %s: %s a second, and %.1f s for each image.' % (
        plan.forecast.source, units.size_text(round(plan.forecast.rate)),
        plan.forecast.each)
    if plan.settings.keep:
        yield 'Nothing is deleted in %s.' % plan.source
    else:
        yield ('DESTRUCTIVE: after %s, "migrate run" deletes the copies in '
               '%s that nothing hangs on. "migrate undo" copies them back.'
               % (units.duration_text(int(plan.settings.soak)),
                  plan.source))


def _canary(wave: waving.Wave) -> str:
    return ' It is the canary.' if wave.canary else ''
