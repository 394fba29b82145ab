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

"""Glance's notifications, by a real broker, as the worker hears them."""

from collections.abc import Callable
import json
import pathlib
import pickle
import sys
from typing import Any
import uuid
import zlib

import fixtures
import kombu
from oslo_config import cfg

from glance_lifecycle.conf import opts
from glance_lifecycle.tests.functional import base
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import rabbitmq
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker import notifications
from glance_lifecycle.worker import unpacking

# As notifications has imported it; first of all, it would choose eventlet.
oslo_messaging: Any = sys.modules['oslo_messaging']

OWN = 'glance-lifecycle'
DEFAULT = 'notifications.info'

# What Glance tells of images, and is no reason to look at one.
IGNORED = {'image.prepare', 'image.send'}


class Consumer:
    """Another service that reads the notifications, as Ceilometer does.

    :ivar heard: event type and payload of each
    """

    def __init__(self, conf: cfg.ConfigOpts, pool: str | None) -> None:
        self.heard: list[tuple[str, Any]] = []
        self.server = oslo_messaging.get_notification_listener(
            oslo_messaging.get_notification_transport(conf), [
                oslo_messaging.Target(topic='notifications',
                                      exchange='glance')], [self], pool=pool)

    def info(self, context: Any, publisher: str, event: str, payload: Any,
             metadata: Any) -> None:
        self.heard.append((event, payload))


class NotificationsCase(base.FunctionalTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.rabbit = self.useFixture(rabbitmq.RabbitMq())
        self.log = self.useFixture(fixtures.FakeLogger())
        self.seen: list[str] = []
        self.conf = self.configured(self.rabbit.url)
        transport = oslo_messaging.get_notification_transport(self.conf)
        self.addCleanup(transport.cleanup)
        self.notifier = oslo_messaging.Notifier(
            transport, 'image.host1', driver='messagingv2',
            topics=['notifications'], retry=0)

    def configured(self, url: str, *lines: str) -> cfg.ConfigOpts:
        """:param lines: of [lifecycle_worker]"""
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path, 'x')
        path.write_text('\n'.join((
            # What Glance has set, and the listener would, but later.
            '[DEFAULT]', 'control_exchange = glance',
            '[oslo_messaging_notifications]', f'transport_url = {url}',
            '[lifecycle_worker]', *lines)))
        conf = cfg.ConfigOpts()
        conf([], project='glance', default_config_files=[str(path)],
             default_config_dirs=[])
        opts.register_opts(conf)
        return conf

    def listen(self, *lines: str, url: str | None = None,
               seen: Callable[[str], None] | None = None
               ) -> notifications.Listener:
        listener = self.started(*lines, url=url, seen=seen)
        waiting.until('it listens', lambda: not listener.problem())
        return listener

    def started(self, *lines: str, url: str | None = None,
                seen: Callable[[str], None] | None = None
                ) -> notifications.Listener:
        listener = notifications.Listener(
            self.configured(url or self.rabbit.url, *lines),
            seen or self.seen.append)
        self.addCleanup(listener.stop)
        listener.start()
        return listener

    def consume(self, pool: str | None) -> Consumer:
        consumer = Consumer(self.conf, pool)
        # One thread: in order.
        consumer.server.start(override_pool_size=1)
        self.addCleanup(consumer.server.wait)
        self.addCleanup(consumer.server.stop)
        return consumer

    def tell(self, image_id: str | None = None) -> str:
        """Notify of an image, by default of a new one."""
        image_id = image_id or str(uuid.uuid4())
        self.notifier.info({}, 'image.update', {'id': image_id})
        return image_id

    def mark(self, *more: Callable[[str], bool]) -> None:
        """Whatever was told before has been heard."""
        image_id = self.tell()
        waiting.until('the mark is seen', lambda: image_id in self.seen)
        for there in more:
            waiting.until('the mark is heard', lambda: there(image_id))


