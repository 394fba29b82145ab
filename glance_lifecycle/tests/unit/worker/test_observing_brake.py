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

"""From images to jobs: once, braked, and no more than is needed."""

import datetime

from glance_lifecycle.tests.unit.policy import test_checks
from glance_lifecycle.tests.unit.worker import test_observing
from glance_lifecycle.worker import brake
from glance_lifecycle.worker.database import job_changes
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker import observing

AGAIN, PROTECT, TAGGED = (
    test_observing.AGAIN, test_observing.PROTECT, test_observing.TAGGED)


class BrakeTest(test_observing.ObservingCase):

    def setUp(self) -> None:
        super().setUp()
        self.add(2, 3)

    def counts(self) -> tuple[int, int]:
        """Queued, held."""
        found = jobs.counts(self.database)
        return found[jobs.State.QUEUED], found[jobs.State.HELD]

    def test_not_reached(self) -> None:
        self.brake = brake.Brake(images=3)
        self.assertEqual(0, self.look().held)

    def test_reached(self) -> None:
        """All of that look, not only those after the limit."""
        for limit in range(1, 3):
            with self.subTest(limit):
                self.brake = brake.Brake(images=limit)
                seen = self.look()
                self.assertEqual((0, 3), self.counts())
                self.assertEqual(3, seen.opened + seen.joined)
        self.assertIn('The brake holds it: one look found',
                      self.only().reason)

    def test_images_not_jobs(self) -> None:
        self.brake = brake.Brake(images=3)
        policy = test_checks.policy(protect={'protected': True},
                                    place={'stores': ['far', 'fast']})
        self.assertEqual((6, 0), (self.look(policy).opened, 0))
        self.assertEqual((6, 0), self.counts())

    def test_known_does_not_count(self) -> None:
        self.look()
        self.brake = brake.Brake(images=2)
        self.add(4)
        self.assertEqual((1, 0), (self.look().opened, self.counts()[1]))

    def test_released(self) -> None:
        """By an operator: it is not held anew."""
        self.brake = brake.Brake(images=2)
        self.look()
        for job in jobs.list_jobs(self.database):
            job_changes.requeue(self.database, job.id, actor='operator')
        self.look()
        self.assertEqual((3, 0), self.counts())

    def test_changed(self) -> None:
        """What waits already is braked when it is to do something else."""
        self.look()
        self.brake = brake.Brake(images=2)
        self.look(AGAIN)
        self.assertEqual((3, 0), self.counts())
        self.look(TAGGED)
        self.assertEqual((0, 3), self.counts())
        self.assertEqual(['golden'],
                         self.only().action['arguments']['add_tags'])

    def test_held_does_not_count(self) -> None:
        """Nor does it hold others: none of it is done anyhow."""
        self.brake = brake.Brake(images=2)
        self.look()
        self.add(4)
        seen = self.look(TAGGED)
        self.assertEqual((1, 0), (seen.opened, seen.held))
        self.assertEqual((1, 3), self.counts())

    def test_percent_of_all(self) -> None:
        """Of those there are, not of those of this look."""
        self.add(*range(4, 13))
        self.brake = brake.Brake(percent=20)
        numbers = range(1, 13)
        self.assertEqual(12, self.look(PROTECT, *numbers, total=12).held)
        for job in jobs.list_jobs(self.database):
            job_changes.over(self.database, job.id, actor='x', reason='x')
        self.assertEqual(0, self.look(PROTECT, *numbers, total=1000).held)

    def test_more_than_there_were(self) -> None:
        """At the last look at all of them, a day ago."""
        self.add(*range(4, 100))
        for number in range(12, 100):
            self.change(number, protected=True)
        self.brake = brake.Brake(percent=20)
        self.assertEqual(0, self.look(PROTECT, *range(1, 100),
                                      total=0).held)

    def test_memory(self) -> None:
        """What is known to be held, or is let pass, is written at once."""
        for limit in (brake.Brake(), brake.Brake(images=1)):
            look = observing._Look(self.database, limit, 'sweep', PROTECT,
                                   whole=True)
            for image in self.images.values():
                look.take(image, self.cloud.needs(
                    image, PROTECT, datetime.datetime.now(datetime.UTC)))
            self.assertEqual([], look._new)
