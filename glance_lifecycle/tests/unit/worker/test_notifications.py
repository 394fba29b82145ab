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

"""On oslo.messaging's fake broker; on a real one in functional/worker."""

import pathlib
import socket
import subprocess
import sys
from typing import Any
import uuid

import fixtures
from hypothesis import given
from hypothesis import strategies
from oslo_config import cfg
import testtools

from glance_lifecycle.conf import opts
from glance_lifecycle import exceptions
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker import messaging
from glance_lifecycle.worker import notifications

# As notifications has imported it; first of all, it would choose eventlet.
oslo_messaging: Any = sys.modules['oslo_messaging']

ID = 'aBcdef01-2345-6789-abcd-ef0123456789'

JSON = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers()
    | strategies.text(),
    lambda inner: strategies.lists(inner, max_size=3)
    | strategies.dictionaries(
        strategies.sampled_from(['id', 'image_id', 'x']), inner),
    max_leaves=5)


class ConfiguredTestCase(testtools.TestCase):

    def configured(self, url: str | None = None,
                   **sections: str) -> cfg.ConfigOpts:
        """From a file: overrides of one group are those of all ConfigOpts.

        :param url: notification_transport_url
        :param sections: section -> line
        """
        if url is not None:
            sections['lifecycle_worker'] = f'notification_transport_url={url}'
        base = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (base / 'x.conf').write_text('\n'.join(
            f'[{name}]\n{line}' for name, line in sections.items()))
        conf = cfg.ConfigOpts()
        conf([], project='glance', default_config_files=[
            str(base / 'x.conf')], default_config_dirs=[])
        opts.register_opts(conf)
        return conf


class ImageOfTest(testtools.TestCase):

    def test_events(self) -> None:
        for event in ('create', 'update', 'upload', 'activate', 'delete'):
            self.assertEqual(ID, notifications.image_of(
                f'image.{event}', {'id': ID, 'name': 'x'}))
        for event in ('create', 'update', 'delete'):
            self.assertEqual(ID, notifications.image_of(
                f'image.member.{event}', {'image_id': ID, 'id': 'x'}))

    def test_others(self) -> None:
        for event in ('image.send', 'image.prepare', 'task.success',
                      'compute.instance.create.end', '', None, 7, ['image'],
                      'image.update.x', 'Image.update'):
            self.assertIsNone(notifications.image_of(event, {'id': ID}))
            self.assertIsNone(notifications.image_of(event, None))

    def test_malformed(self) -> None:
        for payload in (None, 'text', 7, [], [ID], {}, {'image_id': ID},
                        {'id': None}, {'id': 7}, {'id': [ID]}, {'id': ''},
                        {'id': ID + '\n'}, {'id': ' ' + ID},
                        {'id': ID.replace('-', '')}, {'id': f'{{{ID}}}'},
                        {'id': '../../' + ID}, {'id': ID + '?limit=1'},
                        {'id': ID[:-1] + '\u0663'}, {'id': 'x' * 1000000}):
            with testtools.ExpectedException(ValueError):
                notifications.image_of('image.update', payload)

    @given(strategies.sampled_from([*notifications.EVENTS, 'other']) | JSON,
           JSON)
    def test_any(self, event: object, payload: object) -> None:
        try:
            found = notifications.image_of(event, payload)
        except ValueError:
            return
        if found is not None:
            self.assertEqual(uuid.UUID(found), uuid.UUID(found.lower()))


