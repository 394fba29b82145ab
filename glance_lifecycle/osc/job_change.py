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

"""``openstack image lifecycle job retry``, ``cancel`` and ``release``"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any
from typing import ClassVar
from typing import TYPE_CHECKING

from osc_lib import exceptions as osc_exceptions

from glance_lifecycle import exceptions
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import worker_host

if TYPE_CHECKING:
    from glance_lifecycle.worker import asked
    from glance_lifecycle.worker.database import engine

_COLUMNS = ('ID', 'Image', 'Name', 'Action', 'State', 'Detail')

_STOPS = 'The worker was told to stop it, and undoes what it has begun.'

_GOES_ON = ' The job goes on until it is, and ends then.'


class _Change(shown.Judging):
    """What is done to each of some jobs; the others go on where one fails."""

    auth_required = False

    # The function of worker.asked.
    change: ClassVar[str]

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        self.add_jobs(parser)
        parser.add_argument(
            '--reason', metavar='<text>', default='',
            help='A sentence for the history of the image.')
        worker_host.add_arguments(parser)
        return parser

    def add_jobs(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument('jobs', metavar='<job>', nargs='+',
                            help='Job (id; repeat for more).')

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        with worker_host.database(parsed_args) as (database, _conf):
            ids = self.chosen(database, parsed_args)
            return _COLUMNS, list(self._rows(database, ids,
                                             parsed_args.reason))

    def chosen(self, database: engine.Database,
               parsed_args: argparse.Namespace) -> list[str]:
        """Ids of the jobs, if the operator agrees."""
        return list(dict.fromkeys(parsed_args.jobs))

    def _rows(self, database: engine.Database, ids: Sequence[str],
              reason: str) -> Iterator[Sequence[Any]]:
        from glance_lifecycle.worker.database import errors
        for done, job_id in enumerate(ids):
            try:
                yield self._row(database, job_id, reason)
            except errors.WorkerDatabaseError as error:
                # What was done before is still told.
                self.failed = True
                self.app.stderr.write(
                    '%s Of %d jobs the first %d were dealt with.\n' % (
                        exceptions.sentence(error.for_operator()), len(ids),
                        done))
                return

    def _row(self, database: engine.Database, job_id: str,
             reason: str) -> Sequence[Any]:
        from glance_lifecycle.worker import asked
        from glance_lifecycle.worker.database import errors
        from glance_lifecycle.worker.database import jobs
        try:
            view = getattr(asked, self.change)(
                database, job_id, actor=worker_host.operator(),
                reason=exceptions.sentence(reason))
        except errors.JobNotFound:
            self.failed = True
            return (shown.visible(job_id), '', '', '', '',
                    'There is no such job.')
        except errors.JobStateError as error:
            self.failed = True
            return self._cells(asked.show(database, job_id), str(error))
        detail = _STOPS if view.job.state == jobs.State.RUNNING else ''
        if view.job.cancel_requested and view.missing:
            detail = shown.visible(view.missing) + _GOES_ON
        return self._cells(view, detail)

    @staticmethod
    def _cells(view: asked.View, detail: str) -> Sequence[Any]:
        job = view.job
        return (job.id, shown.visible(job.image_id),
                shown.visible(job.image_name), shown.visible(view.what),
                job.state.value, detail)


class _Agreed(_Change):
    """One after which something may be destroyed."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('-y', '--yes', action='store_true',
                            help='Do not ask before destructive jobs.')
        return parser

    def chosen(self, database: engine.Database,
               parsed_args: argparse.Namespace) -> list[str]:
        views = self.views(database, parsed_args)
        destructive = [view for view in views if view.destructive]
        # That a job is, does not change: its purpose never does.
        for view in destructive:
            self.app.stderr.write('%s, of image %s (%s), job %s\n' % tuple(
                map(shown.visible, (
                    view.what, view.job.image_id,
                    view.job.image_name or 'no name', view.job.id))))
        if destructive and not parsed_args.yes:
            shown.agreed('Nothing was changed')
        return [view.job.id for view in views]

    def views(self, database: engine.Database,
              parsed_args: argparse.Namespace) -> list[asked.View]:
        """:raises JobNotFound: then nothing is changed"""
        from glance_lifecycle.worker import asked
        return [asked.show(database, job_id)
                for job_id in dict.fromkeys(parsed_args.jobs)]


class RetryJob(_Agreed):
    """Have jobs done that failed, or were cancelled: now, as if they were new.

    Also those that wait for their next attempt. What is destructive is shown,
    and asked about. The exit code is 1 if one of them cannot be retried,
    such as one that runs, is done, or is held ("job release").
    """

    change = 'retry'


class ReleaseJob(_Agreed):
    """Let jobs be done that the brake holds.

    What is destructive is shown, and asked about. The exit code is 1 if one
    of them is not held.
    """

    change = 'release'

    def add_jobs(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument('jobs', metavar='<job>', nargs='*',
                            help='Job (id; repeat for more).')
        parser.add_argument(
            '--all', action='store_true',
            help='All that are held now; see "job list --state held" first.')

    def views(self, database: engine.Database,
              parsed_args: argparse.Namespace) -> list[asked.View]:
        from glance_lifecycle.worker import asked
        if parsed_args.all == bool(parsed_args.jobs):
            raise osc_exceptions.CommandError(
                'Name the jobs to release, or say --all.')
        if not parsed_args.all:
            return super().views(database, parsed_args)
        # And not what comes to be held while the operator thinks.
        views = asked.all_held(database)
        self.app.stderr.write('%d jobs are held, %d of them DESTRUCTIVE.\n' % (
            len(views), sum(view.destructive for view in views)))
        return views


class CancelJob(_Change):
    """End jobs that wait, are held, or run.

    One that runs is undone. A cancelled job is not opened again until the
    image, be it by another job, or its policy changes, or somebody retries
    it. The exit code is 1 if one of them had ended before.
    """

    change = 'cancel'
