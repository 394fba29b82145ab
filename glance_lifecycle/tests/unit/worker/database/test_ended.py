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

"""What jobs have ended."""

from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.worker.database import ended
from glance_lifecycle.worker.database import job_changes

at = cases.at


class EndedTest(cases.DatabaseTestCase):

    def cancelled(self, image_id: str, purpose: str, seconds: float,
                  size: int | None = None) -> None:
        job = self.job(image_id, purpose, bytes=size)
        job_changes.cancel(self.database, job.id, actor='me', now=at(seconds))

    def test_since(self) -> None:
        self.cancelled('a', 'drop:s1', 10, 5)
        self.cancelled('b', 'drop:s2', 20, 7)
        self.cancelled('c', 'copy', 20)
        self.cancelled('d', 'copy', 9, 1)
        self.job('e', 'copy')
        over = self.job('f', 'copy', bytes=3)
        job_changes.over(self.database, over.id, actor='me',
                         reason='Not needed.', now=at(20))
        self.assertEqual(
            [ended.Ended('copy', 'cancelled', 1, 0),
             ended.Ended('drop', 'cancelled', 2, 12)],
            ended.since(self.database, at(10)))
        self.assertEqual([], ended.since(self.database, at(21)))
