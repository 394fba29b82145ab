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

"""Glance's notifications: which image to look at, before the sweep comes by.

A notification is a hint and nothing more. Anybody who may publish on the
broker can forge one, and any may be lost, doubled, late or out of order. So
nothing is taken from it but the id of an image; what the image is like, the
Image API is asked. A forged one costs one look at one image.

What Glance 31 to 33 send of images, all but one at priority INFO and after
their change was committed (``glance/notifier.py``):

====================== ========================= =============================
event type             id in the payload         sent
====================== ========================= =============================
image.create           ``id``                    the record was made
image.update           ``id``                    any other change was saved:
                                                 properties, tags, protected,
                                                 visibility, hidden, locations,
                                                 deactivate and reactivate,
                                                 each step of an import
image.upload           ``id``; none in an ERROR, the data is in a store
                       which is a text
image.activate         ``id``                    after image.upload, where the
                                                 image became active
image.delete           ``id``                    the image is gone
image.member.create,   ``image_id``              it was shared, the share was
.update, .delete                                 accepted, or ended
image.prepare          ``id``                    before an upload: ignored,
                                                 image.upload follows
image.send             ``image_id``              a download: ignored, nothing
                                                 has changed
====================== ========================= =============================

There are none of their own for tags, deactivate, reactivate, import or
copies; those of tasks, and of metadata definitions, name no image.
"""

from collections.abc import Callable
import logging
import re
import socket
import threading
from typing import Any

from oslo_config import cfg
from oslo_log import log

from glance_lifecycle import exceptions
from glance_lifecycle.worker import messaging
from glance_lifecycle.worker import unpacking

# Not before messaging, which chooses what it works with.
import oslo_messaging  # noqa: E402, H306

LOG = log.getLogger(__name__)

# Event types -> where the payload has the id.
EVENTS = {
    'image.create': 'id', 'image.update': 'id', 'image.upload': 'id',
    'image.activate': 'id', 'image.delete': 'id',
    'image.member.create': 'image_id', 'image.member.update': 'image_id',
    'image.member.delete': 'image_id'}

# As Glance's API has it: who creates an image may give it an id, with capital
# letters too.
_ID = re.compile(r'[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}')

# A broker's port where its address names none.
AMQP = 5672

# Where oslo.messaging tells of messages that it cannot make sense of, and how.
_TELLERS = ('oslo.messaging._drivers.impl_rabbit',
            'oslo_messaging.notify.listener')
_UNREADABLE = ('Failed to process message ... skipping it.',
               'Exception during message handling.')

# Messages that the broker sends ahead. Its default is all that it has: one
# worker would hold them, and they would be lost to others until it ended.
PREFETCH = 64

# Seconds between looks for a broker that is away, when we start; afterwards
# oslo.messaging looks for it.
RETRY = 5.0

# Seconds that an address of the broker may take to answer.
_PATIENCE = 5.0

# Seconds for the last notifications when we stop, and for a broker that does
# not answer any more.
_GOODBYE = 10.0


def image_of(event_type: object, payload: object) -> str | None:
    """The image that a notification is about.

    :returns: None where it is of no image, or changes none
    :raises ValueError: malformed: it should name an image, and does not
    """
    name = EVENTS.get(event_type) if isinstance(event_type, str) else None
    if name is None:
        return None
    found = payload.get(name) if isinstance(payload, dict) else None
    if not isinstance(found, str) or not _ID.fullmatch(found):
        raise ValueError('no image id')
    return found