class GlanceTest(NotificationsCase):

    def glance(self) -> glance.GlanceApi:
        return self.useFixture(glance.GlanceApi(
            stores={'s1': 'file', 's2': 'file'},
            conf={'oslo_messaging_notifications': {
                'driver': 'messagingv2', 'transport_url': self.rabbit.url,
                'retry': 0}}))

    def test_each_change(self) -> None:
        """Others with queues of their own, or with Glance's, lose nothing."""
        self.listen()
        others = [self.consume('ceilometer'), self.consume(None)]
        user = self.glance().admin()
        image_id = ''

        def create() -> None:
            nonlocal image_id
            image_id = user.create_image(disk_format='raw')['id']

        def staged() -> None:
            user.stage(image_id, b'x' * 1000)
            user.import_image(image_id, stores=['s1'])
            user.wait_import(image_id)

        def copied() -> None:
            user.import_image(image_id, 'copy-image', stores=['s2'])
            user.wait_import(image_id)

        def downloaded() -> None:
            user.download(image_id)
            # It is told once all is sent: we may have all before.
            waiting.until('it is told', lambda: all(
                it.heard[-1][0] == 'image.send' for it in others))

        def ask(method: str, path: str, **options: Any
                ) -> Callable[[], object]:
            return lambda: user.request(
                method, f'images/{image_id}{path}', **options)
        update = {'image.update'}
        for change, told in (
                (create, {'image.create'}),
                (staged, {'image.update', 'image.upload', 'image.activate',
                          'image.prepare'}),
                (copied, {'image.update', 'image.upload', 'image.prepare'}),
                (lambda: user.update(image_id, color='red'), update),
                (lambda: user.update(image_id, protected=True), update),
                (lambda: user.update(image_id, protected=False), update),
                (lambda: user.update(image_id, visibility='shared'), update),
                (ask('POST', '/members', json={'member': 'other'}),
                 {'image.member.create'}),
                (ask('DELETE', '/members/other'), {'image.member.delete'}),
                (ask('PUT', '/tags/blue'), update),
                (ask('DELETE', '/tags/blue'), update),
                (downloaded, {'image.send'}),
                (ask('POST', '/actions/deactivate'), update),
                (ask('POST', '/actions/reactivate'), update),
                (lambda: user.delete(image_id), {'image.delete'})):
            before = len(self.seen), *(len(it.heard) for it in others)
            change()
            self.mark(*(lambda mark, it=it: any(
                payload.get('id') == mark for _, payload in it.heard)
                for it in others))
            for number, other in enumerate(others, 1):
                heard = [event for event, _ in other.heard[before[number]:-1]
                         if event.startswith('image.')]
                self.assertEqual(told, set(heard))
                self.assertEqual(
                    [image_id for event in heard if event not in IGNORED],
                    self.seen[before[0]:-1], str(heard))

    def test_upload(self) -> None:
        self.listen()
        user = self.glance().user()
        image_id = user.create_image(disk_format='raw')['id']
        self.mark()
        before = len(self.seen)
        user.upload(image_id, b'x' * 1000)
        self.mark()
        # Saving, uploaded, active.
        self.assertIn(image_id, self.seen[before:])
        self.assertEqual({image_id}, {*self.seen[before:-1]})

    def test_broker_stopped_and_started(self) -> None:
        listener = self.listen()
        user = self.glance().user()
        image_id = user.create_image()['id']
        waiting.until('it is seen', lambda: image_id in self.seen)
        self.rabbit.stop()
        waiting.until('the listener knows', lambda: 'is lost'
                      in listener.problem())
        # Glance goes on, as long as its retry is bounded.
        lost = user.create_image()['id']
        self.rabbit.start()
        waiting.until('it listens again', lambda: not listener.problem())
        user.update(image_id, color='red')
        waiting.until('the change is seen', lambda: self.seen.count(
            image_id) > 1)
        self.assertNotIn(lost, self.seen)
        user.update(lost, color='red')
        waiting.until('the change is seen', lambda: lost in self.seen)


