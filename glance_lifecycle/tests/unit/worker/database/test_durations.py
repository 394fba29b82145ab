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

from typing import Any

from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.tests.unit.worker import test_action
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import durations
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import jobs

ACTION = test_action.action().to_dict()


class DurationsTest(cases.DatabaseTestCase):

    def end_job(self, image_id: str, proof: Any = None,
                state: jobs.State = jobs.State.DONE) -> None:
        job, _joined = jobs.open_job(self.database, jobs.Wanted(
            image_id=image_id, purpose='copy', action=ACTION,
            reason='It is needed.'), actor='sweep')
        fence = claims.claim(self.database, job.id, 'w')
        assert fence is not None
        claims.finish(self.database, job.id, fence, state, proof=proof)

    def test_latest_first(self) -> None:
        self.end_job('a', {history.SECONDS: 3})
        self.end_job('b', {history.SECONDS: 1.5})
        self.end_job('c', {history.SECONDS: 9}, jobs.State.FAILED)
        # Of an earlier release, and of nobody.
        self.end_job('d', {'sha512': 'ab'})
        self.end_job('e')
        self.end_job('f', {history.SECONDS: 'long'})
        self.assertEqual([(ACTION, 1.5), (ACTION, 3.0)],
                         list(durations.latest(self.database)))

    def test_limit(self) -> None:
        for number in range(4):
            self.end_job(str(number), {history.SECONDS: number + 1})
        self.assertEqual([4.0, 3.0], [
            seconds for _action, seconds in durations.latest(
                self.database, 2)])