class Listener:
    """Hears of changed images from the broker that Glance tells.

    :param seen: called with the id of each, in a thread of the listener's,
        one at a time, so it has to be quick; what it raises is logged, and
        the notification is over: the sweep finds the image
    :ivar taken: notifications that named an image
    :ivar malformed: messages that should have, and did not
    :raises ConfigurationError: the options give no address of a broker
    """

    def __init__(self, conf: cfg.ConfigOpts,
                 seen: Callable[[str], None]) -> None:
        self._seen = seen
        self.taken = 0
        self.malformed = 0
        own = conf.lifecycle_worker
        unpacking.bound()
        url, self._transport = messaging.transport(
            conf, own.notification_transport_url, PREFETCH)
        self._addresses = _addresses(url)
        self._targets = [
            oslo_messaging.Target(topic=topic, exchange=conf.control_exchange)
            for topic in own.notification_topics]
        self._pool = own.notification_pool or None
        self._ended = threading.Event()
        # Of oslo.messaging, once the broker lets us listen.
        self._server: Any = None
        self._entering = False
        self._why = 'It was not started.'
        self._thread = threading.Thread(
            target=self._run, name='notifications', daemon=True)

    def start(self) -> None:
        """Listen from now on; never waits for a broker. Once only."""
        self._thread.start()

    def stop(self) -> None:
        """Return when ``seen`` is called no more.

        What still waits stays in the queue, for the other workers. A broker
        that does not answer is waited for ten seconds, no longer.
        """
        self._ended.set()
        # A thread that oslo.messaging holds until the broker lets it in
        # leaves as soon as that does.
        if self._thread.is_alive() and not self._entering:
            self._thread.join(_GOODBYE)

    def problem(self) -> str:
        """Why nothing is heard, as sentences; '' while all is well."""
        if self._server is None:
            return self._why
        if _connected(self._server):
            return ''
        return ('The connection to the broker at %s is lost. It is tried '
                'again; until then the sweep alone finds what has changed.' %
                self._where())

    def _where(self) -> str:
        return ' or '.join(f'{host}:{port}' for host, port in self._addresses)

    def _run(self) -> None:
        for name in _TELLERS:
            logging.getLogger(name).addFilter(self._terse)
        try:
            while not self._ended.is_set():
                try:
                    self._listen()
                # Whatever a driver raises: the worker works without it.
                except Exception as error:
                    LOG.debug('No notifications', exc_info=True)
                    self._unheard('Notifications cannot be received: %s' %
                                  exceptions.sentence(
                                      exceptions.without_places(str(error))))
                    self._ended.wait(RETRY)
        finally:
            self._why = 'It was stopped.'
            for name in _TELLERS:
                logging.getLogger(name).removeFilter(self._terse)
            self._transport.cleanup()

    def _unheard(self, why: str) -> None:
        if why != self._why:
            LOG.warning('%s It is tried again; until then the sweep alone '
                        'finds what has changed.', why)
        self._why = why

    def _listen(self) -> None:
        """Until ``stop()``.

        :raises OSError: there is no broker
        """
        # oslo.messaging would wait for it where nothing can stop it.
        _reach(self._addresses)
        self._why = (
            'The broker at %s has not let us in yet. See what oslo.messaging '
            'logs, and let [oslo_messaging_rabbit] be as in glance-api.conf.'
            % self._where())
        server = oslo_messaging.get_notification_listener(
            self._transport, self._targets, [_Endpoint(self._heard)],
            pool=self._pool, allow_requeue=False)
        self._entering = True
        try:
            # One thread: the ids come in the order of the queue.
            server.start(override_pool_size=1)
        finally:
            self._entering = False
        self._server = server
        try:
            LOG.info('Glance\'s notifications are listened to.')
            self._ended.wait()
        finally:
            self._server = None
            server.stop()
            server.wait()

    def _heard(self, event_type: object, payload: object) -> None:
        try:
            image_id = image_of(event_type, payload)
        except ValueError:
            self.malformed += 1
            LOG.debug('A malformed notification was ignored.')
            return
        if image_id is None:
            return
        self.taken += 1
        try:
            self._seen(image_id)
        except Exception:
            # To have it sent again would make a loop of a lasting error.
            LOG.exception(
                'The notification about image %s was lost. The sweep finds '
                'what has changed.', image_id)

    def _terse(self, record: logging.LogRecord) -> bool:
        """Of a message that oslo.messaging cannot read, one line is enough.

        Who may publish may send any number of them.
        """
        if record.exc_info and record.msg in _UNREADABLE:
            self.malformed += 1
            record.msg = '%s (%s)' % (
                record.msg, type(record.exc_info[1]).__name__)
            record.exc_info = None
        return True


class _Endpoint:
    """What oslo.messaging calls; only priority INFO is subscribed to."""

    def __init__(self, heard: Callable[[object, object], None]) -> None:
        self._heard = heard

    def info(self, context: object, publisher_id: object, event_type: object,
             payload: object, metadata: object) -> None:
        self._heard(event_type, payload)


def _addresses(url: Any) -> list[tuple[str, int]]:
    """Host and port of each broker; none where a driver has its own ways."""
    if not messaging.is_rabbit(url) or url.transport.startswith('kombu+'):
        return []
    return [(host.hostname or 'localhost', host.port or AMQP)
            for host in url.hosts] or [('localhost', AMQP)]


def _reach(addresses: list[tuple[str, int]]) -> None:
    """:raises OSError: none takes a connection"""
    failed = []
    for host, port in addresses:
        try:
            socket.create_connection((host, port), _PATIENCE).close()
            return
        except OSError as error:
            failed.append('%s:%s: %s' % (host, port, error.strerror or error))
    if failed:
        raise OSError('the broker cannot be reached: ' + '; '.join(failed))


def _connected(server: Any) -> bool:
    """Whether a listener's connection stands, as far as can be told.

    oslo.messaging has nothing to ask. So this follows the attributes of its
    AMQP drivers, and believes the others.
    """
    found = server.listener
    for name in ('_poll_style_listener', 'conn', 'connection', 'connection'):
        found = getattr(found, name, None)
    return bool(getattr(found, 'connected', True))
