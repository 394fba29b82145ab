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

How far it came is a mark in the database, so that a restart goes on there.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import datetime
import enum
import json
import threading
import time
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from glance_lifecycle.audit import catalogue
from glance_lifecycle.audit import drift
from glance_lifecycle.audit import image_api
from glance_lifecycle import exceptions
from glance_lifecycle.policy import decision
from glance_lifecycle.worker import cloud as clouds
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import fields
from glance_lifecycle.worker.database import marks
from glance_lifecycle.worker import kindred
from glance_lifecycle.worker import observing

LOG = logging.getLogger(__name__)

# Images between two looks at the clock.
_BATCH = 100

# No image is older.
_EVER = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)

# Of marks in the database.
_PREFIX = 'sweep/'


class What(enum.StrEnum):
    FULL = 'full'
    CHANGES = 'changes'

    @property
    def mark(self) -> str:
        return _PREFIX + self.value


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


@dataclasses.dataclass(frozen=True, slots=True)
class _Mark:
    """Of the last sweep of a kind.

    :ivar good: when the last began that went well; None for none
    :ivar policy: digest of the policy of that one
    :ivar images: that it met
    :ivar failed: whether the last one did
    :ivar noted: whether that wrote down who is of which family, which
        earlier releases did not
    """

    ended_at: datetime.datetime
    good: datetime.datetime | None
    policy: str
    images: int
    failed: bool
    noted: bool


