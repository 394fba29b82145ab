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

"""Looking at the images of a cloud, all of them or those that have changed.

How far that came is in the database, so that a restart goes on there.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import datetime
import threading
import time

from oslo_config import cfg
from oslo_log import log as logging

from glance_lifecycle.audit import catalogue
from glance_lifecycle.audit import drift
from glance_lifecycle.audit import image_api
from glance_lifecycle import exceptions
from glance_lifecycle.policy import decision
from glance_lifecycle.worker import cloud as clouds
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker import kindred
from glance_lifecycle.worker import observing
from glance_lifecycle.worker import sweeps

LOG = logging.getLogger(__name__)

# Images between two looks at the clock.
_BATCH = 100


class Stopped(Exception):
    """The worker stops; the sweep is begun again by the next one."""


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """See the options of the same names; seconds, images a second."""

    sweep_interval: float
    full_sweep_interval: float
    sweep_rate: int
    sweep_overlap: float

    @classmethod
    def of(cls, conf: cfg.ConfigOpts) -> 'Settings':
        return cls(**{field.name: conf.lifecycle_worker[field.name]
                      for field in dataclasses.fields(cls)})


class Sweeper:
    """Sweeps that are due.

    :param connect: a cloud, anew for each sweep
    :param stop: ends a sweep that runs
    :ivar catalogue: sums of the last look at all images that went well
    :ivar done: the last sweeps, as ``due()`` or ``sweep()`` found them
    """

    def __init__(self, database: engine.Database,
                 observer: observing.Observer,
                 connect: Callable[[], clouds.Cloud],
                 policy: Callable[[], decision.Policy], settings: Settings,
                 stop: threading.Event) -> None:
        self._database = database
        self._observer = observer
        self._connect = connect
        self._policy = policy
        self._settings = settings
        self._stop = stop
        self.catalogue: catalogue.Catalogue | None = None
        self.done = sweeps.Sweeps()

    def due(self) -> sweeps.What | None:
        """What is to be looked at now.

        :raises ConfigurationError: there is no policy
        :raises WorkerDatabaseError: the database fails
        """
        now = datetime.datetime.now(datetime.UTC)
        self.done = sweeps.read(self._database)
        full, last = self.done.full, self.done.ended_at
        # A time to come is that of a clock that was wrong.
        if last is not None and _within(
                last, now, self._settings.sweep_interval):
            # At once, but a look that failed is not repeated at once.
            if full is not None and full.good is not None and (
                    not full.failed
                    and full.good_by(self._policy()) is None):
                return sweeps.What.FULL
            return None
        good = None if full is None else full.good_by(self._policy())
        if good is None or not _within(
                good, now, self._settings.full_sweep_interval):
            return sweeps.What.FULL
        return sweeps.What.CHANGES

    def sweep(self, what: sweeps.What) -> observing.Seen:
        """Look, and write down how far it came.

        :raises Stopped: the worker stops
        :raises LifecycleError: it failed, which is written down
        """
        begun = datetime.datetime.now(datetime.UTC)
        policy = self._policy()
        full = self.done.full
        if full is not None and full.good_by(policy) is None:
            # It was read again since it was due: see look().
            what = sweeps.What.FULL
        try:
            seen = self._look(what, policy)
        except exceptions.LifecycleError as error:
            self._end(what, begun, policy, None, str(error))
            raise
        self._end(what, begun, policy, seen, '')
        LOG.log(logging.INFO if seen.opened or what is sweeps.What.FULL
                else logging.DEBUG,
                'Looked at %(images)d images (%(what)s): %(actions)d actions '
                'needed, %(opened)d new jobs.', {
                    'what': what.value, **dataclasses.asdict(seen)})
        if seen.held:
            LOG.error(
                '%d new jobs are HELD: they touch more images than '
                '[lifecycle_worker] brake_images and brake_percent allow. '
                'Look at them with "openstack image lifecycle job list '
                '--state held", and release or cancel them.', seen.held)
        return seen

    def _end(self, what: sweeps.What, begun: datetime.datetime,
             policy: decision.Policy, seen: observing.Seen | None, error: str
             ) -> None:
        sweeps.write(self._database, what, begun, policy, seen, error)
        self.done = sweeps.read(self._database)

    def look(self, image_ids: Iterable[str]) -> observing.Seen:
        """At these images, of which somebody told; the sweep does not wait.

        :raises LifecycleError: it failed
        """
        full = sweeps.read(self._database).full
        policy = self._policy()
        if full is None or full.good_by(policy) is None:
            # It comes by all of them. Of a policy that nobody has looked at
            # all images with, the brake would see a few at a time, and pass
            # them all.
            return observing.Seen()
        cloud = self._connect()
        gone: list[str] = []

        def there() -> Iterator[clouds.Image]:
            for image_id in image_ids:
                image = cloud.image(image_id)
                if image is None:
                    gone.append(image_id)
                else:
                    yield image

        return self._observer.look_at_some(
            there(), self._kindred(cloud, policy, full), policy, full.images,
            gone)

    def _look(self, what: sweeps.What, policy: decision.Policy
              ) -> observing.Seen:
        cloud = self._connect()
        query = {'visibility': 'all'}
        if what is sweeps.What.CHANGES:
            query['updated_at'] = 'gte:%s' % sweeps.read(
                self._database).since(self._settings.sweep_overlap).strftime(
                    '%Y-%m-%dT%H:%M:%SZ')
        images = self._paced(drift.catalogue(
            image_api.getter(cloud.client), page_size=drift.PAGE, **query))
        with image_api.asking('list the images'):
            if what is sweeps.What.FULL:
                found = catalogue.Catalogue(cloud.store_names())
                seen = self._observer.look(found.through(images), cloud,
                                           policy)
                self.catalogue = found
                return seen
            full = sweeps.read(self._database).full
            return self._observer.look_at_some(
                images, self._kindred(cloud, policy, full), policy,
                full.images if full else 0)

    def _kindred(self, cloud: clouds.Cloud, policy: decision.Policy,
                 full: sweeps.Sweep | None) -> kindred.Kindred:
        now = datetime.datetime.now(datetime.UTC)
        if full is not None and full.noted and full.policy == policy.digest:
            return kindred.Noted(self._database, cloud, policy, now)
        return kindred.Listed(cloud, policy, now)

    def _paced(self, images: Iterable[clouds.Image]
               ) -> Iterator[clouds.Image]:
        """No faster than is wished.

        :raises Stopped: the worker stops
        """
        begun = time.monotonic()
        rate = self._settings.sweep_rate
        for number, image in enumerate(images, 1):
            yield image
            if number % _BATCH:
                continue
            early = begun + number / rate - time.monotonic() if rate else 0
            if self._stop.wait(max(0, early)):
                raise Stopped


def _within(moment: datetime.datetime, now: datetime.datetime,
            seconds: float) -> bool:
    return 0 <= (now - moment).total_seconds() < seconds
