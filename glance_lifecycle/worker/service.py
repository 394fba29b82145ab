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

Its threads: one gives signs of life and begins jobs, one looks at all images
and at those that have changed, one at those that Glance tells of, one at what
lies in the stores, one at migrations, and those of the pool do jobs.
cotyledon's master starts it, and starts it again.
"""

from collections.abc import Callable
import datetime
import socket
import threading
import time
from typing import Any
from typing import TYPE_CHECKING

import cotyledon
from oslo_config import cfg
from oslo_log import log as logging

from glance_lifecycle.audit import image_api
from glance_lifecycle.conf import credentials
from glance_lifecycle.conf import worker as worker_conf
from glance_lifecycle import exceptions
from glance_lifecycle.policy import decision
from glance_lifecycle import policy_file
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker import audit_events
from glance_lifecycle.worker import brake
from glance_lifecycle.worker import caching
from glance_lifecycle.worker import circuits
from glance_lifecycle.worker import cleaning
from glance_lifecycle.worker import cloud as clouds
from glance_lifecycle.worker.database import imports
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import opening
from glance_lifecycle.worker import dispatching
from glance_lifecycle.worker import hints
from glance_lifecycle.worker import host as hosts
from glance_lifecycle.worker import hygiene_schedule
from glance_lifecycle.worker import liveness
from glance_lifecycle.worker import looking
from glance_lifecycle.worker.migrating import driving
from glance_lifecycle.worker import monitoring
from glance_lifecycle.worker import notifications
from glance_lifecycle.worker import notify_socket
from glance_lifecycle.worker import observing
from glance_lifecycle.worker import pacing
from glance_lifecycle.worker import resigning
from glance_lifecycle.worker import running
from glance_lifecycle.worker import scrubbing
from glance_lifecycle.worker import store_names
from glance_lifecycle.worker import sweeping
from glance_lifecycle.worker import upkeep
from glance_lifecycle.worker import usage

if TYPE_CHECKING:
    # The cotyledon of 2025.2 has none.
    from cotyledon import types

LOG = logging.getLogger(__name__)

# Seconds between two looks at what is due.
_TURN = 1.0

# The same between two looks for imports: 1 ms of CPU each.
_IMPORT_TURN = 0.5

# And between two looks for those whose glance-api has died, unless one has
# just ended here. One that cannot be recovered is tried as often.
_RECOVER = 10.0

# Seconds of the pause after something failed.
_PAUSE = 5.0

# Signs of life before one expires.
_BEATS = 6

# Looks at all images without one that knows what is in use.
_MISSED = 3

# Seconds for jobs that are stopped to undo what they have begun.
UNDO = 20


class Worker(cotyledon.Service):
    """One worker.

    :param number: cotyledon's
    """

    name = 'worker'

    def __init__(self, number: 'types.WorkerId', conf: cfg.ConfigOpts,
                 host: hosts.Host, manager: notify_socket.Manager =
                 notify_socket.Manager()) -> None:
        super().__init__(number)
        self._conf = conf
        self._host = host
        self._options = conf.lifecycle_worker
        self._stop = threading.Event()
        self._stopping = threading.Event()
        self._over = threading.Event()
        self._wake = threading.Event()
        self._imported = threading.Event()
        # Often enough also for the glance-api that waits for an import.
        self._beat = min(self._options.claim_expiry / _BEATS,
                         conf.lifecycle_transfer.worker_timeout / 3)
        self._recover_at = 0.0
        self._connection: Any = None
        self._database = opening.open_database(conf)
        self._liveness = liveness.Liveness(
            self._database, conf.lifecycle.state_dir, self._options.mode,
            self._options.claim_expiry, imports=host.importer is not None)
        self._deletions = running.Deletions()
        self._stores = circuits.Circuits()
        self._pacing = pacing.Pacing.of(conf)
        self._auditor = audit_events.Auditor(conf, self._liveness.id)
        self._usage = usage.Usage(self._database, datetime.timedelta(
            seconds=_MISSED * self._options.full_sweep_interval))
        self._sweeper = self._make_sweeper()
        self._dispatcher = self._make_dispatcher()
        self._importers = self._make_importers()
        self._migrations = driving.Driver(
            self._database, self._cloud, 'worker %s' % self._liveness.id,
            self._stop, self._wake.set)
        self._upkeep = self._make_upkeep()
        self._hints = hints.Hints()
        self._listener = (
            notifications.Listener(conf, self._hints.seen)
            if self._options.notifications else None)
        self._threads: list[threading.Thread] = []
        self._monitoring = monitoring.Monitoring(
            conf, manager, self._threads, self._heard)
        look = looking.Looking(
            self._sweeper, self._hints, self._deletions,
            store_names.Names(conf, self._cloud), self._upkeep,
            self._monitoring, self._stop, self._wake)
        self._threads += [
            threading.Thread(target=target, daemon=True)
            for target in (self._turn, look.at_all, look.at_some)]
        if self._importers is not None:
            self._threads.append(threading.Thread(
                target=self._import, args=(self._importers,), daemon=True))
        if self._options.mode == 'act':
            self._threads.append(threading.Thread(
                target=self._migrations.loop, daemon=True))
        self._begin_hygiene()

    def _make_sweeper(self) -> sweeping.Sweeper:
        observer = observing.Observer(
            self._database, brake.Brake(self._options.brake_images,
                                        self._options.brake_percent),
            'worker %s' % self._liveness.id, self._scrubbing, self._usage)
        return sweeping.Sweeper(
            self._database, observer, self._cloud, self._policy,
            sweeping.Settings.of(self._conf), self._stop)

    def _make_dispatcher(self) -> dispatching.Dispatcher:
        return self._dispatch(running.Runner, self._options.jobs, self._wake)

    def _make_importers(self) -> dispatching.Dispatcher | None:
        if self._host.importer is None:
            return None
        return self._dispatch(self._host.importer, self._options.imports,
                              self._imported, socket.gethostname())

    def _dispatch(self, runs: Callable[..., dispatching.Runs], room: int,
                  wake: threading.Event, host: str = ''
                  ) -> dispatching.Dispatcher:
        runner = runs(
            self._database, self._liveness.id, self._cloud, self._policy,
            self._deletions, self._stores, attempts=self._options.attempts,
            retry_delay=self._options.retry_delay, stopping=self._stopping,
            limits=self._options.store_jobs)
        return dispatching.Dispatcher(
            self._database, runner, self._deletions, self._stores,
            self._liveness.id, room, wake, self._ended,
            lambda kind: self._monitoring.metrics.job_running(kind), host,
            self._options.store_jobs)

    def run(self) -> None:
        self._liveness.beat()
        LOG.info('Worker %(worker)s starts; mode %(mode)s.', {
            'worker': self._liveness.id, 'mode': self._options.mode})
        LOG.info('Jobs at once: %(jobs)d; at stores, those of other workers '
                 'included, %(stores)s.', {
                     'jobs': self._options.jobs, 'stores': ', '.join(
                         '%s %d' % each for each in sorted(
                             self._options.store_jobs.items()))
                     or 'as many'})
        for thread in self._threads:
            thread.start()
        if self._listener is not None:
            self._listener.start()
        self._monitoring.start()

    def terminate(self) -> None:
        """Begin nothing more, wait for what runs, undo what takes longer."""
        LOG.info('Worker %s stops.', self._liveness.id)
        self._stop.set()
        self._wake.set()
        self._imported.set()
        self._migrations.wake()
        self._hints.close()
        if self._listener is not None:
            self._listener.stop()
        ended = self._drain(self._options.drain_timeout)
        if not ended:
            self._stopping.set()
            ended = self._drain(UNDO)
        self._monitoring.stop()
        self._over.set()
        self._wake.set()
        for thread in self._threads:
            # One that was stopped as it began has not begun all of them.
            if thread.is_alive():
                thread.join(_PAUSE)
        if not ended:
            # Its jobs are others' once the kernel lets go of its lock.
            LOG.error('Worker %s ends before its jobs do.',
                      self._liveness.id)
            return
        try:
            self._liveness.gone()
        except exceptions.LifecycleError as error:
            # Others find out.
            LOG.warning('%s', error.for_operator())

    def _make_upkeep(self) -> upkeep.Upkeep:
        act = self._options.mode == 'act'

        def cleaner() -> cleaning.Cleaner:
            assert self._host.places is not None  # noqa: S101 - for mypy
            return cleaning.Cleaner(
                self._host.places(), self._cloud(),
                self._options.stale_after * 3600, act=act)
        return upkeep.Upkeep(
            self._database, 'worker %s' % self._liveness.id,
            self._host.recover if act else hosts.nothing,
            cleaner if self._host.places else None,
            recover_interval=self._options.sweep_interval,
            clean_interval=self._options.full_sweep_interval,
            stopped=self._stop.is_set)

    def _begin_hygiene(self) -> None:
        settings = hygiene_schedule.Settings.of(self._conf)
        if not settings.interval:
            return
        if self._host.hygiene is None:
            LOG.warning('[lifecycle_worker] hygiene_interval is without '
                        'effect: there is no Glance with stores here.')
            return
        schedule = hygiene_schedule.Schedule(
            self._database, 'worker %s' % self._liveness.id,
            self._host.hygiene, self._policy, self._monitoring.metrics,
            settings, self._stop)
        self._threads.append(threading.Thread(target=schedule.loop,
                                              daemon=True))

    def _drain(self, patience: float) -> bool:
        """:returns: whether all has ended within so many seconds"""
        deadline = time.monotonic() + patience
        return all([
            each.stop(max(0, deadline - time.monotonic()))
            for each in (self._dispatcher, self._importers)
            if each is not None])

    def _heard(self) -> str:
        return '' if self._listener is None else self._listener.problem()

    def _scrubbing(self) -> scrubbing.Scrubbing | None:
        return scrubbing.of(self._options, self._host.last_verified)

    def _policy(self) -> decision.Policy:
        return policy_file.in_force(self._conf)

    def _cloud(self) -> clouds.Cloud:
        """:raises LifecycleError: the credentials are of no use"""
        if self._connection is None:
            self._connection = credentials.connect(self._conf,
                                                   worker_conf.NAME)
        # The SDK asks Keystone where it is, the first time.
        with image_api.asking('tell where it is'):
            return clouds.Cloud(
                self._connection, self._host.copies,
                repair=self._options.repair, caches=caching.Caches(
                    self._connection, self._options.cache_endpoints,
                    self._options.cache_limit),
                limits=self._pacing, signatures=resigning.of(self._conf),
                unused=self._usage.unused, used=self._usage.saw)

    def _ended(self, job: jobs.Job, outcome: running.Outcome,
               seconds: float) -> None:
        """A job was claimed here, and is done, or put back."""
        if imports.is_import(job.purpose):
            self._recover_at = 0.0
        if outcome is running.Outcome.MISSED:
            return
        if job.action.get('kind') in actions.MIGRATING:
            self._migrations.wake()
        # As it is now; another may have it already.
        job = jobs.get(self._database, job.id)
        self._monitoring.metrics.job_ended(
            job.purpose.partition(':')[0], outcome.value, seconds, job.bytes)
        for store in job.action.get('arguments', {}).get('stores', ()):
            self._monitoring.metrics.circuit(
                store, store in self._stores.opened())
        self._auditor.ended(job)

    # The threads.

    def _turn(self) -> None:
        """Signs of life, to the last job's end, and jobs that are due."""
        beat = look = 0.0
        while not self._over.is_set():
            self._monitoring.turned()
            try:
                if time.monotonic() >= beat:
                    self._liveness.beat(self._stores.opened())
                    # Also where no job runs that could be taken back.
                    self._liveness.living()
                    self._dispatcher.take_back_lost()
                    if self._importers is not None:
                        self._importers.take_back_lost()
                    beat = time.monotonic() + self._beat
                if time.monotonic() >= look:
                    # Not only with each beat: then what expires just after
                    # one would be found a sixth of the expiry too late.
                    self._liveness.take_back()
                    look = time.monotonic() + _TURN
                if self._options.mode == 'act' and not self._stop.is_set():
                    # Without a policy nothing is known of what is wanted.
                    self._policy()
                    self._dispatcher.turn()
                self._monitoring.well('jobs')
            except Exception as error:
                self._monitoring.failed('jobs', error)
                monitoring.say(error)
                self._over.wait(_PAUSE)
            self._wake.wait(_TURN)
            self._wake.clear()

    def _import(self, importers: dispatching.Dispatcher) -> None:
        """Imports that glance-api hands over, in each mode.

        More often than jobs are looked for: their users wait.
        """
        while not self._stop.is_set():
            try:
                importers.turn()
                if time.monotonic() >= self._recover_at:
                    self._recover_at = time.monotonic() + _RECOVER
                    self._upkeep.recovered(self._host.recover_imports())
            except Exception as error:
                monitoring.say(error)
                self._stop.wait(_PAUSE)
            self._imported.wait(_IMPORT_TURN)
            self._imported.clear()
