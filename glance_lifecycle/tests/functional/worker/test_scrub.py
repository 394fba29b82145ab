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

"""Stored copies are read back, and bad ones replaced."""

import os
import pathlib
import signal
from typing import Any

from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests.functional.worker import worker_case
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker.database import job_changes
from glance_lifecycle.worker.database import jobs

POLICY = 'version: 1\nrules: []\n'


class ScrubTest(worker_case.WorkerCase):

    def setUp(self) -> None:
        super().setUp()
        self.source = self.noise()
        self.image_id = self.image(self.source)
        self.run_store('copy', self.image_id, '--to', 's2')
        self.forget_verified()

    def forget_verified(self) -> None:
        """As if it was long ago."""
        for path in (self.api.state_dir / 'verified').rglob('*'):
            if path.is_file():
                path.unlink()

    def scrubber(self, **options: Any) -> worker.Worker:
        return self.worker(POLICY, **{'scrub_after': 1, 'repair': True,
                                      **options})

    def copy(self, store: str = 's2') -> pathlib.Path:
        return self.api.stored_copy(self.image_id, store)

    def proof(self, daemon: worker.Worker) -> Any:
        return daemon.proofs(self.image_id)[-1]

    def assert_whole(self) -> None:
        self.assert_stored(self.api, self.admin.get(self.image_id),
                           images.digests(self.source), 's1', 's2')
        self.assert_nothing_left(self.api, self.image_id)

    def failed(self, **options: Any) -> str:
        daemon = self.scrubber(**options)
        daemon.wait_for_job(self.image_id, 'scrub', 'failed')
        self.assertEqual(['s1', 's2'], self.stores_of(self.image_id))
        return daemon.job(self.image_id, 'scrub').error

    def test_good(self) -> None:
        """Read once, and not again before its time."""
        daemon = self.scrubber()
        daemon.wait_for_job(self.image_id, 'scrub')
        self.assertEqual((['s1', 's2'], []), (
            self.proof(daemon)['verified'], self.proof(daemon)['repaired']))
        daemon.set_policy(POLICY + '# All are looked at.\n')
        later = self.image()
        daemon.wait_for_job(later, 'scrub')
        self.assertEqual(1, len(daemon.proofs(self.image_id)))

    def test_bit_flipped(self) -> None:
        self.corrupt(self.copy(), 40 * images.MIB)
        daemon = self.scrubber()
        daemon.wait_for_job(self.image_id, 'scrub')
        self.assert_whole()
        self.assertEqual((['s1'], ['s2'], 's1'), tuple(
            self.proof(daemon)[name]
            for name in ('verified', 'repaired', 'source')))

    def test_missing(self) -> None:
        self.copy('s1').unlink()
        daemon = self.scrubber()
        daemon.wait_for_job(self.image_id, 'scrub')
        self.assert_whole()

    def test_not_mounted(self) -> None:
        """Nothing is written where the store should be."""
        other = self.image()
        self.run_store('copy', other, '--to', 's2')
        self.forget_verified()
        store = self.api.store_dir('s2')
        away = store.rename(store.with_name('away'))
        store.mkdir()
        daemon = self.scrubber()

        def told() -> bool:
            return any('Nor are 1 other images there' in job.error
                       for job in jobs.list_jobs(daemon.database))
        waiting.until('it is told', told)
        self.assertEqual([], list(store.iterdir()))
        for image_id in (self.image_id, other):
            self.assertEqual(['s1', 's2'], self.stores_of(image_id))
        store.rmdir()
        away.rename(store)
        for image_id in (self.image_id, other):
            daemon.wait_for_job(image_id, 'scrub')
            self.assertEqual([], daemon.proofs(image_id)[-1]['repaired'])

    def test_only_told(self) -> None:
        self.corrupt(self.copy())
        self.assertIn('the copy in s2 is not whole. Set [lifecycle_worker] '
                      'repair', self.failed(repair=False))

    def test_all_bad(self) -> None:
        """Nothing is dropped where nothing good would be left."""
        for store in ('s1', 's2'):
            self.corrupt(self.copy(store))
        self.assertIn('NO OTHER COPY IS GOOD', self.failed())
        self.assertTrue(self.copy('s1').exists() and self.copy().exists())

    def test_cancelled(self) -> None:
        """Too late: what was dropped is made again first."""
        self.corrupt(self.copy())
        daemon = self.scrubber()
        waiting.until('the bad copy is dropped', lambda: (
            self.stores_of(self.image_id) == ['s1']), interval=0.001)
        child = transfer.find_below(daemon.pid)
        os.kill(child, signal.SIGSTOP)
        self.addCleanup(transfer.resume, child)
        found = job_changes.cancel(daemon.database,
                                   daemon.job(self.image_id, 'scrub').id,
                                   actor='an operator')
        self.assertTrue(found.cancel_requested)
        transfer.resume(child)
        daemon.wait_for_job(self.image_id, 'scrub')
        self.assert_whole()

    def test_killed(self) -> None:
        """Between the drop and the new copy: the next one makes it."""
        self.corrupt(self.copy())
        daemon = self.scrubber()
        waiting.until('the bad copy is dropped', lambda: (
            self.stores_of(self.image_id) == ['s1']), interval=0.001)
        daemon.kill()
        self.assertEqual(['s1'], self.stores_of(self.image_id))
        daemon.start()
        daemon.wait_for_job(self.image_id, 'scrub')
        self.assert_whole()
        self.assertEqual(2, daemon.job(self.image_id, 'scrub').attempts)