class Sweeper:
    """Sweeps that are due.

    :param connect: a cloud, anew for each sweep
    :param stop: ends a sweep that runs
    :ivar catalogue: sums of the last look at all images that went well
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

    def due(self) -> What | None:
        """What is to be looked at now.

        :raises ConfigurationError: there is no policy
        :raises WorkerDatabaseError: the database fails
        """
        now = datetime.datetime.now(datetime.UTC)
        known = self._marks()
        full = known.get(What.FULL)
        last = max((mark.ended_at for mark in known.values()), default=None)
        # A time to come is that of a clock that was wrong.
        if last is not None and _within(
                last, now, self._settings.sweep_interval):
            # At once, but a look that failed is not repeated at once.
            if full is not None and full.good is not None and (
                    not full.failed and full.policy != self._policy().digest):
                return What.FULL
            return None
        if full is None or full.good is None or (
                full.policy != self._policy().digest) or not _within(
                    full.good, now, self._settings.full_sweep_interval):
            return What.FULL
        return What.CHANGES

    def last_good(self) -> datetime.datetime | None:
        """When the last sweep began that went well, whoever did it."""
        return max((mark.good for mark in self._marks().values()
                    if mark.good is not None and not mark.failed),
                   default=None)

    def has_seen_all(self) -> bool:
        """Whether the last look at all images went well and met some."""
        full = self._marks().get(What.FULL)
        return (full is not None and full.good is not None
                and not full.failed and full.images > 0)

    def well(self) -> bool:
        """Whether the last sweep went well, of whichever kind."""
        found = self._marks().values()
        return bool(found) and not max(
            found, key=lambda mark: mark.ended_at).failed

    def sweep(self, what: What) -> observing.Seen:
        """Look, and write down how far it came.

        :raises Stopped: the worker stops
        :raises LifecycleError: it failed, which is written down
        """
        begun = datetime.datetime.now(datetime.UTC)
        policy = self._policy()
        try:
            seen = self._look(what, policy)
        except exceptions.LifecycleError as error:
            self._write(what, begun, policy, None, str(error))
            raise
        self._write(what, begun, policy, seen, '')
        LOG.log(logging.INFO if seen.opened or what is What.FULL
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

    def look(self, image_ids: Iterable[str]) -> observing.Seen:
        """At these images, of which somebody told; the sweep does not wait.

        :raises LifecycleError: it failed
        """
        full = self._marks().get(What.FULL)
        if full is None or full.good is None:
            # It comes by all of them.
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

        policy = self._policy()
        return self._observer.look_at_some(
            there(), self._kindred(cloud, policy, full), policy, full.images,
            gone)

    def _look(self, what: What, policy: decision.Policy) -> observing.Seen:
        cloud = self._connect()
        query = {'visibility': 'all'}
        if what is What.CHANGES:
            query['updated_at'] = 'gte:%s' % self._since().strftime(
                '%Y-%m-%dT%H:%M:%SZ')
        images = self._paced(drift.catalogue(
            image_api.getter(cloud.client), page_size=drift.PAGE, **query))
        with image_api.asking('list the images'):
            if what is What.FULL:
                found = catalogue.Catalogue(cloud.store_names())
                seen = self._observer.look(found.through(images), cloud,
                                           policy)
                self.catalogue = found
                return seen
            full = self._marks().get(What.FULL)
            return self._observer.look_at_some(
                images, self._kindred(cloud, policy, full), policy,
                full.images if full else 0)

    def _kindred(self, cloud: clouds.Cloud, policy: decision.Policy,
                 full: _Mark | None) -> kindred.Kindred:
        now = datetime.datetime.now(datetime.UTC)
        if full is not None and full.noted and full.policy == policy.digest:
            return kindred.Noted(self._database, cloud, policy, now)
        return kindred.Listed(cloud, policy, now)

    def _since(self) -> datetime.datetime:
        """When the last look began that went well, and the overlap before."""
        now = datetime.datetime.now(datetime.UTC)
        # A time to come is that of a clock that was wrong.
        good = [mark.good for mark in self._marks().values()
                if mark.good is not None and mark.good <= now]
        if not good:
            return _EVER
        return max(good) - datetime.timedelta(
            seconds=self._settings.sweep_overlap)

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

    def _marks(self) -> dict[What, _Mark]:
        """Of those that were made, by one query."""
        kinds = {what.mark: what for what in What}
        found = {kinds[mark.name]: _read(mark) for mark in marks.listed(
            self._database, _PREFIX) if mark.name in kinds}
        return {what: mark for what, mark in found.items() if mark is not None}

    def _write(self, what: What, begun: datetime.datetime,
               policy: decision.Policy, seen: observing.Seen | None,
               error: str) -> None:
        last = self._marks().get(what)
        good: dict[str, Any] = {
            'good': begun.isoformat(), 'policy': policy.digest,
            'good_images': seen.images, 'noted': True
            } if seen is not None else {
            'good': last.good.isoformat() if last and last.good else '',
            # What it has opened and closed before it failed is that of its
            # own policy: whoever returns to the one before looks again.
            'policy': last.policy if last and last.policy == policy.digest
            else '',
            'good_images': last.images if last else 0,
            'noted': last.noted if last else False}
        marks.set(self._database, what.mark, json.dumps({
            'started_at': begun.isoformat(),
            'ended_at': datetime.datetime.now(datetime.UTC).isoformat(),
            **dataclasses.asdict(seen or observing.Seen()), **good,
            'error': fields.text(error)}))


def _read(mark: marks.Mark) -> _Mark | None:
    try:
        value = json.loads(mark.value)
        return _Mark(_time(value['ended_at']),
                     _time(value['good']) if value['good'] else None,
                     value['policy'], value['good_images'],
                     bool(value['error']), value.get('noted') is True)
    except (KeyError, TypeError, ValueError):
        # Of another release, or of a hand: all is looked at, and it is
        # written anew.
        LOG.warning('The mark %s in the database of the worker cannot be '
                    'read, and is overwritten.', mark.name)
        return None


def _within(moment: datetime.datetime, now: datetime.datetime,
            seconds: float) -> bool:
    return 0 <= (now - moment).total_seconds() < seconds


def _time(text: str) -> datetime.datetime:
    """:raises ValueError: it is none, or has no time zone"""
    found = datetime.datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(text)
    return found
