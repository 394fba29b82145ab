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

"""``openstack image lifecycle job list``"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import datetime
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.command import command

from glance_lifecycle.osc.common import amounts
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import worker_host

if TYPE_CHECKING:
    from glance_lifecycle.worker import asked

_COLUMNS = ('ID', 'State', 'Image', 'Name', 'Action', 'Created At', 'Age',
            'Attempts', 'Why')

_ALL = 'all'


class ListJobs(command.Lister):
    """List the jobs of the lifecycle worker, the newest first.

    Without --state those that are not over, and those that failed, which
    stay so until somebody retries them, or their image or policy changes.
    What cannot be undone is named DESTRUCTIVE.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        from glance_lifecycle.worker import asked
        from glance_lifecycle.worker.database import jobs
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--state', action='append', dest='states',
            choices=[state.value for state in jobs.State] + [_ALL],
            help='Only these: queued jobs wait for the worker, held ones for '
            'an operator (repeat for more; default: %s).'
            % ', '.join(state for state in jobs.State
                        if state in asked.ATTENTION))
        parser.add_argument('--image', metavar='<id>',
                            help='Only jobs of this image (id).')
        parser.add_argument(
            '--limit', metavar='<number>', default=100,
            type=amounts.number_from(1, 10 ** 6),
            help='List so many at most (default: 100).')
        parser.add_argument(
            '--marker', metavar='<job>',
            help='Go on after this job, the last one of the list before.')
        worker_host.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        from glance_lifecycle.worker import asked
        from glance_lifecycle.worker.database import jobs
        states = set(parsed_args.states or asked.ATTENTION)
        with worker_host.database(parsed_args) as (database, conf):
            page = asked.listed(
                database, states=set(jobs.State) if _ALL in states
                else {jobs.State(state) for state in states},
                image_id=parsed_args.image, marker=parsed_args.marker,
                limit=parsed_args.limit,
                limits=conf.lifecycle_worker.store_jobs)
        if page.more:
            self.app.stderr.write('There are more: --marker %s\n'
                                  % page.views[-1].job.id)
        now = datetime.datetime.now(datetime.UTC)
        return _COLUMNS, [_row(view, now) for view in page.views]


def _row(view: asked.View, now: datetime.datetime) -> Sequence[Any]:
    job = view.job
    return (job.id, job.state.value, shown.visible(job.image_id),
            shown.visible(job.image_name), shown.visible(view.what),
            worker_host.when(job.created_at),
            worker_host.ago(job.created_at, now), job.attempts,
            shown.visible(' '.join(filter(None, (
                view.waits, view.missing, job.error or job.reason)))))
