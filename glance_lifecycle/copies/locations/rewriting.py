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

"""The locations of one store, written as its driver would write them today.

Nothing is noted on the way: what is left to do is what the database says.
"""

from collections.abc import Callable
import dataclasses
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from glance_lifecycle.copies.locations import checking
from glance_lifecycle.copies.locations import deciding
from glance_lifecycle.copies.locations import places
from glance_lifecycle.copies import verified
from glance_lifecycle import exceptions
from glance_lifecycle import glance_host

CONF = cfg.CONF
LOG = logging.getLogger(__name__)

BUSY = ('Its image is being imported or copied. Run this again when that has '
        'ended.')
_CHANGED = 'Somebody changed it at the same time. Run this again.'

# Objects that are looked at before anything is asked, beside one of each
# container; and of how many containers.
_SAMPLE = 20
_CONTAINERS = 100

_EXAMPLES = 5

# Glance writes back what it has read before, if it saves an image meanwhile.
_ROUNDS = 3

# Objects behind each other that cannot be read, other than missing ones.
_PATIENCE = 10


@dataclasses.dataclass(slots=True)
class Group:
    """Locations of which the same holds.

    :ivar examples: ids of some of their images
    """

    number: int = 0
    examples: list[str] = dataclasses.field(default_factory=list)

    def add(self, image_id: str) -> None:
        self.number += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append(image_id)


@dataclasses.dataclass(slots=True)
class Survey:
    """What would be done.

    :ivar same: locations that are as they should be
    :ivar images: how many have a location that would change
    :ivar change: reason -> locations that would
    :ivar left: reason -> those that would not
    :ivar checked: how many objects were looked at
    """

    store: str
    driver: str
    same: int = 0
    images: int = 0
    change: dict[str, Group] = dataclasses.field(default_factory=dict)
    left: dict[str, Group] = dataclasses.field(default_factory=dict)
    checked: int = 0

    @property
    def number(self) -> int:
        return sum(group.number for group in self.change.values())

    def to_dict(self) -> dict[str, Any]:
        return {**dataclasses.asdict(self), 'number': self.number}


@dataclasses.dataclass(slots=True)
class Done:
    """What was done.

    :ivar changed: locations
    :ivar left: reason -> those that were not, as they were found last
    :ivar stopped: a sentence: why it did not go on to the end; or empty
    """

    changed: int = 0
    left: dict[str, Group] = dataclasses.field(default_factory=dict)
    stopped: str = ''

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def survey(store: str) -> Survey:
    """Look at all locations, and at some objects; nothing is changed.

    :raises ConfigurationError: the store is none that this can be told of
    :raises StoreError: its objects cannot be read with the credentials of
        the configuration
    :raises DatabaseError: the locations cannot be read
    """
    place = places.configured(store)
    found = Survey(store, glance_host.store_driver(store))
    last = ''
    sample: list[tuple[glance_host.LocationRow, str]] = []
    containers: set[str] = set()
    for row in glance_host.location_rows(store, nameless=True):
        decision = place.decide(row.url, row.image_id)
        if _of_another(row, decision):
            continue
        if decision.verdict is deciding.Verdict.SAME:
            found.same += 1
        elif why := _left(row, decision):
            found.left.setdefault(why, Group()).add(row.image_id)
        else:
            found.change.setdefault(decision.reason, Group()).add(
                row.image_id)
            found.images += row.image_id != last
            last = row.image_id
            if len(sample) < _SAMPLE or (
                    decision.container not in containers
                    and len(containers) < _CONTAINERS):
                containers.add(decision.container)
                sample.append((row, decision.url))
    found.checked = _look_at(store, sample)
    return found


def _of_another(row: glance_host.LocationRow,
                decision: deciding.Decision) -> bool:
    """Whether a location that names no store is none of this one."""
    return not row.store and decision.verdict not in (
        deciding.Verdict.SAME, deciding.Verdict.REWRITE)


def _left(row: glance_host.LocationRow, decision: deciding.Decision) -> str:
    """Why it stays as it is; empty if it does not."""
    if decision.verdict is not deciding.Verdict.REWRITE:
        return decision.reason
    return BUSY if row.busy else ''


def _look_at(store: str,
             sample: list[tuple[glance_host.LocationRow, str]]) -> int:
    """:returns: how many there are, of the size of their image"""
    checker = checking.Checker(store)
    number = 0
    try:
        for row, url in sample:
            try:
                checker.check(url, row.size)
                number += 1
            except (exceptions.CopyMissing, exceptions.CopyCorrupt):
                # It is told of when its turn comes.
                continue
    finally:
        checker.close()
    return number


def rewrite(store: str, told: Callable[[int], None]) -> Done:
    """Change what ``survey`` has counted; again, if Glance wrote it back.

    :param told: called with the number of those that are changed
    :raises ConfigurationError: the store is none that this can be told of
    :raises DatabaseError: nobody can tell what was written last
    """
    work = _Work(store, told)
    try:
        for _round in range(_ROUNDS):
            before = work.done.changed
            work.once()
            if work.done.stopped or work.done.changed == before:
                break
    finally:
        work.close()
    return work.done


class _Work:

    def __init__(self, store: str, told: Callable[[int], None]) -> None:
        self.done = Done()
        self._store = store
        self._told = told
        self._place = places.configured(store)
        self._checker = checking.Checker(store)
        self._failures = 0

    def close(self) -> None:
        self._checker.close()

    def once(self) -> None:
        """From the first location to the last."""
        self.done.left = {}
        for row in glance_host.location_rows(self._store, nameless=True):
            decision = self._place.decide(row.url, row.image_id)
            if decision.verdict is deciding.Verdict.SAME or _of_another(
                    row, decision):
                continue
            why = _left(row, decision) or self._change(row, decision.url)
            if why:
                self.done.left.setdefault(why, Group()).add(row.image_id)
            if self._failures >= _PATIENCE:
                self.done.stopped = (
                    'One object after the other could not be read with the '
                    'credentials of the configuration. The last one: %s'
                    % why)
                return

    def _change(self, row: glance_host.LocationRow, url: str) -> str:
        """:returns: why it was not; empty if it was"""
        why = self._unfit(row, url)
        if why:
            return why
        swapped = glance_host.change_url(row, url)
        if swapped is glance_host.Swapped.BUSY:
            return BUSY
        if swapped is glance_host.Swapped.OTHER:
            return _CHANGED
        self.done.changed += 1
        self._told(self.done.changed)
        LOG.info('The location of image %(image)s in store %(store)s was '
                 'rewritten.', {'image': row.image_id, 'store': self._store})
        self._keep_verified(row, url)
        return ''

    def _unfit(self, row: glance_host.LocationRow, url: str) -> str:
        """Why the object is no good; empty if it is."""
        try:
            self._checker.check(url, row.size)
        except exceptions.CopyMissing:
            self._failures = 0
            # Of an image that is deleted, it may have been removed already.
            return ('' if row.status != 'active'
                    else 'Its object is not there.')
        except exceptions.CopyCorrupt:
            self._failures = 0
            return 'It is not as large as its image.'
        except exceptions.StoreError as error:
            self._failures += 1
            return error.detail
        self._failures = 0
        return ''

    def _keep_verified(self, row: glance_host.LocationRow, url: str) -> None:
        try:
            verified.rename(CONF.lifecycle.state_dir, row.image_id,
                            self._store, row.url, url)
        except exceptions.ConfigurationError as error:
            LOG.warning('What is known of the copy of image %(image)s in '
                        'store %(store)s is lost: %(error)s',
                        {'image': row.image_id, 'store': self._store,
                         'error': error})
