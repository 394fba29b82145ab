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

"""What one worker tells of itself: to Prometheus, to systemd, to who asks."""

from collections.abc import Callable
from collections.abc import Collection
import functools
import threading
import time

from oslo_config import cfg
from oslo_log import log as logging

from glance_lifecycle import exceptions
from glance_lifecycle import policy_file
from glance_lifecycle.worker.database import opening
from glance_lifecycle.worker import health
from glance_lifecycle.worker import http
from glance_lifecycle.worker import metrics
from glance_lifecycle.worker import notify_socket

LOG = logging.getLogger(__name__)

#: Seconds without a turn of a loop that turns each second. Longer than the
#: database is waited for.
STUCK = 300.0


class Monitoring:
    """Metrics, health and signs of life of one worker.

    :param threads: without any of which the worker is of no use
    :param heard: '' or why Glance's notifications are not heard
    :param clock: seconds, monotonic
    :ivar metrics: see ``metrics.Metrics``
    """

    def __init__(self, conf: cfg.ConfigOpts, manager: notify_socket.Manager,
                 threads: Collection[threading.Thread],
                 heard: Callable[[], str],
                 clock: Callable[[], float] = time.monotonic) -> None:
        options = conf.lifecycle_worker
        self._conf = conf
        self._manager = manager
        self._threads = threads
        self._clock = clock
        self._turned = clock()
        self._stop = threading.Event()
        self._problems = {'jobs': 'It has just begun.',
                          'sweep': 'No images have been looked at yet.'}
        self.metrics = metrics.Metrics(acts=options.mode == 'act')
        # Of its own, so that nobody who asks waits for a database.
        self._database = opening.configured(conf, patience=0)
        self.metrics.registry.register(metrics.JobStates(self._database))
        self.health = health.Health()
        for name in self._problems:
            self.health.add(name, functools.partial(self._problem, name))
        self.health.add('policy', self._policy)
        self.health.add('notifications', heard)
        self.health.add('threads', self._alive, vital=True)
        self._server = http.Server(
            options.metrics_bind, options.metrics_port, self.metrics,
            self.health) if options.metrics_port else None

    def start(self) -> None:
        """The worker works."""
        try:
            if self._server is not None:
                self._server.start()
        except exceptions.ConfigurationError as error:
            # Images are no worse off for it.
            LOG.error('%s', error.for_operator())
            self._server = None
        self._manager.ready()
        threading.Thread(
            target=self._manager.watch, daemon=True,
            args=(self.health.not_alive, self._stop)).start()

    def stop(self) -> None:
        self._stop.set()
        if self._server is not None:
            self._server.stop()
        self._database.close()

    def turned(self) -> None:
        """The loop that begins jobs is not stuck."""
        self._turned = self._clock()

    def well(self, what: str) -> None:
        """:param what: ``jobs`` or ``sweep``"""
        self._problems[what] = ''

    def failed(self, what: str, error: Exception) -> None:
        """The same for what went wrong; shown to whoever may ask."""
        self._problems[what] = exceptions.without_places(
            str(error)) if isinstance(error, exceptions.LifecycleError) else (
                'It failed in an unexpected way. See the log of the worker.')

    def _problem(self, what: str) -> str:
        return self._problems[what]

    def _policy(self) -> str:
        file = policy_file.watched(self._conf)
        return str(file.broken) if file is not None and file.broken else ''

    def _alive(self) -> str:
        if not all(thread.is_alive() for thread in self._threads):
            return 'A thread of the worker has ended.'
        if self._clock() - self._turned > STUCK:
            return 'No job could be begun for %d seconds.' % STUCK
        return ''


def say(error: Exception) -> None:
    """In the log."""
    if isinstance(error, exceptions.LifecycleError):
        LOG.error('%s', error.for_operator())
    else:
        LOG.error('The worker failed in an unexpected way.', exc_info=error)
