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

"""What the daemon tells of itself: to Prometheus, and to systemd."""

import os
import signal
import socket

import fixtures
from prometheus_client import parser
import requests

from glance_lifecycle.tests.functional.fixtures import ports
from glance_lifecycle.tests.functional.worker import worker_case
from glance_lifecycle.tests import waiting


class MonitoringTest(worker_case.WorkerCase):

    def setUp(self) -> None:
        super().setUp()
        path = str(self.work / 'notify')
        self.systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.systemd.close)
        self.systemd.bind(path)
        self.systemd.settimeout(waiting.BOUND)
        self.useFixture(fixtures.EnvironmentVariable('NOTIFY_SOCKET', path))
        self.url = 'http://127.0.0.1:%d' % (
            self.useFixture(ports.Port()).number)

    def metric(self, name: str, **labels: str) -> float | None:
        try:
            text = requests.get(self.url + '/metrics',
                                timeout=waiting.BOUND).text
        except requests.ConnectionError:
            return None
        return next((
            sample.value
            for family in parser.text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == 'glance_lifecycle_worker_' + name
            and sample.labels == labels), None)

    def test_day(self) -> None:
        golden = self.image(name='golden-1')
        daemon = self.worker(metrics_port=int(self.url.rpartition(':')[2]))
        self.assertEqual(b'READY=1', self.systemd.recv(1000))
        daemon.wait_for_job(golden, 'copy')
        daemon.wait_for_job(golden, 'update')
        waiting.until('both are counted', lambda: (1, 1) == tuple(
            self.metric('jobs_ended_total', kind=kind, outcome='done')
            for kind in ('copy', 'update')))
        self.assertEqual(5000, self.metric('job_bytes_total', kind='copy'))
        self.assertEqual(0, self.metric('jobs_running', kind='copy'))
        waiting.until('it is read anew',
                      lambda: self.metric('jobs', state='done') == 2)
        self.assertEqual(1, self.metric('sweep_images', what='full'))
        self.assertEqual('ok\n', requests.get(
            self.url + '/readyz', timeout=waiting.BOUND).text)
        self.api.stop()
        waiting.until('it is not ready', lambda: requests.get(
            self.url + '/readyz', timeout=waiting.BOUND).status_code == 503)
        self.assertEqual(200, requests.get(
            self.url + '/healthz', timeout=waiting.BOUND).status_code)
        self.assertGreater(self.metric(
            'sweeps_total', what='changes', result='error') or 0, 0)
        os.kill(daemon.pid, signal.SIGHUP)
        self.assertTrue(self.systemd.recv(1000).startswith(b'RELOADING=1\n'))
        self.assertEqual(b'READY=1', self.systemd.recv(1000))
        daemon.terminate()
        self.assertEqual(b'STOPPING=1', self.systemd.recv(1000))