class BrokerTest(NotificationsCase):

    def test_no_broker_at_the_start(self) -> None:
        self.rabbit.stop()
        listener = self.started()
        waiting.until('it was tried', lambda: 'cannot be reached'
                      in listener.problem())
        self.rabbit.start()
        waiting.until('it listens', lambda: not listener.problem())
        self.mark()

    def test_killed(self) -> None:
        listener = self.listen()
        self.rabbit.kill9()
        waiting.until('the listener knows', listener.problem)
        self.rabbit.start()
        waiting.until('it listens again', lambda: not listener.problem())
        self.mark()

    def test_stopped_while_the_broker_is_away(self) -> None:
        listener = self.listen()
        self.rabbit.stop()
        waiting.until('the listener knows', listener.problem)
        listener.stop()
        self.assertEqual('It was stopped.', listener.problem())

    def test_not_let_in(self) -> None:
        """One that was stopped meanwhile takes nothing when it is let in."""
        url = f'rabbit://new:newsecret@127.0.0.1:{self.rabbit.port}//'
        stopped_seen: list[str] = []
        stopped = self.started(url=url, seen=stopped_seen.append)
        listener = self.started(url=url)
        for each in (stopped, listener):
            waiting.until('it was tried', lambda: 'not let us in'
                          in each.problem())
        stopped.stop()
        self.rabbit.ctl('add_user', 'new', 'newsecret')
        self.rabbit.ctl('set_permissions', 'new', '.*', '.*', '.*')
        waiting.until('it listens', lambda: not listener.problem())
        waiting.until('the other has gone', lambda: stopped.problem()
                      == 'It was stopped.')
        self.mark()
        self.assertEqual([], stopped_seen)
        self.assertNotIn('newsecret', self.log.output)

    def test_shared(self) -> None:
        """Workers share one queue, and what one leaves another takes."""
        first = self.listen()
        second = self.listen()
        told = [self.tell() for _ in range(20)]
        waiting.until('all are seen', lambda: len(self.seen) == 20)
        self.assertEqual(sorted(told), sorted(self.seen))
        self.assertTrue(first.taken and second.taken)
        first.stop()
        second.stop()
        told.append(self.tell())
        self.listen()
        waiting.until('the last is seen', lambda: told[-1] in self.seen)
        self.assertEqual(sorted(told), sorted(self.seen))

    def test_doubled(self) -> None:
        self.listen()
        image_id = str(uuid.uuid4())
        for _ in range(2):
            self.tell(image_id)
        waiting.until('both are seen', lambda: self.seen == [image_id] * 2)

    def test_queues(self) -> None:
        """Ours; and that of Glance, which nobody else empties."""
        listener = self.listen()
        consumers = self.rabbit.ctl(
            'list_consumers', '--no-table-headers', 'queue_name',
            'prefetch_count').split()
        self.assertEqual([OWN, str(notifications.PREFETCH)], consumers)
        for _ in range(3):
            self.mark()
        self.assertEqual({OWN: 0, DEFAULT: 3}, self.rabbit.waiting_in())
        listener.stop()
        self.listen('notification_pool =')
        self.mark()
        waiting.until('they are empty, but for the one that was told since',
                      lambda: self.rabbit.waiting_in() == {
                          OWN: 1, DEFAULT: 0})

    def test_topic_of_its_own(self) -> None:
        self.listen('notification_pool =',
                    'notification_topics = lifecycle, more')
        self.notifier = oslo_messaging.Notifier(
            self.notifier.transport, 'image.host1', driver='messagingv2',
            topics=['notifications', 'more'], retry=0)
        self.mark()
        self.assertEqual(1, self.rabbit.waiting_in()[DEFAULT])

    def test_bounded_by_a_policy(self) -> None:
        """As the documentation has it: the newest are kept."""
        self.listen().stop()
        self.rabbit.ctl(
            'set_policy', '--apply-to', 'queues', 'glance-lifecycle',
            f'^{OWN}$', json.dumps({'max-length': 5,
                                    'overflow': 'drop-head'}))
        told = [self.tell() for _ in range(20)]
        self.assertEqual(5, self.rabbit.waiting_in()[OWN])
        self.listen()
        waiting.until('the newest are seen', lambda: self.seen == told[-5:])


