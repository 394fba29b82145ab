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

"""``openstack image lifecycle job show``"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import datetime
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.command import command

from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import worker_host

if TYPE_CHECKING:
    from glance_lifecycle.worker import asked
    from glance_lifecycle.worker.database import history


class ShowJob(command.ShowOne):
    """Show a job of the lifecycle worker, and what happened to it."""

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('job', metavar='<job>', help='Job (id).')
        worker_host.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Any]]:
        from glance_lifecycle.worker import asked
        with worker_host.database(parsed_args) as (database, conf):
            view = asked.show(database, parsed_args.job,
                              conf.lifecycle_worker.store_jobs)
            told = list(asked.history_of_job(database, parsed_args.job))
        found = _fields(view, datetime.datetime.now(datetime.UTC))
        found['history'] = worker_host.Cell(
            [asked.plain(entry) for entry in told], *map(_line, told))
        return tuple(found), tuple(found.values())


def _fields(view: asked.View, now: datetime.datetime) -> dict[str, Any]:
    from glance_lifecycle.worker.database import jobs
    job = view.job
    return {
        'id': job.id, 'state': job.state.value,
        'what': shown.visible(view.what), 'destructive': view.destructive,
        'image_id': shown.visible(job.image_id),
        'image_name': shown.visible(job.image_name),
        'project': shown.visible(job.project),
        'rule': shown.visible(job.rule), 'reason': shown.visible(job.reason),
        'error': shown.visible(job.error), 'purpose': job.purpose,
        'attempts': job.attempts, 'bytes': job.bytes,
        'created_at': worker_host.when(job.created_at),
        'updated_at': worker_host.when(job.updated_at),
        'age': worker_host.ago(job.created_at, now),
        'not_before': worker_host.when(job.not_before)
        if job.state == jobs.State.QUEUED else None,
        'waits': shown.visible(view.waits),
        'missing': shown.visible(view.missing),
        'worker': job.worker, 'cancel_requested': job.cancel_requested,
        'policy_digest': job.policy_digest}


def _line(entry: history.Entry) -> str:
    return '%s %s, %s: %s' % (worker_host.when(entry.at), entry.event,
                              entry.actor, entry.text)
