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

"""What the tests of the worker's database have in common.

Each runs on a file of SQLite here, and in functional/worker on real servers.
"""

import datetime
import functools
import os
import pathlib
import tempfile
from typing import Any

import fixtures
import testtools

from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import migration

START = datetime.datetime(2026, 3, 1, 12, 0, 0, 123456, datetime.UTC)

State = jobs.State


def at(seconds: float) -> datetime.datetime:
    """So long after START."""
    return START + datetime.timedelta(seconds=seconds)


def _memory() -> str | None:
    """Where files are in memory: SQLite waits for a disk at each commit.

    None, for the usual place, where there is no such one.
    """
    return '/dev/shm' if os.access('/dev/shm', os.W_OK | os.X_OK) else None


@functools.cache
def _synced() -> bytes:
    """The file of a database as alembic makes it, once a process."""
    with tempfile.TemporaryDirectory(dir=_memory()) as directory:
        path = pathlib.Path(directory, 'worker.db')
        database = engine.Database(f'sqlite:///{path}')
        migration.sync(database)
        # The last one that closes it writes its log back.
        database.close()
        return path.read_bytes()


def _write(path: str, content: bytes) -> None:
    """With the mode that the worker gives it."""
    with open(path, 'xb', opener=lambda name, flags: os.open(
            name, flags, 0o600)) as file:
        file.write(content)


class DatabaseTestCase(testtools.TestCase):
    """A test with an empty, synced database."""

    def setUp(self) -> None:
        super().setUp()
        self.url = self.new_url()
        self.database = self.open()
        path = self.database.url.database
        if self.database.is_sqlite and path:
            _write(path, _synced())
        else:
            migration.sync(self.database)

    def new_url(self) -> str:
        """Of a new, empty database."""
        base = self.useFixture(fixtures.TempDir(rootdir=_memory())).path
        return f'sqlite:///{base}/worker.db'

    def open(self, patience: float = 60,
             url: str | None = None) -> engine.Database:
        """A handle of its own, as another process has."""
        database = engine.Database(url or self.url, patience)
        self.addCleanup(database.close)
        return database

    def job(self, image_id: str = 'image', purpose: str = 'restore', *,
            seconds: float = 0, held: bool = False,
            **wanted: Any) -> jobs.Job:
        """A new job."""
        wanted = {'action': {'a': 1}, 'reason': 'It is not protected.',
                  **wanted}
        job, joined = jobs.open_job(
            self.database, jobs.Wanted(image_id, purpose, **wanted),
            actor='sweep', held=held, now=at(seconds))
        self.assertFalse(joined)
        return job

    def join(self, image_id: str = 'image', purpose: str = 'restore',
             reason: str = 'Another.') -> tuple[jobs.Job, bool]:
        """What another observer finds: the job, and whether it was there."""
        return jobs.open_job(self.database, jobs.Wanted(
            image_id, purpose, {'a': 2}, reason, rule='r2',
            policy_digest='d2'), actor='notification', now=at(9))

    def claimed(self, image_id: str = 'image', worker: str = 'w1',
                **wanted: Any) -> tuple[str, int]:
        """A job that runs: id and fence."""
        job = self.job(image_id, **wanted)
        fence = claims.claim(self.database, job.id, worker,
                             now=job.not_before)
        assert fence is not None
        return job.id, fence

    def get(self, job_id: str) -> jobs.Job:
        return jobs.get(self.database, job_id)

    def events(self, image_id: str = 'image') -> list[str]:
        return [entry.event for entry in history.of_image(
            self.database, image_id)]
