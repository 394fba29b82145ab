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


"""Which sets of stores would do for an image.

What an image needs of its stores is the same for very many: the stores that a
policy wants, those with clones in them, how many copies, and that no consumer
waits longer for a disk, or stops to clone. Each such need is looked at once.
"""

from collections.abc import Callable
from collections.abc import Iterator
import itertools
from typing import NamedTuple

from glance_lifecycle.planning import boots
from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import copy_on_write
from glance_lifecycle.planning import formats
from glance_lifecycle.planning import layout
from glance_lifecycle.planning import matrix
from glance_lifecycle.planning import sizes
from glance_lifecycle.planning import staying

# Sets that are looked at, of those with one copy more than the fewest.
_MOST = 300
_ROUNDING = 1 + 1e-9

# Bits are places of stores in the cloud.
Mask = int


class Wanted(NamedTuple):
    """What a policy wants of the stores of an image.

    :ivar exact: these, and no others
    """

    stores: tuple[str, ...] = ()
    exact: bool = False


#: The policy; without one, nothing is wanted.
Wants = Callable[[clouds.Image], Wanted]


class Need(NamedTuple):
    """What the stores of an image have to meet.

    :ivar required: stores that have to be among them
    :ivar exact: no others may
    :ivar copies: how many there have to be
    :ivar waits: of each consumer: the stores that it can clone from, and
        those that are as fast as the reference
    """

    required: Mask
    exact: bool
    copies: int
    waits: frozenset[tuple[Mask, Mask]]


class Reference(NamedTuple):
    """What no consumer may be worse off than.

    :ivar stores: as Glance shows and reads them
    """

    kind: formats.Format
    stores: tuple[clouds.Store, ...]


class Options:
    """Of one cloud."""

    def __init__(self, cloud: clouds.Cloud, plan: layout.Plan,
                 wants: Wants | None = None) -> None:
        self._cloud = cloud
        self._wants = wants
        self._places = {one.name: place
                        for place, one in enumerate(cloud.stores)}
        # As the plan has Glance read them: the default store first.
        self._order = sorted(range(len(cloud.stores)), key=lambda place: (
            cloud.stores[place] != plan.default.store,
            -cloud.stores[place].weight, place))
        self._sets: dict[Need, tuple[Mask, ...]] = {}
        self._waits: dict[object, frozenset[tuple[Mask, Mask]]] = {}
        self._fast: dict[object, tuple[Mask, Mask]] = {}
        self._everybody = tuple(range(len(cloud.consumers)))

    def need(self, image: clouds.Image, reference: Reference) -> Need:
        wanted = self._wants(image) if self._wants else Wanted()
        required = self.mask(wanted.stores)
        for copy in image.copies:
            if copy.clones:
                required |= 1 << self._places[copy.store.name]
        return Need(required, wanted.exact,
                    max(image.least_copies, required.bit_count(), 1),
                    self._waiting(image, reference))

    def sets(self, need: Need) -> tuple[Mask, ...]:
        """All that do, without those that only have more copies."""
        found = self._sets.get(need)
        if found is None:
            found = self._sets[need] = tuple(itertools.islice(
                self._enough(need), _MOST))
        return found

    def does(self, need: Need, stores: Mask) -> bool:
        """Whether a set meets the need."""
        if need.required & ~stores or stores.bit_count() < need.copies or (
                need.exact and stores != need.required):
            return False
        places = self.ordered(stores)
        for clones, fast in need.waits:
            used = next((place for place in places if clones >> place & 1),
                        places[0])
            if not fast >> used & 1:
                return False
        return True

    def ordered(self, stores: Mask) -> list[int]:
        """Their places, as Glance reads them."""
        return [place for place in self._order if stores >> place & 1]

    def mask(self, names: tuple[str, ...]) -> Mask:
        found = 0
        for name in names:
            if name in self._places:
                found |= 1 << self._places[name]
        return found

    def _enough(self, need: Need) -> Iterator[Mask]:
        if need.exact:
            yield from (one for one in (need.required,)
                        if one and self.does(need, one))
            return
        others = [place for place in self._order
                  if not need.required >> place & 1]
        least = need.copies - need.required.bit_count()
        accepted: list[Mask] = []
        for more in range(least, least + 3):
            for chosen in itertools.combinations(others, more):
                one = need.required | sum(1 << place for place in chosen)
                if one and self.does(need, one) and not any(
                        small & one == small for small in accepted):
                    accepted.append(one)
                    yield one
            if more > least and accepted:
                return

    def _waiting(self, image: clouds.Image, reference: Reference
                 ) -> frozenset[tuple[Mask, Mask]]:
        if image.used:
            consumers = tuple(place for place, _disks
                              in self._cloud.demand(image))
        elif staying.kept(image):
            # Who will boot it is not known: anybody may.
            consumers = self._everybody
        else:
            return frozenset()
        disk_format = sizes.disk_format(image, reference.kind)
        key = reference, disk_format, consumers
        found = self._waits.get(key)
        if found is None:
            copies = tuple(map(clouds.Copy, reference.stores))
            found = self._waits[key] = frozenset(
                self._wait(reference.kind, copies, disk_format, place)
                for place in consumers)
        return found

    def _wait(self, kind: formats.Format, copies: tuple[clouds.Copy, ...],
              disk_format: str, consumer: int) -> tuple[Mask, Mask]:
        best = matrix.way(self._cloud, kind, disk_format, copies,
                          matrix.SHOWN, consumer)
        # Of a clone or a download, only the copy that is used matters.
        key = kind, disk_format, best.store.name, best.once, consumer
        found = self._fast.get(key)
        if found is None:
            found = self._fast[key] = self._as_fast(
                best, kind, disk_format, consumer)
        return found

    def _as_fast(self, best: boots.Way, kind: formats.Format,
                 disk_format: str, consumer: int) -> tuple[Mask, Mask]:
        cloud = self._cloud
        clones = fast = 0
        for place, store in enumerate(cloud.stores):
            one = matrix.way(cloud, kind, disk_format, (clouds.Copy(store),),
                             matrix.SHOWN, consumer)
            if one.cloned and not one.once:
                clones |= 1 << place
            if _as_fast(one, best):
                fast |= 1 << place
        return clones, fast


def references(cloud: clouds.Cloud, plan: layout.Plan, advised: bool
               ) -> list[Reference]:
    """What each image must not be slower than.

    :param advised: what is booted, as advised; else, as it is today
    """
    def today(image: clouds.Image) -> Reference:
        return Reference(image.kind, tuple(
            one.store for one in copy_on_write.ordered(image.copies)))
    return [Reference(placed.kind, placed.stores)
            if advised and placed.image.used and not any(
                one.clones for one in placed.image.copies)
            else today(placed.image) for placed in plan.images]


def _as_fast(one: boots.Way, best: boots.Way) -> bool:
    """Whatever the size of the image."""
    if one.cloned < best.cloned or (one.once and not best.once):
        return False
    return all(
        mine.seconds <= yours.seconds * _ROUNDING
        and mine.of_size <= yours.of_size * _ROUNDING
        and mine.of_data <= yours.of_data * _ROUNDING
        and mine.least <= yours.least
        for mine, yours in ((one.first, best.first), (one.later, best.later)))
