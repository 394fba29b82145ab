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
"""The catalogue, added up once for all stores.

What an image takes in a store depends on the format, and on whether the store
is thin; what its disks take is linear in its sizes. So the sums of a large
catalogue tell of each store what looking at each image in each would.
"""

from collections.abc import Iterable
import dataclasses
from typing import TypeVar

from glance_lifecycle.planning import boots
from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import formats
from glance_lifecycle.planning import sizes
from glance_lifecycle.planning import staying

_T = TypeVar('_T')
# By whether the store is thin: an item of two for False and True.
_Stored = list[float]


@dataclasses.dataclass
class Stored:
    """Bytes of some images.

    :ivar totals: format -> thin -> bytes, if all were stored as that
    :ivar others: the same, of those that are something else today
    :ivar present: (store, format) -> thin -> bytes that are there today, as
        that
    """

    totals: dict[formats.Format, _Stored] = dataclasses.field(
        default_factory=dict)
    others: dict[formats.Format, _Stored] = dataclasses.field(
        default_factory=dict)
    present: dict[tuple[str, formats.Format], _Stored] = dataclasses.field(
        default_factory=dict)

    def total(self, kind: formats.Format, store: clouds.Store) -> float:
        return self.totals[kind][store.thin.value]

    def missing(self, kind: formats.Format, store: clouds.Store) -> float:
        """Bytes that all of them take in addition to what is there."""
        thin = store.thin.value
        other = self.others[kind][thin]
        # Whole numbers: of what is as it is, nothing is computed.
        there = self.present.get((store.name, kind))
        return other + (self.totals[kind][thin] - other) - (
            there[thin] if there else 0)


@dataclasses.dataclass
class Disks:
    """Of one consumer, a week, of images that are stored as one format.

    :ivar first: how many are the first of their image on a host
    :ivar later: those after them
    :ivar each: disks, size and data of each image, where the first is one
        for all hosts and not linear
    """

    disks: float = 0
    first: float = 0
    later: float = 0
    first_size: float = 0
    first_data: float = 0
    later_size: float = 0
    later_data: float = 0
    each: list[tuple[float, float, float]] = dataclasses.field(
        default_factory=list)

    def week(self, way: boots.Way) -> boots.Week:
        """What they take if they are got that way."""
        cloned = self.disks if way.cloned else 0
        if not way.once:
            return boots.Week(
                self.disks, cloned,
                _seconds(way.first, self.first, self.first_size,
                         self.first_data)
                + _seconds(way.later, self.later, self.later_size,
                           self.later_data),
                way.first.moved * self.first_size
                + way.first.data_moved * self.first_data
                + way.later.moved * self.later_size
                + way.later.data_moved * self.later_data)
        seconds = moved = 0.0
        for disks, size, data in self.each:
            first = way.first.boot(size, data)
            later = way.later.boot(size, data)
            seconds += first.seconds + (disks - 1) * later.seconds
            moved += first.moved + (disks - 1) * later.moved
        return boots.Week(self.disks, cloned, seconds, moved)


def _seconds(terms: boots.Terms, count: float, size: float, data: float
             ) -> float:
    return (terms.seconds * count + terms.of_size * size
            + terms.of_data * data)


def stored(images: Iterable[clouds.Image], fitting: bool) -> Stored:
    """Their bytes, as each format.

    :param fitting: what cannot be one stays as it is
    """
    totals, others = ({kind: [0.0, 0.0] for kind in formats.Format}
                      for _each in range(2))
    found = Stored(totals, others)
    for image in images:
        today = image.kind
        now = sizes.both(image, today)
        choices = formats.choices(image.disk_format)
        for kind in formats.CHOICES:
            if kind is today:
                _add_to(totals[kind], now)
                continue
            both = sizes.both(image, kind if kind in choices or not fitting
                              else formats.Format.AS_IS)
            _add_to(totals[kind], both)
            _add_to(others[kind], both)
        for copy in image.copies:
            _count(found.present, (copy.store.name, today), now)
    return found


def _count(table: dict[_T, _Stored], key: _T, both: tuple[float, float]
           ) -> None:
    sums = table.get(key)
    if sums is None:
        sums = table[key] = [0.0, 0.0]
    _add_to(sums, both)


def _add_to(sums: _Stored, both: tuple[float, float]) -> None:
    sums[False] += both[False]
    sums[True] += both[True]


@dataclasses.dataclass
class AsTheyAre:
    """Bytes of some images, none converted.

    :ivar totals: thin -> bytes, if all were in one such store
    :ivar present: store -> thin -> bytes that are there
    """

    totals: _Stored
    present: dict[str, _Stored]

    def total(self, store: clouds.Store) -> float:
        return self.totals[store.thin.value]

    def missing(self, store: clouds.Store) -> float:
        """Bytes that all of them take in addition to what is there."""
        there = self.present.get(store.name)
        return self.total(store) - (there[store.thin.value] if there else 0)


def as_they_are(images: Iterable[clouds.Image]) -> AsTheyAre:
    """Their bytes, and where these are."""
    found = AsTheyAre([0.0, 0.0], {})
    for image in images:
        both = sizes.both(image, image.kind)
        _add_to(found.totals, both)
        for copy in image.copies:
            _count(found.present, copy.store.name, both)
    return found


# Format that is compared, format and disk_format that it is then, and the
# place of the first of all consumers that are alike.
Key = tuple[formats.Format, formats.Format, str, int]


def disks(cloud: clouds.Cloud) -> dict[Key, Disks]:
    """Of all images, if all were stored as each format."""
    found: dict[Key, Disks] = {}
    for image in cloud.images:
        demand = cloud.demand(image)
        if not demand:
            continue
        choices = formats.choices(image.disk_format)
        data = image.data_size.value
        for kind in formats.CHOICES:
            as_it = kind if kind in choices else formats.Format.AS_IS
            size = sizes.size(image, as_it)
            disk_format = sizes.disk_format(image, as_it)
            for place, count in demand:
                key = kind, as_it, disk_format, cloud.alike[place]
                one = found.get(key)
                if one is None:
                    one = found[key] = Disks()
                _add(one, cloud.consumers[place], count, size, data)
    return found


def _add(one: Disks, consumer: clouds.Consumer, count: float, size: float,
         data: float) -> None:
    first = boots.keeping(consumer, count)
    one.disks += count
    one.first += first
    one.first_size += first * size
    one.first_data += first * data
    later = count - first
    if later:
        one.later += later
        one.later_size += later * size
        one.later_data += later * data
    if isinstance(consumer, clouds.ComputeGroup) and consumer.copies_into:
        one.each.append((count, size, data))


@dataclasses.dataclass(frozen=True)
class Sums:
    """All that a layout is decided by.

    :ivar whole: of all images
    :ivar booted: of those that are used
    :ivar idle: of those that may be anywhere; None: there are none
    :ivar disks: of a week
    """

    whole: Stored
    booted: Stored
    idle: AsTheyAre | None
    disks: dict[Key, Disks]


def of(cloud: clouds.Cloud) -> Sums:
    """One look at all images."""
    idle = [one for one in cloud.images if staying.idle(one)]
    return Sums(
        stored(cloud.images, fitting=True),
        stored((one for one in cloud.images if one.used), fitting=False),
        as_they_are(idle) if idle else None, disks(cloud))
