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

"""How long a plan will take, as what the worker did before tells."""

from typing import Any

from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional.worker import worker_case


class EstimatesTest(worker_case.WorkerCase):

    def totals(self, *argv: str) -> openstack.Answer:
        answer = self.operator().spawn(
            'image', 'lifecycle', 'plan', '--totals', *argv)
        self.assertEqual(0, answer.code, str(answer))
        return answer

    def times(self, answer: openstack.Answer) -> dict[Any, Any]:
        return {(row['By'], row['Name']): row['Time'] for row in answer.json}

    def test_times(self) -> None:
        daemon = self.worker()
        conf = [word for file in (self.api.etc / 'glance-api.conf',
                                  daemon.conf)
                for word in ('--config-file', str(file))]
        first = self.image(self.noise(8 * images.MIB), name='golden-1',
                           protected=True)
        daemon.wait_for_job(first, 'copy')
        daemon.terminate()
        proof, = daemon.proofs(first)
        took = proof['seconds']
        for number in (2, 3):
            self.image(self.noise(16 * images.MIB), name=f'golden-{number}',
                       protected=True)
        answer = self.totals(*conf, '-f', 'json')
        self.assertIn('as the last 1 jobs took', answer.stderr)
        times = self.times(answer)
        # Two copies of twice the bytes.
        self.assertAlmostEqual(4 * took, times['action', 'copy'], delta=0.2)
        self.assertAlmostEqual(4 * took, times['store', 's2'], delta=0.2)
        self.assertIn('second', self.totals(*conf).stdout)

    def test_no_database(self) -> None:
        """A plan without times is a plan."""
        self.image(name='golden-1')
        policy = self.work / 'policy.yaml'
        policy.write_text(worker_case.POLICY)
        answer = self.totals('--policy', str(policy), '--config-file', str(
            self.api.etc / 'glance-api.conf'), '-f', 'json')
        self.assertIn('Times are not known: ', answer.stderr)
        self.assertEqual({None}, {*self.times(answer).values()})
