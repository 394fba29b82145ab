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

"""What is old goes; what is open stays."""

from collections.abc import Callable
import datetime
import functools
from typing import Any

import sqlalchemy as sa

from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import job_changes
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import models
from glance_lifecycle.worker.database import moves
from glance_lifecycle.worker.database import purging

State = jobs.State
at = cases.at


class PurgingTest(cases.DatabaseTestCase):

    def closed(self, image_id: str, state: State, seconds: float) -> str:
        job = self.job(image_id, seconds=seconds - 1)
        fence = claims.claim(self.database, job.id, 'w1', now=at(seconds))
        assert fence is not None
        claims.finish(self.database, job.id, fence, state, now=at(seconds))
        return job.id

    def test_purge(self) -> None:
        for number in range(5):
            self.closed(f'old{number}', State.DONE, 10)
        self.closed('failed', State.FAILED, 10)
        keep = {
            self.closed('at the time', State.DONE, 20),
            self.closed('new', State.CANCELLED, 30),
            self.job('queued').id, self.job('held', held=True).id,
            self.claimed('running')[0]}
        wanted = purging.Purged(history=6 * 2 + 3 + 1, jobs=6)
        self.assertEqual(wanted, purging.count(self.database, at(20)))
        self.assertEqual(wanted, purging.purge(self.database, at(20),
                                               batch=2))
        self.assertEqual(keep, {
            job.id for job in jobs.list_jobs(self.database)})
        self.assertEqual([], history.of_image(self.database, 'old1'))
        # It was queued at 19.
        self.assertEqual(['done'], self.events('at the time'))
        self.assertEqual(['queued', 'cancelled'], self.events('new'))
        for what in (purging.count, purging.purge):
            self.assertEqual(purging.Purged(0, 0),
                             what(self.database, at(20)))

    def migration(self, name: str, state: moves.State | None = None,
                  seconds: float = 10, **more: Any) -> moves.Move:
        """Of five images in two waves, in its state since then."""
        moves.begin(
            self.database, name, 'a', 'b', {},
            [moves.Wave(1, True, 1.0), moves.Wave(2, False, 1.0)],
            [moves.Image(f'image-{n}', 'name', 'p', 1 + n % 2, n, 10)
             for n in range(5)], actor='me', now=at(seconds - 1), **more)
        if state is not None:
            moves.turn_to(self.database, moves.get(self.database, name),
                          state, now=at(seconds))
        return moves.get(self.database, name)

    def rows(self, table: sa.Table) -> set[str]:
        """Migrations that have some."""
        return self.database.read(lambda connection: set(
            connection.execute(sa.select(table.c.migration_id)).scalars()))

    def test_migrations(self) -> None:
        self.migration('done', moves.State.DONE)
        self.migration('stopped', moves.State.STOPPED)
        self.migration('new', moves.State.DONE, 30)
        self.migration('flies', moves.State.STOPPED)
        moves.step(self.database, 'flies', moves.images(
            self.database, 'flies')[0], moves.Step.COPYING)
        self.migration('open', moves.State.PAUSED)
        wanted = purging.Purged(history=0, jobs=0, migrations=2)
        self.assertEqual(wanted, purging.count(self.database, at(20)))
        self.assertEqual(wanted, purging.purge(self.database, at(20),
                                               batch=2))
        left = {'new', 'flies', 'open'}
        self.assertEqual(left, {move.id for move in moves.listed(
            self.database)})
        for table in (models.MIGRATION_IMAGES, models.MIGRATION_WAVES):
            self.assertEqual(left, self.rows(table))
        for what in (purging.count, purging.purge):
            self.assertEqual(purging.Purged(0, 0),
                             what(self.database, at(20)))

    def test_undone(self) -> None:
        """Not before the way back is over, and as old."""
        done = self.migration('one', moves.State.DONE)
        self.migration('one-undo', seconds=12, undoes=done)
        self.assertEqual(0, purging.purge(self.database, at(20)).migrations)
        for seconds, gone in ((25, 0), (14, 2)):
            self.database.write(functools.partial(self.end, at(seconds)))
            self.assertEqual(gone, purging.purge(
                self.database, at(20)).migrations)

    @staticmethod
    def end(when: datetime.datetime, connection: sa.Connection) -> None:
        connection.execute(sa.update(models.MIGRATIONS).where(
            models.MIGRATIONS.c.id == 'one-undo').values(
                state=moves.State.DONE, updated_at=when))

    def test_killed_in_between(self) -> None:
        """What no migration names goes with the next one."""
        self.migration('one', moves.State.DONE)
        self.migration('two', moves.State.DONE, 30)
        self.database.write(lambda connection: connection.execute(
            sa.delete(models.MIGRATIONS).where(
                models.MIGRATIONS.c.id == 'one')))
        purging.purge(self.database, at(20), batch=2)
        for table in (models.MIGRATION_IMAGES, models.MIGRATION_WAVES):
            self.assertEqual({'two'}, self.rows(table))

    def test_goes_on_meanwhile(self) -> None:
        """Between the look and the deletion it is resumed."""
        move = self.migration('one', moves.State.STOPPED)
        read = self.database.read

        def late(work: Callable[[sa.Connection], object]) -> object:
            found = read(work)
            if found == ['one']:
                self.database.read = read  # type: ignore[method-assign]
                moves.try_again(self.database, move)
            return found

        self.database.read = late  # type: ignore[assignment, method-assign]
        self.assertEqual(0, purging.purge(self.database, at(20)).migrations)
        self.assertEqual(5, len(moves.images(self.database, 'one')))

    def test_requeued_meanwhile(self) -> None:
        """Between the look and the deletion an operator wants it again."""
        job_id = self.closed('i', State.FAILED, 10)
        read = self.database.read

        def late(work: Callable[[sa.Connection], object]) -> object:
            found = read(work)
            if found == [job_id]:
                self.database.read = read  # type: ignore[method-assign]
                job_changes.requeue(self.database, job_id, actor='op',
                                    now=at(1))
            return found

        self.database.read = late  # type: ignore[assignment, method-assign]
        self.assertEqual(0, purging.purge(self.database, at(20)).jobs)
        self.assertEqual(State.QUEUED, self.get(job_id).state)
