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

"""Two workers; the jobs of one are done by the other, and then it goes on.

Each job stands at its point as its worker is frozen, for longer than its
claim lasts. Glance's own log tells what was done, and how often. A copy, and
where bytes are copied meanwhile, is in test_kill.
"""

import os
import signal

from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional.worker import stopped_worker
from glance_lifecycle.tests.functional.worker import worker_case
from glance_lifecycle.tests import waiting

_POLICY = """\
version: 1
rules:
  - name: update
    match: {name: update}
    protect: {protected: true}
  - name: drop
    match: {name: drop}
    place: {stores: [s1], copies: exact, combine: policy-only}
  - name: hide
    match: {name: hide}
    retain: {hide_after: 0 seconds, only_unused: false}
  - name: deactivate
    match: {name: deactivate}
    retain: {deactivate_after: 0 seconds, only_unused: false}
  - name: delete
    match: {name: delete}
    retain: {delete_after: 0 seconds, only_unused: false}
"""

# Purpose -> the request that does it.
_REQUESTS = {
    'update': 'PATCH /v2/images/IMAGE',
    'drop:s2': 'DELETE /v2/stores/s2/IMAGE',
    'hide': 'PATCH /v2/images/IMAGE',
    'deactivate': 'POST /v2/images/IMAGE/actions/deactivate',
    'delete': 'DELETE /v2/images/IMAGE'}


class FrozenTest(worker_case.WorkerCase):

    def stored(self, purpose: str) -> str:
        image_id = str(self.admin.create_image(
            purpose.partition(':')[0], disk_format='raw')['id'])
        self.admin.stage(image_id, b'bytes')
        self.admin.import_image(image_id, stores=['s1', 's2'])
        self.admin.wait_import(image_id)
        return image_id

    def worker_that_stops(self) -> stopped_worker.StoppedWorker:
        return self.useFixture(stopped_worker.StoppedWorker(
            self.api, _POLICY, brake_images=0, brake_percent=0, jobs=16,
            claim_expiry=3))

    def thawed(self, *wanted: tuple[str, str]) -> dict[str, str]:
        """Image -> purpose of the jobs that stood, when all is over.

        :param wanted: purpose and point, of each
        """
        images = {self.stored(purpose): (purpose, point)
                  for purpose, point in wanted}
        first = self.worker_that_stops()
        first.terminate()
        for image_id, (_purpose, point) in images.items():
            first.stop_at(image_id, point)
        first.start()
        waiting.until('all jobs stand', lambda: all(
            map(first.stopped, images)))
        frozen = first.freeze()
        self.addCleanup(transfer.resume, frozen)
        second = self.worker_that_stops()
        for image_id, (purpose, _point) in images.items():
            second.wait_for_job(image_id, purpose)
        for image_id in images:
            first.go_on(image_id)
        os.kill(frozen, signal.SIGCONT)
        waiting.until('it notices with all of them', lambda: (
            first.log_text().count('goes on elsewhere') == len(images)))
        for image_id, (purpose, _point) in images.items():
            self.assertEqual([_REQUESTS[purpose]],
                             stopped_worker.writes(self.api, image_id))
            self.assertEqual(1, str(second.story(image_id)).count("'done: "))
            self.assertEqual('done', second.states(image_id)[purpose])
        return {image_id: purpose
                for image_id, (purpose, _point) in images.items()}

    def test_before_the_act(self) -> None:
        """Not even asked for twice."""
        images = self.thawed(*(
            (purpose, f'lifecycle-{purpose.partition(":")[0]} begins #1')
            for purpose in _REQUESTS))
        for image_id, purpose in images.items():
            self.assertEqual([_REQUESTS[purpose]], stopped_worker.writes(
                self.api, image_id, r'\d\d\d'))

    def test_in_the_act(self) -> None:
        """After the last look at the claim: Glance refuses the second."""
        images = self.thawed(*(
            (purpose, f'{_REQUESTS[purpose]} #1')
            for purpose in ('drop:s2', 'delete')))
        for image_id, purpose in images.items():
            self.assertEqual([_REQUESTS[purpose]], stopped_worker.writes(
                self.api, image_id, r'4\d\d'))
