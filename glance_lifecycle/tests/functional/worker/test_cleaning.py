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


"""What images that are gone have left on a host of glance-api."""

import os
import pathlib
import time

from glance_lifecycle.tests.functional.worker import worker_case
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker.database import history

POLICY = 'version: 1\nrules: []\n'
OLD = 25 * 3600


class CleaningTest(worker_case.WorkerCase):

    def setUp(self) -> None:
        super().setUp()
        self.image_id, self.gone = self.image(), self.image()
        # Each leaves a record of a verified copy.
        for image_id in (self.image_id, self.gone):
            self.run_store('copy', image_id, '--to', 's2')
        self.admin.delete(self.gone)
        self.uploading = str(self.admin.create_image()['id'])
        self.admin.stage(self.uploading, b'staged')
        self.admin.create_image()

    def left(self, name: str, *, age: float = OLD) -> pathlib.Path:
        """A file that some process has left."""
        path = self.api.staging / name
        if not path.exists():
            path.write_bytes(b'left')
        when = time.time() - age
        os.utime(path, (when, when))
        return path

    def records(self) -> set[str]:
        return {path.name.partition('.')[0]
                for path in (self.api.state_dir / 'verified').iterdir()}

    def test_removed(self) -> None:
        """Of images that are gone, or stored; with other names: never."""
        removed = [self.left(self.gone), self.left(self.image_id),
                   self.left(f'{self.gone}.converted')]
        kept = [self.left(self.uploading), self.left('notes'),
                self.left(f'{self.gone}.young', age=3600)]
        self.assertEqual({self.image_id, self.gone}, self.records())
        daemon = self.worker(POLICY)
        waiting.until('all is removed', lambda: not any(
            path.exists() for path in removed)
            and self.records() == {self.image_id})
        self.assertEqual(kept, [path for path in kept if path.exists()])
        # It is told when it is done.
        waiting.until('it is told', lambda: {'cleaned'} == {
            line.event for line in
            history.of_image(daemon.database, self.image_id)})
        self.assertEqual(b'bytes' * 1000, self.admin.download(self.image_id))
        # What was staged for an import is still good.
        self.admin.import_image(self.uploading)
        self.admin.wait_import(self.uploading)

    def test_observed(self) -> None:
        path = self.left(self.gone)
        daemon = self.worker(POLICY, mode='observe')
        waiting.until('it says what it would do',
                      lambda: f'Staged file {self.gone} of an image that is '
                      'gone, 4 bytes, would be removed' in daemon.log_text())
        self.assertTrue(path.exists())
        self.assertIn(self.gone, self.records())

    def test_read(self) -> None:
        """A process has it open, in whatever way; then it is over."""
        path = self.left(self.gone)
        with path.open('rb'):
            daemon = self.worker(POLICY, full_sweep_interval=60)
            waiting.until('records are removed',
                          lambda: self.records() == {self.image_id})
            waiting.until('it is left', lambda: (
                f'Staged file {self.gone!r} is kept: it is open'
                in daemon.log_text()))
            self.assertTrue(path.exists())
