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

"""A worker that is killed, stopped or frozen, at any time: nothing is lost."""

import datetime
import os
import signal
from typing import Any

from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests.functional.worker import worker_case
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker.database import job_changes


class KillTest(worker_case.WorkerCase):

    def setUp(self) -> None:
        super().setUp()
        self.source = self.noise()
        self.golden = self.image(self.source, name='golden-1',
                                 protected=True)

    def copying(self, **options: Any) -> tuple[worker.Worker, int]:
        """A worker whose copy has begun, and the transfer, stopped."""
        daemon = self.worker(**options)
        child = transfer.find_below(daemon.pid)
        os.kill(child, signal.SIGSTOP)
        self.addCleanup(transfer.resume, child)
        return daemon, child

    def assert_copied(self, daemon: worker.Worker, attempts: int) -> None:
        daemon.wait_for_job(self.golden, 'copy')
        self.assert_stored(self.api, self.admin.get(self.golden),
                           images.digests(self.source), 's1', 's2')
        self.assert_nothing_left(self.api, self.golden)
        self.assertEqual(attempts, daemon.job(self.golden, 'copy').attempts)
        self.assertEqual(1, len([
            line for line in daemon.story(self.golden)
            if line.startswith('done')]), str(daemon.story(self.golden)))

    def test_killed(self) -> None:
        """Master and worker: the next one begins again."""
        daemon, child = self.copying()
        daemon.kill()
        # It has lost its parent, and ends.
        transfer.resume(child)
        self.assertEqual('running', daemon.states(self.golden)['copy'])
        daemon.start()
        self.assert_copied(daemon, 2)
        self.assertIn('taken back', str(daemon.story(self.golden)))

    def test_worker_killed(self) -> None:
        """The master starts another."""
        daemon, child = self.copying()
        os.kill(daemon.child, signal.SIGKILL)
        transfer.resume(child)
        self.assert_copied(daemon, 2)

    def test_transfer_killed(self) -> None:
        """An attempt fails, and the next goes well."""
        daemon, child = self.copying()
        os.kill(child, signal.SIGKILL)
        self.assert_copied(daemon, 2)
        self.assertIn('put back', str(daemon.story(self.golden)))

    def test_drained(self) -> None:
        """What runs is finished first."""
        daemon, child = self.copying()
        os.kill(daemon.pid, signal.SIGTERM)
        waiting.until('it stops', lambda: ' stops.' in daemon.log_text())
        os.kill(child, signal.SIGCONT)
        daemon.terminate()
        self.assert_copied(daemon, 1)

    def test_drained_too_long(self) -> None:
        """What takes too long is undone, and given back: no attempt."""
        daemon, child = self.copying(drain_timeout=1)
        with transfer.Throttle(child):
            daemon.terminate()
        self.assertEqual('queued', daemon.states(self.golden)['copy'])
        self.assert_nothing_left(self.api, self.golden)
        self.assertEqual(['s1'], self.stores_of(self.golden))
        daemon.start()
        self.assert_copied(daemon, 1)

    def test_cancelled(self) -> None:
        daemon, child = self.copying()
        job_changes.cancel(daemon.database, daemon.job(self.golden, 'copy').id,
                           actor='an operator')
        with transfer.Throttle(child):
            daemon.wait_for_job(self.golden, 'copy', 'cancelled')
        self.assert_nothing_left(self.api, self.golden)
        daemon.wait_for_sweep()
        # Nor is it begun again, before something has changed.
        self.assertEqual('cancelled', daemon.states(self.golden)['copy'])
        self.assertEqual(['s1'], self.stores_of(self.golden))
        self.admin.update(self.golden, other='changed')
        self.assert_copied(daemon, 1)

    def test_cancelled_and_changed_by_the_worker(self) -> None:
        """What it does itself opens nothing that was cancelled."""
        daemon = self.worker(mode='observe')
        other = self.image(name='golden-2')
        waiting.until('both are opened', lambda: daemon.states(other) == {
            'copy': 'queued', 'update': 'queued'})
        job_changes.cancel(daemon.database, daemon.job(other, 'copy').id,
                           actor='an operator')
        daemon.terminate()
        # Its times are whole seconds.
        cancelled = daemon.job(other, 'copy').updated_at
        waiting.until('a later second', lambda: (
            datetime.datetime.now(datetime.UTC) - cancelled).seconds > 0)
        daemon.configure(mode='act')
        daemon.start()
        daemon.wait_for_job(other, 'update')
        self.assertTrue(self.admin.get(other)['protected'])
        daemon.wait_for_sweep()
        self.assertEqual('cancelled', daemon.states(other)['copy'])
        self.admin.update(other, other='changed')
        daemon.wait_for_job(other, 'copy')

    def test_frozen(self) -> None:
        """Its job is done by another; thawed, it registers nothing."""
        first, child = self.copying(claim_expiry=3)
        frozen = first.freeze()
        self.addCleanup(transfer.resume, frozen)
        second = self.worker(claim_expiry=3)
        waiting.until('the job is taken back', lambda: (
            'taken back' in str(second.story(self.golden))))
        os.kill(frozen, signal.SIGCONT)
        os.kill(child, signal.SIGCONT)
        waiting.until('it notices', lambda: (
            'goes on elsewhere' in first.log_text()))
        second.wait_for_job(self.golden, 'copy')
        self.assert_stored(self.api, self.admin.get(self.golden),
                           images.digests(self.source), 's1', 's2')
        self.assert_nothing_left(self.api, self.golden)
        self.assertEqual(1, str(second.story(self.golden)).count("'done: "))

    def test_two(self) -> None:
        """They share the work; each job is done once."""
        workers = [self.worker(jobs=2, brake_percent=0) for _ in range(2)]
        made = [self.image(name='golden-%d' % n) for n in range(2, 14)]
        for image_id in made:
            workers[0].wait_for_job(image_id, 'copy')
            workers[0].wait_for_job(image_id, 'update')
        for image_id in made:
            story = workers[0].story(image_id)
            self.assertEqual(2, str(story).count("'done: "), str(story))
            self.assertEqual(
                [1, 1], [workers[0].job(image_id, purpose).attempts
                         for purpose in ('copy', 'update')])
