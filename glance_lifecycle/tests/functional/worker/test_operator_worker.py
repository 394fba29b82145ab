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

"""The operator's commands beside a worker that runs, or was killed."""

import pathlib

from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests.functional.worker import worker_case
from glance_lifecycle.tests import waiting


class RealWorkerTest(worker_case.WorkerCase):
    """Beside a worker that runs, and one that was killed."""

    def setUp(self) -> None:
        super().setUp()
        python = self.work / 'python'
        python.mkdir()
        self.openstack = openstack.WorkerHost(python)

    def ask(self, daemon: worker.Worker, *argv: str) -> openstack.Answer:
        answer = self.openstack.lifecycle(
            *argv, '--config-file', str(self.api.etc / 'glance-api.conf'),
            '--config-file', str(daemon.conf))
        self.assertEqual(0, answer.code, str(answer))
        return answer

    def test_worker(self) -> None:
        golden = self.image(name='golden-1')
        daemon = self.worker(mode='observe')
        daemon.wait_for_sweep()
        text = self.ask(daemon, 'status').stdout
        self.assertIn('alive', text)
        self.assertIn('They observe, and change nothing', text)
        status = self.ask(daemon, 'status', '-f', 'json').json
        self.assertEqual((2, 0), (status['jobs']['queued'],
                                  status['jobs']['held']))
        self.assertEqual((daemon.child, True), (
            status['workers'][0]['pid'], status['workers'][0]['alive']))
        self.assertEqual(1, status['last_full_sweep']['numbers']['images'])
        self.assertEqual('', status['last_changes_sweep']['error'])

        # A cancelled job stays so, although the gap is there still.
        job = daemon.job(golden, 'copy')
        self.ask(daemon, 'job', 'cancel', job.id)
        daemon.wait_for_sweep()
        self.assertEqual('cancelled', daemon.states()['copy'])
        self.ask(daemon, 'job', 'retry', job.id)
        daemon.configure(mode='act')
        daemon.terminate()
        daemon.start()
        daemon.wait_for_job(golden, 'update')
        daemon.wait_for_job(golden, 'copy')
        self.assertEqual(['s1', 's2'], self.stores_of(golden))
        rows = self.ask(daemon, 'history', golden, '-f', 'json').json
        self.assertEqual(
            ['queued', 'cancelled', 'queued', 'done'],
            [row['Event'] for row in rows if 'opy' in row['What']
             or row['Who'].startswith('operator')])

        child = daemon.child
        daemon.kill()
        waiting.until('the worker is gone', lambda: not pathlib.Path(
            f'/proc/{child}').exists())
        text = self.ask(daemon, 'status').stdout
        self.assertIn('GONE', text)
        self.assertIn('No worker is alive', text)
