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

"""Whatever is sent to the broker does the listener no harm."""

import json
import pathlib
import pickle
from typing import Any
import uuid
import zlib

import kombu

from glance_lifecycle.tests.functional.worker import notifications_case
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker import unpacking

OWN = 'glance-lifecycle'
DEFAULT = 'notifications.info'


class ForgedTest(notifications_case.NotificationsCase):

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