class ForgedTest(NotificationsCase):

    def setUp(self) -> None:
        super().setUp()
        self.listener = self.listen()
        untyped: Any = kombu
        connection = untyped.Connection(
            self.rabbit.url.replace('rabbit://', 'amqp://'))
        self.addCleanup(connection.release)
        self.channel = connection.channel()
        self.producer = untyped.Producer(self.channel)

    def forge(self, body: object, content_type: str = 'application/json',
              content_encoding: str = 'utf-8', **headers: object) -> None:
        if not isinstance(body, bytes | str):
            body = json.dumps(body)
        self.producer.publish(
            body if isinstance(body, bytes) else body.encode(),
            exchange='glance', routing_key=DEFAULT, headers=headers,
            content_type=content_type, content_encoding=content_encoding)

    def forge_message(self, message: object) -> None:
        self.forge({'oslo.version': '2.0',
                    'oslo.message': json.dumps(message)})

    def assert_no_harm(self) -> None:
        self.mark()
        self.assertEqual(1, len(self.seen))
        self.assertEqual(1, self.listener.taken)
        self.assertEqual('', self.listener.problem())
        self.assertNotIn('Traceback', self.log.output)
        waiting.until('nothing is held', lambda: self.rabbit.waiting_in()[
            OWN] == 0)

    def test_bodies(self) -> None:
        bodies: tuple[object, ...] = (
            b'', b'\xff\xfe', 'not JSON', '[', '[]', '7', 'null', '"text"',
            {}, {'oslo.version': '2.0'},
            {'oslo.version': '2.0', 'oslo.message': '{'},
            {'oslo.version': '2.0', 'oslo.message': '[]'},
            {'oslo.version': '2.0', 'oslo.message': 7},
            {'oslo.version': '99.0', 'oslo.message': '{}'},
            '[' * 200000, '{"a":' * 200000)
        for body in bodies:
            self.forge(body)
        self.assert_no_harm()
        self.assertGreaterEqual(self.listener.malformed, 8)

    def test_messages(self) -> None:
        good = {'event_type': 'image.update', 'priority': 'INFO',
                'publisher_id': 'x', 'message_id': 'x', 'timestamp': 'x',
                'payload': {'id': str(uuid.uuid4())}}
        for name, value in (
                ('priority', 7), ('priority', None), ('priority', 'x' * 999),
                ('priority', []), ('event_type', 7), ('event_type', {}),
                ('event_type', None), ('payload', None), ('payload', []),
                ('payload', 'x'), ('payload', {'id': 7}),
                ('payload', {'id': {}}), ('payload', {'id': '../../x'}),
                ('payload', {'image_id': str(uuid.uuid4())})):
            self.forge_message({**good, name: value})
        for name in ('event_type', 'payload', 'priority'):
            self.forge_message({key: value for key, value in good.items()
                                if key != name})
        self.assert_no_harm()
        self.assertEqual(11, self.listener.malformed)

    def test_code(self) -> None:
        """Nothing is unpickled, nor otherwise run."""
        trap = self.work / 'trap'
        self.forge(pickle.dumps(_Trap(trap)),
                   content_type='application/x-python-serialize',
                   content_encoding='binary')
        self.forge(f'!!python/object/apply:pathlib.Path.touch ["{trap}"]',
                   content_type='application/x-yaml')
        self.forge('x', content_type='application/no-such')
        self.forge('x', content_encoding='no-such')
        self.forge('x', compression='no-such')
        self.assert_no_harm()
        self.assertFalse(trap.exists())

    def test_huge(self) -> None:
        """Larger than any that Glance sends."""
        self.forge_message({
            'event_type': 'image.update', 'priority': 'INFO',
            'payload': {'id': 'x' * 20_000_000, 'name': ['y'] * 1_000_000}})
        self.assert_no_harm()

    def test_packed(self) -> None:
        """With kombu_compression; and a bomb, which is no message."""
        for size, times in ((0, 1), (unpacking.LIMIT, 0)):
            image_id = str(uuid.uuid4())
            message = {'event_type': 'image.update', 'priority': 'INFO',
                       'payload': {'id': image_id, 'name': 'x' * size}}
            body = json.dumps({'oslo.version': '2.0',
                               'oslo.message': json.dumps(message)})
            self.forge(zlib.compress(body.encode()), content_encoding='utf-8',
                       compression='gzip')
            self.mark()
            self.assertEqual(times, self.seen.count(image_id))
        self.assertEqual(1, self.listener.malformed)

    def test_many(self) -> None:
        """Each costs one look at most, those of one image too."""
        for _ in range(500):
            self.forge('not JSON')
        self.assert_no_harm()
        self.assertEqual(500, self.listener.malformed)


class _Trap:
    """Makes a file where it is unpickled."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return pathlib.Path.touch, (self.path,)
