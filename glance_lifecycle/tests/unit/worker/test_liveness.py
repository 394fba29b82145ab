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

"""Who is alive: by real locks of real processes, and by signs of life."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
from typing import Any
from unittest import mock
import uuid

import fixtures

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker import liveness
from glance_lifecycle.worker import presence

State = jobs.State

# It holds a lock as a worker does, claims a job, and waits to be killed.
_OTHER = """
import sys
from glance_lifecycle.worker import liveness
from glance_lifecycle.worker.database import claims, engine
database = engine.Database(sys.argv[1])
alive = liveness.Liveness(database, sys.argv[2], 'act', 60)
alive.beat()
assert claims.claim(database, sys.argv[3], alive.id)
database.close()
print(alive.id, flush=True)
sys.stdin.read()
"""


class LivenessTest(cases.DatabaseTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.state_dir = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path, 'state')
        self.now = 1000.0
        self.mine = self.liveness()
        self.mine.beat()

    def liveness(self) -> liveness.Liveness:
        return liveness.Liveness(
            self.database, str(self.state_dir), 'act', 60,
            clock=lambda: self.now)

    def files(self) -> set[str]:
        return {path.name for path in (self.state_dir / 'workers').iterdir()}

    def workers(self) -> set[str]:
        return {worker.id for worker in presence.workers(self.database)}

    def process(self, job_id: str) -> tuple[str, 'subprocess.Popen[str]']:
        """A worker that has this job, and its id."""
        found = subprocess.Popen(
            [sys.executable, '-c', _OTHER, self.url, str(self.state_dir),
             job_id], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True)
        self.addCleanup(found.communicate)
        self.addCleanup(found.kill)
        assert found.stdout is not None
        return found.stdout.readline().strip(), found

    def elsewhere(self, *, claims_job: str | None = None) -> Any:
        """A worker of another host; its sign of life."""
        name = str(uuid.uuid4())
        with mock.patch.object(socket, 'gethostname', return_value='other'):
            found = presence.Presence(self.database, name, mode='act')
        found.beat()
        if claims_job is not None:
            claims.claim(self.database, claims_job, name)
        return found

    def test_file(self) -> None:
        path = self.state_dir / 'workers' / self.mine.id
        self.assertEqual(0o600, path.stat().st_mode & 0o777)
        self.assertEqual(0o700, path.parent.stat().st_mode & 0o777)
        self.assertNotEqual(self.mine.id, self.liveness().id)

    def test_gone(self) -> None:
        other = self.liveness()
        other.beat()
        self.assertEqual({self.mine.id, other.id}, self.workers())
        other.gone()
        self.assertEqual(({self.mine.id}, {self.mine.id}),
                         (self.workers(), self.files()))

    def test_no_directory(self) -> None:
        self.state_dir = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path, 'file')
        self.state_dir.touch()
        error = self.assertRaises(exceptions.ConfigurationError,
                                  self.liveness)
        self.assertNotIn(str(self.state_dir), str(error))
        self.assertIn(str(self.state_dir), error.for_operator())

    def test_own(self) -> None:
        """However long it has not come to tell: it is alive."""
        job = self.job()
        claims.claim(self.database, job.id, self.mine.id)
        for _each in range(3):
            self.assertEqual(0, self.mine.take_back())
            self.now += 1000

    def test_killed(self) -> None:
        """Nobody waits: the kernel has told."""
        job = self.job()
        name, process = self.process(job.id)
        self.assertEqual(0, self.mine.take_back())
        process.kill()
        process.wait()
        self.assertEqual(1, self.mine.take_back())
        self.assertEqual((State.QUEUED, 2), (self.get(job.id).state,
                                             self.get(job.id).fence))
        self.assertEqual(({self.mine.id}, {self.mine.id}),
                         (self.workers(), self.files()))
        self.assertEqual(['queued', 'taken back'], self.events())
        self.assertEqual(0, self.mine.take_back())

    def test_frozen(self) -> None:
        """It has its lock, and gives no sign of life."""
        job = self.job()
        name, process = self.process(job.id)
        os.kill(process.pid, signal.SIGSTOP)
        self.assertEqual(0, self.mine.take_back())
        self.now += 59
        self.assertEqual(0, self.mine.take_back())
        self.now += 1
        self.assertEqual(1, self.mine.take_back())
        self.assertEqual({self.mine.id}, self.workers())

    def test_another_host(self) -> None:
        """As long as its sign changes, whatever its clock says."""
        job = self.job()
        other = self.elsewhere(claims_job=job.id)
        for _each in range(5):
            self.assertEqual(0, self.mine.take_back())
            self.now += 59
            other.beat()
        self.assertEqual(0, self.mine.take_back())
        self.now += 61
        self.assertEqual(1, self.mine.take_back())
        self.assertEqual({self.mine.id}, self.workers())

    def test_comes_back(self) -> None:
        """One that was taken for dead, and thaws, is a worker again."""
        job = self.job()
        other = self.elsewhere(claims_job=job.id)
        self.mine.take_back()
        self.now += 61
        self.assertEqual(1, self.mine.take_back())
        other.beat()
        self.assertEqual(0, self.mine.take_back())
        self.assertEqual(2, len(self.workers()))

    def test_unheard_of(self) -> None:
        """A job of a worker that nothing is known of."""
        job = self.job()
        claims.claim(self.database, job.id, str(uuid.uuid4()))
        self.assertEqual(1, self.mine.take_back())

    def test_begins_meanwhile(self) -> None:
        """Between the look at workers and that at jobs."""
        claims.claim(self.database, self.job('other').id, self.mine.id)
        job = self.job()
        real = presence.workers

        def workers(*args: Any) -> Any:
            found = real(*args)
            self.elsewhere(claims_job=job.id)
            return found
        with mock.patch.object(presence, 'workers', workers):
            self.assertEqual(0, self.mine.take_back())

    def test_memory(self) -> None:
        """Of those that are gone, nothing is kept."""
        for _each in range(3):
            self.elsewhere()
            self.mine.living()
            self.now += 61
        self.mine.living()
        self.assertEqual({}, self.mine._signs)

    def test_nothing_runs(self) -> None:
        """An idle worker does not ask who is there each second."""
        self.elsewhere()
        with mock.patch.object(presence, 'workers') as asked:
            self.assertEqual(0, self.mine.take_back())
        asked.assert_not_called()

    def test_link(self) -> None:
        """Where a file of a worker should be: nothing is opened."""
        target = self.state_dir / 'target'
        target.touch()
        link = self.state_dir / 'workers' / 'x'
        link.symlink_to(target)
        self.assertFalse(liveness._free(link))
        self.assertFalse(liveness._free(link.with_name('y')))
        self.assertTrue(liveness._free(target))
        self.assertFalse(liveness._free(
            self.state_dir / 'workers' / self.mine.id))
