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

"""A dispatcher, whose jobs wait until they may go on."""

import threading


from glance_lifecycle.tests.unit.worker import image_api
from glance_lifecycle.tests.unit.worker import test_running
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker import dispatching
from glance_lifecycle.worker import running

Outcome = running.Outcome


class DispatcherCase(test_running.RunningCase):
    """With a dispatcher, and jobs that stop at a gate."""

    room = 2

    def setUp(self) -> None:
        super().setUp()
        self.wake = threading.Event()
        self.outcomes: list[tuple[str, Outcome]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered: list[str] = []
        self.api.hook = self.enter
        self.dispatcher = dispatching.Dispatcher(
            self.database, self.runner, self.deletions, self.stores,
            self.worker, self.room, self.wake, self.ended)
        self.addCleanup(self.dispatcher.stop, waiting.BOUND)
        self.addCleanup(self.gate.set)

    def enter(self, method: str, path: str) -> None:
        """Before an image is changed."""
        if method != 'GET':
            self.entered.append(path)
            self.gate.wait(waiting.BOUND)

    def ended(self, job: jobs.Job, outcome: Outcome, _took: float) -> None:
        self.outcomes.append((job.image_id, outcome))

    def images(self, *numbers: int) -> list[str]:
        """Each with a job."""
        self.api.add(*(image_api.image(number) for number in numbers))
        return [self.needed(number) for number in numbers]

    def quiet(self) -> None:
        waiting.until('all have ended', lambda: not self.dispatcher.running())
