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

"""A listener at a real broker."""

from collections.abc import Callable
import pathlib
import sys
from typing import Any
import uuid

import fixtures
from oslo_config import cfg

from glance_lifecycle.conf import opts
from glance_lifecycle.tests.functional import base
from glance_lifecycle.tests.functional.fixtures import rabbitmq
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker import notifications

# As notifications has imported it; first of all, it would choose eventlet.
oslo_messaging: Any = sys.modules['oslo_messaging']


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
