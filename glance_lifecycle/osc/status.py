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

"""``openstack image lifecycle status``"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from collections.abc import Sequence
import datetime
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.command import command

from glance_lifecycle.osc.common import worker_host

if TYPE_CHECKING:
    from glance_lifecycle.worker import asked
    from glance_lifecycle.worker.database import jobs

Cell = worker_host.Cell


class ShowStatus(command.ShowOne):
    """Show how the lifecycle worker stands.

    Workers and whether they are alive, how many jobs there are and how long
    they wait, what runs and where, the last looks at the images, and what
    waits for an operator.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        worker_host.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Any]]:
        from glance_lifecycle.worker import asked
        with worker_host.database(parsed_args) as (database, conf):
            status = asked.status(
                database, state_dir=conf.lifecycle.state_dir,
                expiry=conf.lifecycle_worker.claim_expiry,
                limits=conf.lifecycle_worker.store_jobs)
        data = status.to_dict()
        found: dict[str, Any] = {
            'at': data['at'],
            'workers': Cell(data['workers'], *_workers(status)),
            'jobs': Cell(data['jobs'], ', '.join(
                '%s: %d' % pair for pair in status.jobs.items())),
            'oldest_queued': _age(status.oldest.queued, status.at),
            'oldest_due': _age(status.oldest.due, status.at),
            'running': Cell(data['running'], *_running(status)),
            'stores_away': Cell(_away(status), ', '.join(_away(status))
                                or 'none'),
            'store_jobs': Cell(data['stores'], *_stores(status)),
            'destructive': Cell(data['destructive'], ', '.join(
                '%s: %d' % pair for pair in status.destructive.items())),
            'held': Cell(data['held'], *_held(status))}
        for kind, sweep in status.sweeps.items():
            found['last_%s_sweep' % kind] = Cell(
                data['sweeps'][kind], *_sweep(sweep, status.at))
        return tuple(found), tuple(found.values())


def _workers(status: asked.Status) -> Iterator[str]:
    for worker in status.workers:
        yield '%s on %s, process %d, mode %s: %s, seen %s ago, runs %d' % (
            worker.id, worker.host, worker.pid, worker.mode,
            'alive' if worker.alive else 'GONE',
            worker_host.ago(worker.seen_at, status.at), worker.running)
    if not any(worker.alive for worker in status.workers):
        yield 'No worker is alive: start glance-lifecycle-worker.'
    elif not any(worker.alive and worker.mode == 'act'
                 for worker in status.workers):
        yield ('They observe, and change nothing: see [lifecycle_worker] '
               'mode.')


def _away(status: asked.Status) -> list[str]:
    """Stores whose jobs wait because they failed."""
    return sorted({store for worker in status.workers if worker.alive
                   for store in worker.away})


def _stores(status: asked.Status) -> Iterator[str]:
    for store, found in status.stores.items():
        yield '%s: %d of %d jobs run, %d more are due' % (
            store, found.running, found.limit, found.due)
    if not status.stores:
        yield 'no limits'


def _age(moment: datetime.datetime | None,
         now: datetime.datetime) -> Cell:
    if moment is None:
        return Cell(None, 'none')
    return Cell({'since': worker_host.when(moment),
                 'seconds': max(0, int((now - moment).total_seconds()))},
                '%s (since %s)' % (worker_host.ago(moment, now),
                                   worker_host.when(moment)))


def _running(status: asked.Status) -> Iterator[str]:
    from glance_lifecycle.worker.database import jobs
    hosts = {worker.id: worker.host for worker in status.workers}
    for view in status.running:
        job = view.job
        yield '%s: %s, of image %s (%s), on %s, for %s' % (
            job.id, view.what, job.image_id, job.image_name or 'no name',
            hosts.get(job.worker or '', 'a worker that is gone'),
            worker_host.ago(job.updated_at, status.at))
    yield from _more(status, jobs.State.RUNNING, len(status.running))


def _held(status: asked.Status) -> Iterator[str]:
    from glance_lifecycle.worker.database import jobs
    for view in status.held:
        yield '%s: of image %s (%s): %s' % (
            view.job.id, view.job.image_id,
            view.job.image_name or 'no name', view.job.reason)
    yield from _more(status, jobs.State.HELD, len(status.held))


def _more(status: asked.Status, state: jobs.State,
          told: int) -> Iterator[str]:
    total = status.jobs[state.value]
    if total > told:
        yield ('%d in all: see "image lifecycle job list --state %s"'
               % (total, state.value))
    elif not total:
        yield 'none'


def _sweep(sweep: asked.Sweep | None,
           now: datetime.datetime) -> Iterator[str]:
    if sweep is None:
        yield 'none yet'
        return
    yield '%s (%s ago): %s' % (
        worker_host.when(sweep.ended_at),
        worker_host.ago(sweep.ended_at, now),
        'failed' if sweep.error else ', '.join(
            '%s: %d' % pair for pair in sweep.numbers.items()))
    if sweep.error:
        yield sweep.error
        yield ('The last that went well began %s ago.' % worker_host.ago(
            sweep.good_at, now) if sweep.good_at else 'None went well yet.')
