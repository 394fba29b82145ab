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

"""``openstack image lifecycle plan``"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import os
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.command import command
from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import plan_file
from glance_lifecycle.osc.common import policy_options
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import worker_host

if TYPE_CHECKING:
    from glance_lifecycle.worker import cloud as clouds
    from glance_lifecycle.worker import estimating
    from glance_lifecycle.worker import plan as plans

_ACTIONS = ('Image', 'Name', 'Action', 'Why', 'Rule', 'Bytes')
_TOTALS = ('By', 'Name', 'Images', 'Actions', 'Bytes', 'Time')
_LEFT = ('Image', 'Name', 'Field', 'Wanted', 'Found', 'Rule', 'Why')


class PlanImages(command.Lister):
    """Show what has to be done so that images are as the policy wants them.

    Of all images that you may see, or of those named. Nothing is changed.
    Write the plan to a file and carry it out with "image lifecycle apply".
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'images', metavar='<image>', nargs='*',
            help='Image (id; repeat for more; default: all images).')
        parser.add_argument('--project', metavar='<id>',
                            help='Look only at images of this project.')
        parser.add_argument(
            '--out', metavar='<file>',
            help='Write the plan to this file, which must not exist.')
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            '--totals', action='store_true',
            help='Show sums by action, rule and store, and how long they '
            'will take one after another, as jobs before them did. Only a '
            'host of the worker knows these.')
        what.add_argument(
            '--left', action='store_true',
            help='Show the differences that no action mends, and why.')
        policy_options.add_arguments(parser)
        parser.set_defaults(config_dir=[])
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        from glance_lifecycle.audit import image_api
        from glance_lifecycle.worker import cloud as clouds
        from glance_lifecycle.worker import plan as plans
        from glance_lifecycle.worker import resigning
        plan_file.check_new(parsed_args.out)
        with shown.errors():
            policy = policy_options.policy(parsed_args)
            cloud = clouds.Cloud(
                connection.of(self), signatures=resigning.of(
                    policy_options.configuration(parsed_args)))
            with image_api.asking('list the images'):
                plan = plans.make(_images(cloud, parsed_args), cloud, policy)
        if parsed_args.out:
            _write(parsed_args.out, plan)
        self.app.stderr.write(
            '%d images, %d actions; %d differences that no action mends%s.\n'
            % (plan.images, len(plan.actions), len(plan.left),
               '' if parsed_args.left or not plan.left else ': see --left'))
        if parsed_args.totals:
            return _TOTALS, [
                (t.by, t.name, t.images, t.actions, t.size, _time(t.seconds))
                for t in plan.totals(self._speeds(parsed_args))]
        if parsed_args.left:
            return _LEFT, [
                (one.image_id, shown.visible(one.image_name), one.reason.field,
                 one.reason.wanted, one.reason.found, one.reason.rule,
                 one.why) for one in plan.left]
        return _ACTIONS, [
            (one.image_id, shown.visible(one.image_name), one.text(),
             one.why(), ', '.join(one.rules), one.size)
            for one in plan.actions]

    def _speeds(self, parsed_args: argparse.Namespace) -> estimating.Speeds:
        """What the worker's jobs took; a plan is of use without that."""
        from glance_lifecycle.worker.database import durations
        from glance_lifecycle.worker import estimating
        try:
            with worker_host.database(parsed_args) as (database, _conf):
                speeds = estimating.Speeds(durations.latest(database))
        except osc_exceptions.CommandError as error:
            self.app.stderr.write('Times are not known: %s\n' % error)
            return estimating.Speeds(())
        self.app.stderr.write(
            'Times are for one action after another, as the last %d jobs '
            'took.\n' % speeds.count)
        return speeds


def _time(seconds: float | None) -> worker_host.Cell:
    """Seconds, for programs."""
    from glance_lifecycle.policy import units
    return worker_host.Cell(
        None if seconds is None else round(seconds, 1),
        'not known' if seconds is None else units.about_text(seconds))


def _images(cloud: clouds.Cloud, parsed_args: argparse.Namespace) -> Any:
    from glance_lifecycle.audit import drift
    from glance_lifecycle.audit import image_api
    if parsed_args.images:
        for image_id in parsed_args.images:
            image = cloud.image(image_id)
            if image is None:
                raise osc_exceptions.CommandError(
                    'There is no image with the id %s.' % image_id)
            yield image
        return
    query: dict[str, str] = {'visibility': 'all'}
    if parsed_args.project:
        query['owner'] = parsed_args.project
    yield from drift.catalogue(
        image_api.getter(cloud.client), page_size=drift.PAGE, **query)


def _write(path: str, plan: plans.Plan) -> None:
    """:raises CommandError: it cannot be written"""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(fd, 'w') as file:
            file.write(plan.to_json() + '\n')
    except OSError as error:
        raise osc_exceptions.CommandError('%s cannot be written: %s.' % (
            path, error.strerror)) from None
