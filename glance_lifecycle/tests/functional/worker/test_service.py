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

"""glance-lifecycle-worker beside a real Glance."""

import json
import os
import signal
import subprocess
from typing import Any
import uuid

import kombu as typed_in_part

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import rabbitmq
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests.functional import store_case
from glance_lifecycle.tests.functional.worker import worker_case
from glance_lifecycle.tests import waiting


kombu: Any = typed_in_part


class NotifiedTest(store_case.StoreCase):
    """Glance tells of changes; a sweep would come much later."""

    def setUp(self) -> None:
        self.broker = self.useFixture(rabbitmq.RabbitMq())
        self.api = self.useFixture(glance.GlanceApi(conf={
            'oslo_messaging_notifications': {
                'driver': 'messagingv2', 'transport_url': self.broker.url,
                'retry': 0}}))
        super().setUp()
        self.connection = kombu.Connection(
            self.broker.url.replace('rabbit:', 'amqp:'))
        self.addCleanup(self.connection.release)
        self.queue = self.connection.SimpleQueue(kombu.Queue(
            'audit', kombu.Exchange('glance', 'topic', durable=False),
            'notifications.info', durable=False))

    def assert_audited(self, image_id: str) -> None:
        """CADF events of two jobs."""
        wanted = {'image.lifecycle.update', 'image.lifecycle.copy'}
        while wanted:
            message = self.queue.get(timeout=waiting.BOUND)
            message.ack()
            found = json.loads(message.payload['oslo.message'])
            if found['event_type'] not in wanted:
                continue
            wanted.remove(found['event_type'])
            event = found['payload']
            self.assertEqual(
                ('update', 'success', image_id, 'golden-1', 'golden'), (
                    event['action'], event['outcome'], event['target']['id'],
                    event['target']['name'], event['reason']['reasonCode']))

    def test_notified(self) -> None:
        daemon = self.useFixture(worker.Worker(
            self.api, worker_case.POLICY, sweep_interval=3600,
            notifications=True))
        waiting.until('it listens', lambda: (
            'notifications are listened to' in daemon.log_text()))
        waiting.until('all images were looked at',
                      lambda: daemon.sweeps()[0])
        created = self.admin.create_image(
            disk_format='raw', visibility='private', name='golden-1')
        self.admin.upload(created['id'], b'bytes' * 1000)
        daemon.wait_for_job(created['id'], 'copy')
        self.admin.update(created['id'], protected=False)
        waiting.until('it is protected again', lambda: (
            self.admin.get(created['id'])['protected']))
        self.assert_audited(created['id'])
        self.broker.stop()
        self.admin.update(created['id'], protected=False)
        self.broker.start()
        waiting.until('it listens again', lambda: (
            self.broker.ctl('list_consumers', '--no-table-headers').strip()))
        self.admin.update(created['id'], other='hint')
        waiting.until('it is protected again', lambda: (
            self.admin.get(created['id'])['protected']))
        self.assertIsNone(daemon.sweeps()[1])

    def test_forged(self) -> None:
        """That it is gone, changed, or there: the Image API is asked."""
        created = self.admin.create_image(
            disk_format='raw', visibility='private', name='golden-1')
        golden = str(created['id'])
        self.admin.upload(golden, b'bytes' * 1000)
        daemon = self.useFixture(worker.Worker(
            self.api, worker_case.POLICY, sweep_interval=3600,
            notifications=True))
        waiting.until('it listens', lambda: (
            'notifications are listened to' in daemon.log_text()))
        daemon.wait_for_job(golden, 'copy')
        before = daemon.story(golden)
        producer = self.connection.Producer()
        none = str(uuid.uuid4())
        for event, image_id in (
                ('image.delete', golden), ('image.update', none),
                ('image.create', golden), ('image.create', none),
                ('image.update', golden), ('image.update', golden)):
            producer.publish(
                {'oslo.version': '2.0', 'oslo.message': json.dumps({
                    'event_type': event, 'priority': 'INFO',
                    'payload': {'id': image_id, 'protected': False,
                                'status': 'deleted'}})},
                exchange='glance', routing_key='notifications.info')
        self.admin.update(golden, protected=False)
        waiting.until('it is protected again', lambda: (
            self.admin.get(golden)['protected']))
        self.assertEqual(['s1', 's2'], self.stores_of(golden))
        self.assertEqual([], daemon.story(none))
        daemon.wait_for_job(golden, 'update')
        self.assertEqual({'copy': 'done', 'update': 'done'},
                         daemon.states(golden))
        added = daemon.story(golden)[len(before):]
        self.assertLessEqual(
            {line.partition(':')[0] for line in added}, {'queued', 'done'})


