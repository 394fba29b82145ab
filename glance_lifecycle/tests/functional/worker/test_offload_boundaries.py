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

"""kill -9 at each boundary of the tasks of an import that a worker runs."""

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import import_gates
from glance_lifecycle.tests.functional.worker import offloading_case
from glance_lifecycle.tests import waiting


class BoundaryTest(offloading_case.OffloadingCase):

    def setUp(self) -> None:
        super().setUp()
        self.gates = self.useFixture(import_gates.ImportGates())
        self.api = self.useFixture(glance.GlanceApi(
            plugins=['lifecycle'], python_path=[self.gates.path],
            conf=offloading_case.RUN_IN_WORKER))
        self.daemon = self.start_worker()

    def stopped(self, point: str) -> str:
        """An import that has come to a point."""
        self.gates.close(point)
        image_id = self.ask()
        self.gates.wait(point)
        status = 'active' if point == 'finish' else 'importing'
        self.assertEqual(status, self.api.user().get(image_id)['status'])
        return image_id

    def test_worker(self) -> None:
        """The next one begins anew, or finds that all is done."""
        for point in import_gates.POINTS:
            image_id = self.stopped(point)
            self.daemon.kill()
            self.gates.open(point)
            self.daemon.start()
            self.assert_imported(self.daemon, image_id)
            story = str(self.daemon.story(image_id))
            self.assertEqual(1, story.count("'done: "), story)
            self.assertEqual(point == 'finish',
                             'by an attempt before' in story, story)

    def test_api(self) -> None:
        """The worker goes on, and then does what glance-api would have."""
        for point in import_gates.POINTS:
            image_id = self.stopped(point)
            self.api.kill9()
            self.gates.open(point)
            self.wait_state(self.daemon, image_id, 'done')
            self.api.start()
            self.assert_imported(self.daemon, image_id)
            self.assertNotIn('taken back', str(self.daemon.story(image_id)))

    def test_both(self) -> None:
        for point in import_gates.POINTS:
            image_id = self.stopped(point)
            self.api.kill9()
            self.daemon.kill()
            self.gates.open(point)
            self.api.start()
            # What a worker is to bring to its end is nobody else's.
            self.assertEqual([], self.recover(self.api))
            self.daemon.start()
            self.assert_imported(self.daemon, image_id)

    def test_cancelled_before_seal(self) -> None:
        """The last moment: nothing is registered, and all is removed."""
        image_id = self.stopped('Seal')
        self.api.user().delete(image_id)
        self.gates.open('Seal')
        self.wait_state(self.daemon, image_id, 'cancelled')
        self.assert_nothing_left(self.api)
        waiting.until('the task is over', lambda: self.daemon.api.sql(
            "select status from tasks where status != 'processing'"))