class ListenerTest(ConfiguredTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.seen: list[str] = []
        self.conf = self.configured('fake://')
        self.listener = notifications.Listener(self.conf, self.hear)
        self.addCleanup(self.listener.stop)
        self.notifier = oslo_messaging.Notifier(
            oslo_messaging.get_notification_transport(self.conf, 'fake://'),
            'image.host1', driver='messagingv2', topics=['notifications'])

    def hear(self, image_id: str) -> None:
        if image_id.startswith('bad'):
            raise RuntimeError('the database is away')
        self.seen.append(image_id)

    def start(self) -> None:
        self.assertEqual('It was not started.', self.listener.problem())
        self.listener.start()
        waiting.until('it listens', lambda: not self.listener.problem())

    def wait_for(self, *ids: str) -> None:
        waiting.until(f'seen: {ids}', lambda: self.seen == list(ids))

    def test_seen(self) -> None:
        """Also what came before, and what comes twice."""
        self.start()
        self.notifier.info({}, 'image.create', {'id': ID})
        self.notifier.info({}, 'image.update', {'id': ID})
        self.notifier.info({}, 'image.update', {'id': ID})
        self.wait_for(ID, ID, ID)
        self.assertEqual((3, 0),
                         (self.listener.taken, self.listener.malformed))

    def test_harm(self) -> None:
        self.start()
        payloads: list[object] = [
            None, 'text', {'id': 'x'}, {'id': {}}, ['x'] * 9]
        for payload in payloads:
            self.notifier.info({}, 'image.update', payload)
        for event in ('image.send', 'task.success', 'x' * 100000):
            self.notifier.info({}, event, {'id': ID})
        self.notifier.error({}, 'image.upload', 'Image storage is full')
        self.notifier.info({}, 'image.update', {'id': ID})
        self.wait_for(ID)
        self.assertEqual((1, 5),
                         (self.listener.taken, self.listener.malformed))
        self.assertNotIn('Traceback', self.log.output)

    def test_seen_raises(self) -> None:
        """It is told, and not tried again."""
        bad = 'bad' + ID[3:]
        self.start()
        for image_id in (bad, ID):
            self.notifier.info({}, 'image.update', {'id': image_id})
        self.wait_for(ID)
        self.assertEqual(2, self.listener.taken)
        self.assertEqual(1, self.log.output.count('was lost'))
        self.assertIn(bad, self.log.output)

    def test_unreadable(self) -> None:
        """What oslo.messaging cannot read is one line, and counted."""
        self.start()
        target = oslo_messaging.Target(topic='notifications.info',
                                       exchange='glance')
        self.notifier.transport._send_notification(
            target, {}, {'event_type': 'image.update', 'priority': 7}, 2.0)
        self.notifier.info({}, 'image.update', {'id': ID})
        self.wait_for(ID)
        self.assertEqual(1, self.listener.malformed)
        self.assertIn('(AttributeError)', self.log.output)
        self.assertNotIn('Traceback', self.log.output)

    def test_stopped(self) -> None:
        self.start()
        self.listener.stop()
        self.assertEqual('It was stopped.', self.listener.problem())
        self.listener.stop()

    def test_stopped_before_it_was_started(self) -> None:
        self.listener.stop()
        self.assertEqual('It was not started.', self.listener.problem())


class TransportTest(ConfiguredTestCase):

    def url(self, *args: str, **sections: str) -> Any:
        conf = self.configured(*args, **sections)
        return messaging.transport(
            conf, conf.lifecycle_worker.notification_transport_url,
            notifications.PREFETCH)[0]

    def test_which(self) -> None:
        """Ours, that of notifications, that of all, as for Glance."""
        for found, own, other, general in (
                ([('four', 5672)], 'rabbit://four', 'rabbit://three',
                 'rabbit://two'),
                ([('three', 5672)], '', 'rabbit://three', 'rabbit://two'),
                ([('one', 1), ('two', 5672)], '', '',
                 'rabbit://a:b@one:1,c:d@two//'),
                ([], 'fake://five', '', '')):
            url = self.url(
                own, oslo_messaging_notifications=f'transport_url={other}',
                DEFAULT=f'transport_url={general}')
            self.assertEqual(found, sorted(notifications._addresses(url)))
        self.assertEqual([('localhost', 5672)],
                         notifications._addresses(self.url()))

    def test_prefetch(self) -> None:
        self.assertEqual({'rabbit_qos_prefetch_count': '64'},
                         self.url('rabbit://h').query)
        self.assertEqual(
            {'rabbit_qos_prefetch_count': '3'},
            self.url('rabbit://h/?rabbit_qos_prefetch_count=3').query)

    def test_unusable(self) -> None:
        for url in ('nosuch://u:secret@h', 'rabbit://u:secret@h:port/',
                    'rabbit://u:secret@h/?rabbit_ha_queues=perhaps',
                    'rabbit://u:secret@h/?nosuch=1', 'u:secret@h'):
            error = self.assertRaises(
                exceptions.ConfigurationError, notifications.Listener,
                self.configured(url), print)
            self.assertIn('notification_transport_url', str(error), url)
            self.assertNotIn('secret', str(error))

    def test_exchange(self) -> None:
        """Glance's, and where Glance has another, that."""
        for line, exchange in (('', 'glance'),
                               ('control_exchange=glance2', 'glance2')):
            listener = notifications.Listener(
                self.configured('fake://', DEFAULT=line), print)
            self.assertEqual(exchange, listener._targets[0].exchange)

    def test_no_broker(self) -> None:
        log = self.useFixture(fixtures.FakeLogger())
        with socket.socket() as taken:
            # Bound, so that nobody else listens there; nor do we.
            taken.bind(('127.0.0.1', 0))
            port = taken.getsockname()[1]
            listener = notifications.Listener(self.configured(
                f'rabbit://u:secret@127.0.0.1:{port}'), print)
            listener.start()
            waiting.until('it was tried', lambda: 'cannot be reached'
                          in listener.problem())
            self.assertIn(f'127.0.0.1:{port}: Connection refused.',
                          listener.problem())
            listener.stop()
        self.assertEqual('It was stopped.', listener.problem())
        self.assertIn('the sweep alone', log.output)
        self.assertNotIn('secret', log.output)


class ThreadsTest(testtools.TestCase):

    def test_no_eventlet(self) -> None:
        """Its mere presence, as a library of others, changes nothing."""
        said = subprocess.run(
            [sys.executable, '-W', 'ignore', '-c',
             'from glance_lifecycle.worker import notifications\n'
             'from oslo_service import backend\n'
             'import sys\n'
             'print(backend.get_backend_type().value,'
             ' "oslo_service.backend._eventlet" in sys.modules)'],
            check=True, capture_output=True, text=True).stdout
        self.assertEqual('threading False\n', said)
