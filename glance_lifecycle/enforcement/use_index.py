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

"""Which images are in use, known before a deletion asks.

A thread lists all servers and volumes now and then, with the service's own
credentials; a deletion looks into the last listing. Clones in Ceph are asked
for at the moment of the deletion.
"""

from collections.abc import Callable
from collections.abc import Sequence
import dataclasses
import os
import threading
import time
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from glance_lifecycle.conf import credentials
from glance_lifecycle.conf import protection
from glance_lifecycle.dependents import base
from glance_lifecycle.dependents import loading
from glance_lifecycle.dependents import rbd_children
from glance_lifecycle.enforcement import use_file
from glance_lifecycle import exceptions

LOG = logging.getLogger(__name__)

# Seconds after the last deletion until listing them is a waste.
_IDLE = 3600.0

# Seconds until a listing that failed is tried again for the next deletion,
# and without one. Each process tries for itself.
_AGAIN = 5.0
_RETRY = 30.0

# Seconds between looks at whether another process has finished its listing.
_LOOK = 0.5


@dataclasses.dataclass(frozen=True, slots=True)
class Use:
    """Whether an image is in use.

    :ivar known: False: nobody can tell, and ``reason`` says why
    :ivar kinds: the providers that know of a use
    """

    known: bool
    kinds: tuple[str, ...] = ()
    reason: str = ''


class Index:
    """Of one process; ``use()`` starts its thread.

    :param listed: providers to list; they connect when first asked
    :param asked: providers that are asked at each deletion
    :param interval: seconds between listings
    :param max_age: maximum age of one, in seconds; older ones are ignored
    :param wait: seconds to wait for one where there is none
    """

    def __init__(self, listed: Sequence['Listed'],
                 asked: Sequence[base.Provider], *, interval: float,
                 max_age: float, wait: float) -> None:
        self._listed = listed
        self._asked = asked
        self._interval = interval
        self._max_age = max_age
        self._wait = wait
        self._wanted = 0.0
        self._wake = threading.Event()
        self._turn = threading.Condition()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._stopped = False

    def use(self, image: base.Image) -> Use:
        """Of one image, as far as is known now."""
        self._wanted = time.monotonic()
        if self._listed:
            self._start()
            self._await()
        kinds: list[str] = []
        unknown: list[str] = []
        for listed in self._listed:
            listing = listed.current(self._max_age)
            if listing is None:
                unknown.append(listed.why_not())
            elif (not listing.ids.isdisjoint((image.id, image.shelved_server))
                    and not listed.is_over(image)):
                kinds.append(listed.name)
        if not kinds:
            self._ask(image, kinds, unknown)
        if kinds:
            return Use(True, tuple(kinds))
        return Use(not unknown, reason='; '.join(unknown))

    def _ask(self, image: base.Image, kinds: list[str],
             unknown: list[str]) -> None:
        for provider in self._asked:
            if (isinstance(provider, rbd_children.RbdChildrenProvider)
                    and not rbd_children.is_here(image)):
                continue
            answer = provider.ask(image)
            if not answer.asked:
                LOG.warning('What depends on image %(image)s cannot be told '
                            'by %(provider)s: %(reason)s', {
                                'image': image.id,
                                'provider': provider.name,
                                'reason': exceptions.sentence(
                                    str(answer.reason))})
                unknown.append('%s: %s' % (provider.name, answer.reason))
            elif any(True for _ in answer.dependents):
                kinds.append(provider.name)

    def stop(self) -> None:
        """End the thread, and wait for that."""
        self._stopped = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    # The thread.

    def _start(self) -> None:
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._run, name='lifecycle-dependents',
                    daemon=True)
                self._thread.start()

    def _await(self) -> None:
        """Let the thread have its turn if nothing it has would count."""
        def settled() -> bool:
            return all(listed.current(self._max_age) or listed.failed_lately()
                       for listed in self._listed)

        if not settled():
            self._wake.set()
            with self._turn:
                self._turn.wait_for(settled, self._wait)

    def _run(self) -> None:
        while not self._stopped:
            if time.monotonic() - self._wanted < _IDLE:
                for listed in self._listed:
                    listed.refresh(self._interval)
                with self._turn:
                    self._turn.notify_all()
            self._wake.wait(self._pause())
            self._wake.clear()

    def _pause(self) -> float:
        if any(listed.failed_lately() for listed in self._listed):
            return _RETRY
        if all(listed.current(self._max_age) for listed in self._listed):
            return self._interval / 4
        return _LOOK


