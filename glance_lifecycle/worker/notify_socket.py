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

"""What systemd is told of this service: sd_notify(3), sd_watchdog_enabled(3).

oslo_service.systemd and cotyledon only know READY=1. cotyledon's master sends
it before it has forked the worker, and takes NOTIFY_SOCKET out of the
environment; so ``taken()`` has to come before it.

::

  master:  taken() -> run() -> SIGHUP: reloading()  SIGTERM: stopping()
              |  fork
  worker:     +-> begins to work: ready(), then alive() again and again

The worker does not say STOPPING=1 when it ends: after a SIGHUP another one
comes, and systemd would take the whole service down.
"""

from collections.abc import Callable
from collections.abc import MutableMapping
import dataclasses
import os
import socket
import threading
import time

from oslo_log import log as logging

LOG = logging.getLogger(__name__)

# Seconds for a message. systemd may be busy, the worker never waits for it.
_PATIENCE = 1.0

# Signs of life in one interval of the watchdog.
_SIGNS = 3


def watchdog_interval(environ: MutableMapping[str, str] | None = None
                      ) -> float:
    """Seconds after which systemd kills a service without a sign of life.

    WATCHDOG_PID is the process that systemd has started: cotyledon's master.
    So only that one finds out here; the worker gets it from there.

    :returns: 0: it does not
    """
    environ = os.environ if environ is None else environ
    if environ.get('WATCHDOG_PID', str(os.getpid())) != str(os.getpid()):
        return 0
    try:
        return max(int(environ.get('WATCHDOG_USEC', '')), 0) / 1e6
    except ValueError:
        return 0


def taken(environ: MutableMapping[str, str] | None = None) -> 'Manager':
    """Who started this service, to be asked once, before a fork.

    Nothing of it stays in the environment, which programs that are started
    from here get as well.
    """
    environ = os.environ if environ is None else environ
    watchdog = watchdog_interval(environ)
    for name in ('WATCHDOG_USEC', 'WATCHDOG_PID'):
        environ.pop(name, None)
    return Manager(environ.pop('NOTIFY_SOCKET', ''), watchdog)


@dataclasses.dataclass(frozen=True, slots=True)
class Manager:
    """The service manager; all methods may be called by any process.

    A message that does not get through is a line in the log, never an error.

    :ivar address: a path, or '@' and a name in the abstract namespace; ''
        for nobody: then all methods do nothing
    :ivar watchdog: seconds between two signs of life, at most; 0 for none
    """

    address: str = ''
    watchdog: float = 0

    def ready(self) -> None:
        """The worker works, for the first time or again."""
        self._send('READY=1')

    def reloading(self) -> None:
        """The configuration is read again; ``ready()`` ends that."""
        self._send('RELOADING=1\nMONOTONIC_USEC=%d' % (
            time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000))

    def stopping(self) -> None:
        """All of the service ends."""
        self._send('STOPPING=1')

    def status(self, text: str) -> None:
        """A line for people: see systemctl status."""
        # A line break would begin another message.
        self._send('STATUS=' + ' '.join(text.split()))

    def alive(self) -> None:
        """A sign of life for the watchdog."""
        self._send('WATCHDOG=1')

    def watch(self, not_alive: Callable[[], list[str]],
              stop: threading.Event) -> None:
        """Give signs of life until it stops, while all is well.

        For a thread of its own. Returns at once where there is no watchdog.

        :param not_alive: lines that say why no sign is given: see
            ``health.Health``
        """
        before: list[str] = []
        while self.watchdog and not stop.is_set():
            failing = not_alive()
            if not failing:
                self.alive()
            elif failing != before:
                LOG.error('The watchdog gets no sign of life, and restarts '
                          'the worker unless that changes: %s',
                          ' '.join(failing))
            before = failing
            stop.wait(self.watchdog / _SIGNS)

    def _send(self, message: str) -> None:
        if not self.address:
            return
        address = ('\0' + self.address[1:] if self.address.startswith('@')
                   else self.address)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as found:
                found.settimeout(_PATIENCE)
                found.sendto(message.encode(errors='replace'), address)
        except (OSError, ValueError) as error:
            LOG.warning('systemd cannot be told %(what)s: %(error)s', {
                'what': message.partition('=')[0], 'error': error})
