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

"""The daemon: what makes a worker of the parts, in one process.

Its threads: ``run`` begins jobs and gives signs of life, one looks at images,
those of the pool do jobs. cotyledon's master starts it, and starts it again.
"""

from collections.abc import Callable
import threading
import time
from typing import Any

import cotyledon
from cotyledon import types
from oslo_config import cfg
from oslo_log import log as logging

from glance_lifecycle.conf import credentials
from glance_lifecycle.conf import worker as worker_conf
from glance_lifecycle import exceptions
from glance_lifecycle.policy import decision
from glance_lifecycle import policy_file
from glance_lifecycle.worker import brake
from glance_lifecycle.worker import circuits
from glance_lifecycle.worker import cloud as clouds
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import opening
from glance_lifecycle.worker import dispatching
from glance_lifecycle.worker import liveness
from glance_lifecycle.worker import observing
from glance_lifecycle.worker import running
from glance_lifecycle.worker import sweeping

LOG = logging.getLogger(__name__)

# Seconds between two looks at what is due.
_TURN = 1.0

# Seconds of the pause after something failed.
_PAUSE = 5.0

# Signs of life before one expires.
_BEATS = 6

# Seconds for jobs that are stopped to undo what they have begun.
UNDO = 20


class Worker(cotyledon.Service):
    """One worker.

    :param number: cotyledon's
    :param copies: see ``worker.cloud.Cloud``
    """

    name = 'worker'

    def __init__(self, number: types.WorkerId, conf: cfg.ConfigOpts,
                 copies: Callable[[Any], Any]) -> None:
        super().__init__(number)
        self._conf = conf
        self._copies = copies
        self._options = conf.lifecycle_worker
        self._stop = threading.Event()
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._connection: Any = None
        self._database = opening.open_database(conf)
        self._liveness = liveness.Liveness(
            self._database, conf.lifecycle.state_dir, self._options.mode,
            self._options.claim_expiry)
        self._deletions = running.Deletions()
        self._stores = circuits.Circuits()
        self._sweeper = self._make_sweeper()
        self._dispatcher = self._make_dispatcher()
        self._threads = [threading.Thread(target=target, daemon=True)
                         for target in (self._turn, self._sweep)]

    def _make_sweeper(self) -> sweeping.Sweeper:
        observer = observing.Observer(
            self._database, brake.Brake(self._options.brake_images,
                                        self._options.brake_percent),
            'worker %s' % self._liveness.id)
        return sweeping.Sweeper(
            self._database, observer, self._cloud, self._policy,
            sweeping.Settings.of(self._conf), self._stop)

    def _make_dispatcher(self) -> dispatching.Dispatcher:
        runner = running.Runner(
            self._database, self._liveness.id, self._cloud, self._policy,
            self._deletions, self._stores, attempts=self._options.attempts,
            retry_delay=self._options.retry_delay, stopping=self._stopping)
        return dispatching.Dispatcher(
            self._database, runner, self._deletions, self._stores,
            self._liveness.id, self._options.jobs, self._wake, self._ended)

    def run(self) -> None:
        self._liveness.beat()
        LOG.info('Worker %(worker)s starts; mode %(mode)s.', {
            'worker': self._liveness.id, 'mode': self._options.mode})
        for thread in self._threads:
            thread.start()

    def terminate(self) -> None:
        """Begin nothing more, wait for what runs, undo what takes longer."""
        LOG.info('Worker %s stops.', self._liveness.id)
        self._stop.set()
        self._wake.set()
        if not self._dispatcher.stop(self._options.drain_timeout):
            self._stopping.set()
            self._dispatcher.stop(UNDO)
        for thread in self._threads:
            thread.join(_PAUSE)
        try:
            self._liveness.gone()
        except exceptions.LifecycleError as error:
            # Others find out.
            LOG.warning('%s', error.for_operator())

    def _policy(self) -> decision.Policy:
        return policy_file.in_force(self._conf)

    def _cloud(self) -> clouds.Cloud:
        """:raises ConfigurationError: the credentials are of no use"""
        if self._connection is None:
            self._connection = credentials.connect(self._conf,
                                                   worker_conf.NAME)
        return clouds.Cloud(self._connection, self._copies)

    def _ended(self, job: jobs.Job, outcome: running.Outcome,
               seconds: float) -> None:
        """A job has ended here."""

    # The threads.

    def _turn(self) -> None:
        """Signs of life, and jobs that are due."""
        beat = look = 0.0
        while not self._stop.is_set():
            try:
                if time.monotonic() >= beat:
                    self._liveness.beat()
                    self._dispatcher.take_back_lost()
                    beat = time.monotonic() + (
                        self._options.claim_expiry / _BEATS)
                if time.monotonic() >= look:
                    # Not only with each beat: then what expires just after
                    # one would be found a sixth of the expiry too late.
                    self._liveness.take_back()
                    look = time.monotonic() + _TURN
                if self._options.mode == 'act':
                    # Without a policy nothing is known of what is wanted.
                    self._policy()
                    self._dispatcher.turn()
            except Exception as error:
                self._say(error)
                self._stop.wait(_PAUSE)
            self._wake.wait(_TURN)
            self._wake.clear()

    def _sweep(self) -> None:
        """Looks at images, whenever they are due."""
        while not self._stop.is_set():
            try:
                what = self._sweeper.due()
                if what is not None:
                    self._sweeper.sweep(what)
                    self._deletions.allow()
                    self._wake.set()
            except sweeping.Stopped:
                return
            except Exception as error:
                self._deletions.stop(str(error))
                self._say(error)
                self._stop.wait(_PAUSE)
            self._stop.wait(_TURN)

    @staticmethod
    def _say(error: Exception) -> None:
        if isinstance(error, exceptions.LifecycleError):
            LOG.error('%s', error.for_operator())
        else:
            LOG.error('The worker failed in an unexpected way.',
                      exc_info=error)