class ServiceTest(worker_case.WorkerCase):

    def test_golden(self) -> None:
        """Made as wanted, kept so, and then left alone."""
        golden = self.image(name='golden-1')
        other = self.image(name='other')
        daemon = self.worker()
        daemon.wait_for_job(golden, 'update')
        daemon.wait_for_job(golden, 'copy')
        image = self.admin.get(golden)
        self.assertTrue(image['protected'])
        self.assertEqual(['s1', 's2'], self.stores_of(golden))
        self.assertEqual({}, daemon.states(other))
        self.admin.update(golden, protected=False)
        waiting.until('it is protected again',
                      lambda: self.admin.get(golden)['protected'])
        daemon.wait_for_sweep()
        self.assertEqual(3, len([line for line in daemon.story(golden)
                                 if line.startswith('done')]),
                         str(daemon.story(golden)))

    def test_observe(self) -> None:
        golden = self.image(name='golden-1')
        daemon = self.worker(mode='observe')
        daemon.wait_for_sweep()
        self.assertEqual({'update': 'queued', 'copy': 'queued'},
                         daemon.states(golden))
        self.assertFalse(self.admin.get(golden)['protected'])
        # Who protects it by hand leaves nothing to do.
        self.admin.update(golden, protected=True)
        daemon.wait_for_job(golden, 'update')
        self.assertEqual({'update': 'done', 'copy': 'queued'},
                         daemon.states(golden))
        daemon.configure(mode='act')
        starts = daemon.starts()
        os.kill(daemon.pid, signal.SIGHUP)
        waiting.until('a new process', lambda: daemon.starts() > starts)
        daemon.wait_for_job(golden, 'copy')
        self.assertEqual(['s1', 's2'], self.stores_of(golden))

    def test_policy_changed(self) -> None:
        """All images are looked at again, and exactly that is done."""
        golden = self.image(name='golden-1')
        other = self.image(name='other')
        daemon = self.worker()
        daemon.wait_for_job(golden, 'copy')
        daemon.wait_for_sweep()
        daemon.set_policy(worker_case.POLICY.replace(
            'stores: [s1, s2]', 'stores: [s1, s2, s3]'))
        waiting.until('it is where the new policy wants it', lambda: (
            self.stores_of(golden) == ['s1', 's2', 's3']))
        self.assertEqual({}, daemon.states(other))
        # A broken one has no effect.
        daemon.set_policy('version: 1\nrules: [')
        waiting.until('it is said', lambda: (
            'STAYS IN FORCE' in daemon.log_text()))
        self.admin.update(golden, protected=False)
        waiting.until('it is protected again',
                      lambda: self.admin.get(golden)['protected'])

    def test_glance_away(self) -> None:
        daemon = self.worker()
        daemon.wait_for_sweep()
        self.api.kill9()
        waiting.until('it is noticed', lambda: any(
            sweep and sweep['error'] for sweep in daemon.sweeps()))
        self.api.start()
        golden = self.image(name='golden-1')
        daemon.wait_for_job(golden, 'copy')

    def test_not_configured(self) -> None:
        """What is wrong is said at the start, and nothing is begun."""
        daemon = self.worker()
        daemon.terminate()
        for options, said in (
                ({'auth_type': 'no-such'}, 'no-such'),
                ({'connection': 'no URL'}, 'is not a URL')):
            daemon.configure(**options)
            answer = subprocess.run(
                daemon.argv(), env=self.api.environ(), text=True,
                capture_output=True, check=False, timeout=waiting.BOUND)
            self.assertEqual(1, answer.returncode)
            self.assertIn(said, answer.stderr)
            self.assertNotIn('Traceback', answer.stderr)

    def test_report(self) -> None:
        daemon = self.worker()
        os.kill(daemon.child, signal.SIGUSR2)
        waiting.until('a report', lambda: (
            'Guru Meditation' in daemon.log_text()
            and 'lifecycle_worker' in daemon.log_text()))
        self.assertNotIn('admin:admin:admin', daemon.log_text())
