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

import datetime
import socket
from typing import Any
from unittest import mock

import prometheus_client
from prometheus_client import parser

from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.tests.unit.worker import exported
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import migration
from glance_lifecycle.worker import metrics

PREFIX = metrics.PREFIX


class Case(cases.DatabaseTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.metrics = metrics.Metrics(acts=True)

    def value(self, name: str, **labels: str) -> float | None:
        value: float | None = self.metrics.registry.get_sample_value(
            PREFIX + name, labels)
        return value

    def names(self) -> set[str]:
        text = prometheus_client.generate_latest(
            self.metrics.registry).decode()
        return {sample.name.removeprefix(PREFIX)
                for family in parser.text_string_to_metric_families(text)
                for sample in family.samples}


class MetricsTest(Case):

    def test_jobs(self) -> None:
        ended = 'jobs_ended_total'
        self.assertEqual(0, self.value(ended, kind='copy', outcome='failed'))
        self.metrics.job_ended('copy', 'done', 4, 5 << 30)
        self.metrics.job_ended('copy', 'failed', 400, 5 << 30)
        self.metrics.job_ended('copy', 'done', 1, None)
        self.assertEqual(2, self.value(ended, kind='copy', outcome='done'))
        self.metrics.job_ended('import', 'done', 4, 1 << 30)
        self.assertEqual(1, self.value(ended, kind='import', outcome='done'))
        self.assertEqual(1, self.value(ended, kind='copy', outcome='failed'))
        # Only of those that were done.
        self.assertEqual(5 << 30, self.value('job_bytes_total', kind='copy'))
        self.assertEqual((3, 405), (
            self.value('job_duration_seconds_count', kind='copy'),
            self.value('job_duration_seconds_sum', kind='copy')))
        self.assertEqual(2, self.value('job_duration_seconds_bucket',
                                       kind='copy', le='10.0'))

    def test_running(self) -> None:
        with self.metrics.job_running('drop'):
            with self.metrics.job_running('drop'):
                self.assertEqual(2, self.value('jobs_running', kind='drop'))
        self.assertEqual(0, self.value('jobs_running', kind='drop'))
        try:
            with self.metrics.job_running('drop'):
                raise KeyError
        except KeyError:
            self.assertEqual(0, self.value('jobs_running', kind='drop'))

    def test_sweeps(self) -> None:
        success = 'sweep_last_success_timestamp_seconds'
        self.metrics.swept('full', 100, 7, True)
        self.assertIsNone(self.value(success, what='full'))
        self.assertIsNone(self.value('sweep_images', what='full'))
        before = datetime.datetime.now().timestamp()
        self.metrics.swept('full', 20, 9, False)
        self.assertGreaterEqual(self.value(success, what='full') or 0, before)
        self.assertEqual(9, self.value('sweep_images', what='full'))
        self.metrics.swept('full', 20, 0, True)
        self.assertEqual(9, self.value('sweep_images', what='full'))
        self.assertEqual((1, 2, 140), (
            self.value('sweeps_total', what='full', result='ok'),
            self.value('sweeps_total', what='full', result='error'),
            self.value('sweep_duration_seconds_sum', what='full')))
        self.assertIsNone(self.value(success, what='changes'))

    def test_obstacles(self) -> None:
        self.assertIsNone(self.value('circuit_open', store='ceph'))
        self.metrics.circuit('ceph', True)
        self.assertEqual(1, self.value('circuit_open', store='ceph'))
        self.metrics.circuit('ceph', False)
        self.assertEqual(0, self.value('circuit_open', store='ceph'))
        self.metrics.braked(40)
        self.metrics.braked(2)
        self.assertEqual(42, self.value('jobs_held_total'))
        self.metrics.observed('notification', 3)
        self.assertEqual(3, self.value('images_observed_total',
                                       source='notification'))

    def test_mode(self) -> None:
        self.assertEqual(1, self.value('acts'))
        self.metrics = metrics.Metrics()
        self.assertEqual(0, self.value('acts'))

    def test_no_end_of_labels(self) -> None:
        """Whatever is told, there are no more than these series."""
        def series() -> int:
            return len(prometheus_client.generate_latest(
                self.metrics.registry).splitlines())
        told = ['nonsense']
        for _twice in range(2):
            before = series()
            for _each in range(9):
                strange = told[-1] + 'x'
                told.append(strange)
                self.metrics.job_ended(strange, strange, 1, 1)
                self.metrics.job_ended('copy', strange, 1, 1)
                self.metrics.swept(told[-1], 1, 1, False)
                self.metrics.observed(told[-1], 1)
                with self.metrics.job_running(strange):
                    pass
        self.assertEqual(before, series())
        self.assertEqual(18, self.value('jobs_ended_total', kind='copy',
                                        outcome=metrics.OTHER))

    def test_conventions(self) -> None:
        for family in exported.families():
            if not family.name.startswith('glance_lifecycle_'):
                continue
            self.assertRegex(family.name, '^' + PREFIX)
            self.assertRegex(family.documentation, r'^[A-Z].*\.$')
            self.assertNotRegex(family.name, '_total$|_(ms|minutes|mib)')
            for sample in family.samples:
                self.assertEqual(family.type == 'counter',
                                 sample.name.endswith('_total'), sample.name)

    def test_process(self) -> None:
        self.assertGreater(self.metrics.registry.get_sample_value(
            'process_resident_memory_bytes') or 0, 1 << 20)


class JobStatesTest(Case):

    def states(self, database: engine.Database | None = None
               ) -> metrics.JobStates:
        self.clock = 0.0
        found = metrics.JobStates(database or self.open(patience=0),
                                  lambda: self.clock)
        self.metrics.registry.register(found)
        return found

    def test_counts(self) -> None:
        self.states()
        past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(
            hours=2)
        jobs.open_job(self.database, jobs.Wanted(
            'image', actions.UPDATE, {}, 'A reason.'), actor='sweep', now=past)
        self.job(purpose=actions.COPY, held=True)
        self.assertEqual((1, 1, 0, 1), (
            self.value('jobs', state='queued'),
            self.value('jobs', state='held'),
            self.value('jobs', state='failed'),
            self.value('database_up')))
        self.assertGreaterEqual(
            self.value('oldest_due_job_age_seconds') or 0, 7200)

    def test_none_is_due(self) -> None:
        self.states()
        self.assertEqual(0, self.value('oldest_due_job_age_seconds'))

    def test_read_once_a_second(self) -> None:
        self.states()
        self.assertEqual(0, self.value('jobs', state='queued'))
        self.job()
        self.assertEqual(0, self.value('jobs', state='queued'))
        self.clock = 1.0
        self.assertEqual(1, self.value('jobs', state='queued'))

    def test_database_fails(self) -> None:
        """All else is told."""
        empty = self.open(patience=0, url=self.new_url())
        self.states(empty)
        self.metrics.braked(1)
        self.assertEqual(0, self.value('database_up'))
        self.assertEqual(1, self.value('jobs_held_total'))
        self.assertEqual(set(), self.names() & {
            'jobs', 'oldest_due_job_age_seconds'})

    def test_database_comes_back(self) -> None:
        late = self.open(patience=0, url=self.new_url())
        self.states(late)
        self.assertEqual(0, self.value('database_up'))
        migration.sync(late)
        self.clock = 1.0
        self.assertEqual(1, self.value('database_up'))

    def test_unexpected(self) -> None:
        self.states()
        with mock.patch.object(jobs, 'counts', side_effect=KeyError('x')):
            self.assertEqual(0, self.value('database_up'))

    def test_database_is_silent(self) -> None:
        """It takes a connection, and says nothing: one thread waits."""
        server = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(server.close)
        self.states(self.open(patience=0, url=(
            'mysql+pymysql://u:p@127.0.0.1:%d/d?connect_timeout=%d' % (
                server.getsockname()[1], waiting.BOUND))))
        with mock.patch.object(metrics, 'PATIENCE', 0.05):
            for moment in range(3):
                self.clock = float(moment)
                self.assertEqual(0, self.value('database_up'))
        connection, _ = server.accept()
        server.setblocking(False)
        self.assertRaises(BlockingIOError, server.accept)
        # It ends, and so the next question is a new one.
        connection.close()
        server.setblocking(True)
        self.clock = 9.0
        with mock.patch.object(metrics, 'PATIENCE', 0.05):
            waiting.until('another question', self._asks_again(server))

    def _asks_again(self, server: socket.socket) -> Any:
        def asks() -> bool:
            self.clock += 1.0
            self.assertEqual(0, self.value('database_up'))
            server.setblocking(False)
            try:
                server.accept()[0].close()
            except BlockingIOError:
                return False
            return True
        return asks

    def test_describe(self) -> None:
        """What is registered twice is found, without asking the database."""
        empty = self.open(patience=0, url=self.new_url())
        states = self.states(empty)
        self.assertRaises(ValueError, self.metrics.registry.register,
                          metrics.JobStates(empty))
        self.assertEqual(3, len(states.describe()))

    def test_running_is_not_due(self) -> None:
        self.states()
        self.claimed()
        self.assertEqual(1, self.value('jobs', state='running'))
        self.assertEqual(0, self.value('oldest_due_job_age_seconds'))
