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

"""What the worker counts, and what its database holds, for Prometheus.

Names are those of https://prometheus.io/docs/practices/naming/. No label has a
value that a user chooses: kinds of actions are ours, stores are those of the
configuration.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import datetime
import platform
import threading
import time

from oslo_log import log as logging
import prometheus_client
from prometheus_client import core
from prometheus_client import registry as registries

from glance_lifecycle.audit import catalogue as catalogues
from glance_lifecycle import exceptions
from glance_lifecycle import version
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import imports
from glance_lifecycle.worker.database import jobs

LOG = logging.getLogger(__name__)

PREFIX = 'glance_lifecycle_worker_'

#: Of jobs.
KINDS = (*actions.KINDS, imports.KIND)
#: How a job ends here. The first three and "cancelled" are no failure.
OUTCOMES = ('done', 'not_needed', 'given_back', 'cancelled', 'retried',
            'failed', 'fenced')
WHAT = ('full', 'changes')
VISIBILITIES = ('public', 'community', 'shared', 'private')
SOURCES = ('sweep', 'notification')
#: What becomes of an object that no image needs.
HYGIENE = ('quarantined', 'in_quarantine', 'purged', 'restored', 'gone',
           'left', 'not_yet', 'failed')

#: What a label says instead of a value that is not known here. There is no
#: end of values that are let through.
OTHER = 'other'

# Seconds. A change of a record takes a fraction of one, a copy of a large
# image hours; a look at 100,000 images takes minutes.
_JOB_BUCKETS = (.1, .3, 1, 3, 10, 30, 60, 300, 900, 3600, 14400)
_SWEEP_BUCKETS = (.1, .3, 1, 3, 10, 30, 60, 120, 300, 900, 3600)

# Seconds that who asks waits for the database. Prometheus gives up after 10.
PATIENCE = 2.0

# Seconds for which an answer does for all who ask: somebody who asks without
# end is no load on the database.
_FRESH = 1.0


class Metrics:
    """Those of one worker; all methods may be called by any thread.

    :param acts: whether the worker does jobs (``mode = act``)
    :ivar registry: all of them; ``JobStates`` is registered there as well
    """

    def __init__(self, *, acts: bool = False) -> None:
        # As many series again, which tell when each of the others began.
        without: Callable[[], None] = prometheus_client.disable_created_metrics
        without()
        self.registry = registries.CollectorRegistry()
        prometheus_client.ProcessCollector(registry=self.registry)
        self._info(acts)
        self._jobs()
        self._sweeps()
        self._obstacles()
        self._hygiene()

    def _info(self, acts: bool) -> None:
        prometheus_client.Info(
            PREFIX + 'build', 'Release of the worker, and of Python.',
            registry=self.registry).info({
                'version': version.VERSION,
                'python': platform.python_version()})
        self._gauge('acts', 'Whether the worker does jobs (1, mode = act) or '
                    'only finds them (0, mode = observe).').set(acts)

    def _jobs(self) -> None:
        self._ended = self._counter(
            'jobs_ended_total', 'Jobs that ended in this worker. A job that '
            'is tried again is counted each time.', 'kind', 'outcome')
        self._duration = prometheus_client.Histogram(
            PREFIX + 'job_duration_seconds', 'How long jobs took in this '
            'worker, however they ended.', ['kind'], buckets=_JOB_BUCKETS,
            registry=self.registry)
        self._bytes = self._counter(
            'job_bytes_total', 'Bytes of images that done jobs copied, freed '
            'or read back.', 'kind')
        self._running = self._gauge(
            'jobs_running', 'Jobs that run in this worker now.', 'kind')
        # What begins with 0 shows also its first event as an increase.
        for kind in KINDS:
            self._duration.labels(kind)
            self._bytes.labels(kind)
            self._running.labels(kind)
            for outcome in OUTCOMES:
                self._ended.labels(kind, outcome)

    def _sweeps(self) -> None:
        self._swept = self._counter(
            'sweeps_total', 'Looks of this worker at all images (full) or at '
            'those that have changed (changes).', 'what', 'result')
        self._sweep_duration = prometheus_client.Histogram(
            PREFIX + 'sweep_duration_seconds', 'How long the looks of this '
            'worker took, also those that failed.', ['what'],
            buckets=_SWEEP_BUCKETS, registry=self.registry)
        self._sweep_images = self._gauge(
            'sweep_images', 'Images that the last look that went well met.',
            'what')
        # Not there before there was one: 0 would be the year 1970.
        self._sweep_success = self._gauge(
            'sweep_last_success_timestamp_seconds', 'When the last look of '
            'this worker that went well ended, in seconds since 1970.',
            'what')
        # As that look met them; there from the first look at all images on.
        self._images = self._gauge(
            'catalogue_images', 'Images that are active or deactivated, by '
            'visibility and signature, at the last look at all images that '
            'went well.', 'visibility', 'signature')
        self._copies = self._gauge(
            'catalogue_copies', 'Copies of these in a store.', 'store')
        self._copy_bytes = self._gauge(
            'catalogue_bytes', 'Bytes of these copies, as Glance says.',
            'store')
        self._observed = self._counter(
            'images_observed_total', 'Images that were compared with their '
            'policy, by what pointed at them.', 'source')
        for what in WHAT:
            self._sweep_duration.labels(what)
            for result in ('ok', 'error'):
                self._swept.labels(what, result)
        for source in SOURCES:
            self._observed.labels(source)

    def _obstacles(self) -> None:
        self._circuit = self._gauge(
            'circuit_open', 'Whether this worker takes a store to be away '
            '(1), so that its jobs wait.', 'store')
        self._held = self._counter(
            'jobs_held_total', 'New jobs that the brake of this worker held '
            'for an operator.')

    def _hygiene(self) -> None:
        self._hygiene_steps = self._gauge(
            'hygiene_steps', 'Objects in a store that no image needs, and '
            'that can be taken, by the newest plan.', 'store')
        self._hygiene_bytes = self._gauge(
            'hygiene_bytes', 'Bytes that these objects take.', 'store')
        self._hygiene_unclear = self._gauge(
            'hygiene_unclear', 'Objects in a store of which nobody can tell '
            'whether an image needs them, by the newest plan.', 'store')
        # Not there before there was one: 0 would be the year 1970.
        self._hygiene_planned = self._gauge(
            'hygiene_last_plan_timestamp_seconds', 'When the newest plan of a '
            'store was made, in seconds since 1970.', 'store')
        self._hygiene_runs = self._counter(
            'hygiene_runs_total', 'Looks of this worker into the stores for '
            'what no image needs.', 'result')
        self._hygiene_objects = self._counter(
            'hygiene_objects_total', 'Objects that this worker was to take '
            'out of a store, and what became of them.', 'store', 'result')
        for result in ('ok', 'error'):
            self._hygiene_runs.labels(result)

    def _counter(self, name: str, text: str, *labels: str
                 ) -> prometheus_client.Counter:
        return prometheus_client.Counter(PREFIX + name, text, labels,
                                         registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str
               ) -> prometheus_client.Gauge:
        return prometheus_client.Gauge(PREFIX + name, text, labels,
                                       registry=self.registry)

    def job_ended(self, kind: str, outcome: str, seconds: float,
                  size: int | None) -> None:
        """:param outcome: one of ``OUTCOMES``
        :param size: bytes of a job that was done; None: not known
        """
        kind = _known(kind, KINDS)
        self._ended.labels(kind, _known(outcome, OUTCOMES)).inc()
        self._duration.labels(kind).observe(seconds)
        if outcome == 'done' and size is not None:
            self._bytes.labels(kind).inc(size)

    @contextlib.contextmanager
    def job_running(self, kind: str) -> Iterator[None]:
        """It runs within."""
        with self._running.labels(
                _known(kind, KINDS)).track_inprogress():
            yield

    def swept(self, what: str, seconds: float, images: int,
              error: bool) -> None:
        """A sweep has ended, now; one that was stopped has not.

        :param what: one of ``WHAT``
        """
        known = _known(what, WHAT)
        self._swept.labels(known, 'error' if error else 'ok').inc()
        self._sweep_duration.labels(known).observe(seconds)
        if not error:
            self._sweep_images.labels(known).set(images)
            self._sweep_success.labels(known).set_to_current_time()

    def catalogue(self, found: catalogues.Catalogue) -> None:
        """Of a look at all images that went well."""
        for gauge in (self._images, self._copies, self._copy_bytes):
            gauge.clear()
        for visibility in VISIBILITIES:
            for signature in catalogues.SIGNATURES:
                self._images.labels(visibility, signature.replace(
                    ' ', '_')).set(found.signatures[visibility, signature])
        for store, copies in found.stores.items():
            self._copies.labels(store).set(copies)
            self._copy_bytes.labels(store).set(sum(
                found.copies[store, disk_format]
                for disk_format in found.formats))

    def observed(self, source: str, images: int) -> None:
        """:param source: one of ``SOURCES``"""
        self._observed.labels(_known(source, SOURCES)).inc(images)

    def circuit(self, store: str, open: bool) -> None:
        """:param store: of the configuration, never of an image"""
        self._circuit.labels(store).set(open)

    def braked(self, held: int) -> None:
        """:param held: new jobs that wait for an operator"""
        self._held.inc(held)

    def hygiene_found(self, store: str, steps: int, held: int, unclear: int
                      ) -> None:
        """:param store: of the configuration

        The others: see ``hygiene.Found``.
        """
        self._hygiene_steps.labels(store).set(steps)
        self._hygiene_bytes.labels(store).set(held)
        self._hygiene_unclear.labels(store).set(unclear)
        self._hygiene_planned.labels(store).set_to_current_time()

    def hygiene_done(self, store: str, result: str) -> None:
        """:param result: see ``hygiene.Done``"""
        self._hygiene_objects.labels(
            store, _known(result.replace(' ', '_'), HYGIENE)).inc()

    def hygiene_ended(self, error: bool) -> None:
        self._hygiene_runs.labels('error' if error else 'ok').inc()


def _known(value: str, values: tuple[str, ...]) -> str:
    return value if value in values else OTHER


class _Reading:
    """One look into the database, in a thread of its own.

    A server that vanished, or does not answer, would else hold whoever asks
    for as long as its driver waits: some do for ever.
    """

    def __init__(self, database: engine.Database, begun: float) -> None:
        self.begun = begun
        self.done = threading.Event()
        self.counts: dict[jobs.State, int] | None = None
        self.age = 0.0
        threading.Thread(target=self._read, args=(database,), daemon=True,
                         name='lifecycle-job-states').start()

    def _read(self, database: engine.Database) -> None:
        try:
            now = datetime.datetime.now(datetime.UTC)
            oldest = jobs.oldest_due(database, now)
            self.age = (now - oldest).total_seconds() if oldest else 0.0
            self.counts = jobs.counts(database)
        except exceptions.LifecycleError as error:
            LOG.warning('The jobs cannot be counted: %s',
                        error.for_operator())
        except Exception:
            # Whoever asks is told that the database is down.
            LOG.exception('The jobs cannot be counted.')
        finally:
            self.done.set()


class JobStates:
    """How many jobs there are, read whenever somebody asks.

    A collector of prometheus_client. All workers of one database export the
    same here: take the maximum over them, not the sum.

    :param database: a handle of its own with ``patience=0``, so that a
        database that fails is found out at once
    :param clock: seconds, monotonic
    """

    def __init__(self, database: engine.Database,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._reading: _Reading | None = None

    def describe(self) -> list[core.Metric]:
        """All metrics, without values; the database is not asked."""
        return list(_families())

    def collect(self) -> Iterator[core.Metric]:
        up, states, age = _families()
        reading = self._current()
        answered = reading.done.wait(PATIENCE)
        counts = reading.counts if answered else None
        up.add_metric([], float(counts is not None))
        yield up
        if counts is None:
            # No number is better than one that is not true.
            return
        for state, number in sorted(counts.items()):
            states.add_metric([state.value], number)
        age.add_metric([], reading.age)
        yield states
        yield age

    def _current(self) -> _Reading:
        """Only one reads at a time, however many ask."""
        with self._lock:
            now = self._clock()
            if self._reading is None or (
                    self._reading.done.is_set()
                    and now - self._reading.begun >= _FRESH):
                self._reading = _Reading(self._database, now)
            return self._reading


def _families() -> tuple[core.GaugeMetricFamily, core.GaugeMetricFamily,
                         core.GaugeMetricFamily]:
    return (
        core.GaugeMetricFamily(
            PREFIX + 'database_up', 'Whether the database of the '
            'worker could be read just now (1).', labels=[]),
        core.GaugeMetricFamily(
            PREFIX + 'jobs', 'Jobs in the database, of all workers, '
            'until they are purged.', labels=['state']),
        core.GaugeMetricFamily(
            PREFIX + 'oldest_due_job_age_seconds', 'How long the '
            'oldest job that is due has waited to be begun; 0 if none is '
            'due.', labels=[]))
