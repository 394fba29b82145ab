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

"""How many bytes a worker moves, counted in the store.

No more than may have passed since it began; a slow machine moves less.
"""

import os
import pathlib
import signal
import time

from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests.functional.worker import worker_case
from glance_lifecycle.tests import waiting
from glance_lifecycle.transfer import pacing
from glance_lifecycle.transfer import window
from glance_lifecycle.worker.database import job_changes

#: MiB a second; without a limit it is hundreds
RATE = 4


class RateCase(worker_case.WorkerCase):

    def golden(self, number: int = 1, size: int = 16 * images.MIB
               ) -> tuple[str, pathlib.Path]:
        source = self.noise(size, 'noise-%d' % number)
        return self.image(source, name='golden-%d' % number,
                          protected=True), source

    def written(self, store: str = 's2') -> int:
        """Bytes that lie in it, also of copies that are not complete."""
        found = 0
        for path in self.api.store_dir(store).rglob('*'):
            try:
                found += path.stat().st_blocks * 512 if path.is_file() else 0
            except FileNotFoundError:
                # It was renamed.
                found += 0
        return found

    def assert_paced(self, begun: float, copied: int, rate: int = RATE
                     ) -> None:
        """No more than may have passed since."""
        self.assertLessEqual(
            copied, rate * images.MIB * (
                time.monotonic() - begun + pacing.BURST) + window.SIZE)

    def watch(self, daemon: worker.Worker, begun: float,
              *image_ids: str) -> None:
        """Count until all are copied."""
        counted = set()

        def copied() -> bool:
            found = self.written()
            self.assert_paced(begun, found)
            counted.add(found)
            return all(daemon.states(one).get('copy') == 'done'
                       for one in image_ids)
        waiting.until('they are copied', copied)
        # Some of them while it was under way.
        self.assertGreater(len(counted), 3)


class RateTest(RateCase):

    def test_copies_share(self) -> None:
        """Two at once, as fast as one may be."""
        made = dict(self.golden(number) for number in (1, 2))
        begun = time.monotonic()
        daemon = self.worker(rate=RATE)
        self.watch(daemon, begun, *made)
        for image_id, source in made.items():
            self.assert_stored(self.api, self.admin.get(image_id),
                               images.digests(source), 's1', 's2')
        self.assertIn('MiB a second at most: 4 of all jobs, 0 of those that '
                      'read copies back, 0 being no limit; of stores none.',
                      daemon.log_text())

    def test_store(self) -> None:
        """The other one is written as fast as it can be."""
        image_id, _ = self.golden()
        begun = time.monotonic()
        daemon = self.worker(worker_case.POLICY + """\
  - name: other
    match: {name: "other-*"}
    place: {stores: [s1, s3]}
""", store_rates='s2:%d' % RATE)
        self.watch(daemon, begun, image_id)
        other = self.image(self.noise(64 * images.MIB, 'other'),
                           name='other-1')
        daemon.wait_for_job(other, 'copy')

    def test_scrub(self) -> None:
        """What is read back has a limit of its own."""
        image_id, _ = self.golden()
        self.run_store('copy', image_id, '--to', 's2')
        # As if it was long ago.
        for path in (self.api.state_dir / 'verified').rglob('*'):
            if path.is_file():
                path.unlink()
        begun = time.monotonic()
        daemon = self.worker(scrub_after=1, scrub_rate=RATE)
        daemon.wait_for_job(image_id, 'scrub')
        read = daemon.proofs(image_id)[-1]['verified']
        self.assertEqual(['s1', 's2'], read)
        self.assert_paced(begun, len(read) * 16 * images.MIB)


class WaitingTest(RateCase):
    """A copy that waits, and would for longer than any test."""

    def setUp(self) -> None:
        super().setUp()
        self.image_id, self.source = self.golden(size=64 * images.MIB)
        self.daemon = self.worker(rate=1, drain_timeout=1)
        waiting.until('something is written', self.written)

    def assert_whole(self) -> None:
        self.daemon.wait_for_job(self.image_id, 'copy')
        self.assert_stored(self.api, self.admin.get(self.image_id),
                           images.digests(self.source), 's1', 's2')
        self.assert_nothing_left(self.api, self.image_id)

    def test_cancelled(self) -> None:
        child = transfer.find_below(self.daemon.pid)
        job_changes.cancel(self.daemon.database,
                           self.daemon.job(self.image_id, 'copy').id,
                           actor='an operator')
        self.daemon.wait_for_job(self.image_id, 'copy', 'cancelled')
        waiting.until('its process is gone',
                      lambda: not transfer.running(child))
        self.assertEqual((['s1'], 0), (
            self.stores_of(self.image_id), self.written()))
        self.assert_nothing_left(self.api, self.image_id)

    def test_killed(self) -> None:
        """Its child ends, and who comes next makes the copy."""
        child = transfer.find_below(self.daemon.pid)
        self.daemon.kill()
        waiting.until('its process is gone',
                      lambda: not transfer.running(child))
        self.daemon.configure(rate=0)
        self.daemon.start()
        self.assert_whole()

    def test_changed(self) -> None:
        """With SIGHUP: the job is given back to one with the new limit."""
        self.daemon.configure(rate=0)
        os.kill(self.daemon.pid, signal.SIGHUP)
        self.assert_whole()
        self.assertIn('at most: 0 of all jobs', self.daemon.log_text())
        self.assertIn('The worker stops', str(
            self.daemon.story(self.image_id)))