class Listed:
    """One provider, and the file with what it said."""

    def __init__(self, name: str, file: use_file.ListingFile,
                 provider: Callable[[], base.Provider]) -> None:
        self.name = name
        self._file = file
        self._provider = provider
        self._failed = -_AGAIN
        self._reason = ''

    def current(self, max_age: float) -> use_file.Listing | None:
        """The listing, if it counts."""
        listing = self._file.read()
        # One from the future was taken by another clock: it may be old.
        if listing is None or not 0 <= time.time() - listing.taken <= max_age:
            return None
        return listing

    def is_over(self, image: base.Image) -> bool:
        """Whether an image of the listing is surely in use no more.

        Nova deletes the image of a shelved server while it unshelves it, and
        users delete a server and then its image.
        """
        try:
            provider = self._provider()
            if not provider.quick:
                return False
            answer = provider.ask(image)
            return answer.asked and not provider.limited and not any(
                True for _ in answer.dependents)
        except base.NotAsked:
            return False

    def why_not(self) -> str:
        return '%s: %s' % (self.name, self._reason or
                           'the listing is not there yet')

    def failed_lately(self) -> bool:
        return time.monotonic() - self._failed < _AGAIN

    def refresh(self, interval: float) -> None:
        """List, if nobody has lately; never raises."""
        if self.current(interval) or self.failed_lately():
            return
        try:
            with self._file.alone() as alone:
                if alone and not self.current(interval):
                    self._list()
        except base.NotAsked as error:
            self._fail(str(error))
        except OSError as error:
            self._fail('[lifecycle] state_dir cannot be used (%s)'
                       % error.strerror)
        except Exception as error:
            LOG.exception('Listing the %s of the cloud failed.', self.name)
            self._fail(type(error).__name__)

    def _list(self) -> None:
        taken = time.time()
        ids = frozenset(self._provider().used())
        self._file.write(taken, ids)
        LOG.log(logging.INFO if self._reason else logging.DEBUG,
                '%(count)d images are in use by %(name)s; listed in '
                '%(seconds).1f s', {'count': len(ids), 'name': self.name,
                                    'seconds': time.time() - taken})
        self._reason = ''

    def _fail(self, reason: str) -> None:
        changed, self._reason = reason != self._reason, reason
        # Last: who waits for it reads the reason.
        self._failed = time.monotonic()
        if changed:
            LOG.error('The %(name)s of the cloud cannot be listed: '
                      '%(reason)s. Images that the lifecycle policy keeps '
                      'while in use cannot be deleted until they can. See '
                      '[lifecycle_protection].', {'name': self.name,
                                                  'reason': reason})


def of(conf: cfg.ConfigOpts, ceph: Any) -> Index:
    """What the configuration describes.

    :param ceph: store -> ``base.Ceph``
    """
    group = conf.lifecycle_protection
    settings = base.Settings(ceph=ceph, ceph_timeout=group.ceph_timeout)
    connect = _Connect(conf)
    directory = os.path.join(conf.lifecycle.state_dir, 'dependents')
    asked = [name for name in group.providers if name == 'rbd_children']
    listed = [name for name in group.providers if name not in asked]

    def provider(name: str) -> Callable[[], base.Provider]:
        return lambda: loading.providers([name], connect(), settings)[0]

    return Index(
        [Listed(name, use_file.ListingFile(directory, name),
                provider(name)) for name in listed],
        loading.providers(asked, None, settings),
        interval=min(group.refresh_interval, group.max_age / 2),
        max_age=group.max_age,
        wait=group.wait)


class _Connect:
    """The service's connection, made when first needed, then kept."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self._connection: Any = None

    def __call__(self) -> Any:
        if self._connection is None:
            self._connection = self._make()
        return self._connection

    def _make(self) -> Any:
        try:
            return credentials.connect(self._conf, protection.NAME)
        except exceptions.ConfigurationError as error:
            raise base.NotAsked(detail=error.detail.rstrip('.')) from None
