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

"""The whole catalogue in one store and one format: what that would take."""

from collections.abc import Iterable
import dataclasses

from glance_lifecycle.planning import boots
from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import formats
from glance_lifecycle.planning import sizes
from glance_lifecycle.planning import sums

#: What a plan can have Glance show.
SHOWN = clouds.Glance(show_image_direct_url=True,
                      show_multiple_locations=True)

Rank = tuple[float, float, float]


@dataclasses.dataclass(frozen=True)
class Cell:
    """One store with one format.

    :ivar stored: bytes, replicas not counted
    :ivar cost: for a month
    """

    store: clouds.Store
    kind: formats.Format
    stored: float
    cost: float
    week: boots.Week

    @property
    def rank(self) -> Rank:
        """The least is the best."""
        return rank(self.week, self.cost)


def rank(week: boots.Week, cost: float) -> Rank:
    """Clones first, then seconds to boot, then money; the least is best.

    Differences that nobody can measure do not count.
    """
    return -week.cloned, round(week.seconds, 3), round(cost, 6)


def matrix(cloud: clouds.Cloud, found: sums.Sums,
           stores: Iterable[clouds.Store] | None = None) -> list[Cell]:
    """All stores, or these, in all formats that can be compared."""
    return [_cell(cloud, store, kind, found.whole, found.disks)
            for store in (cloud.stores if stores is None else stores)
            for kind in formats.CHOICES]


def way(cloud: clouds.Cloud, kind: formats.Format, disk_format: str,
        copies: tuple[clouds.Copy, ...], glance: clouds.Glance, place: int
        ) -> boots.Way:
    """How a consumer gets what is stored so.

    :param place: of the consumer, in ``cloud.consumers``
    """
    return _ways(cloud, kind, disk_format, copies, glance)[cloud.alike[place]]


class _Ways(dict[int, boots.Way]):
    """By place of a consumer, each once it is asked for.

    Of the consumers of the first cloud that asked: who lets another cloud
    look here sees to it that these get images in the same way.
    """

    def __init__(self, cloud: clouds.Cloud, kind: formats.Format,
                 disk_format: str, copies: tuple[clouds.Copy, ...],
                 glance: clouds.Glance) -> None:
        super().__init__()
        self._consumers = cloud.consumers
        self._stored = kind, disk_format, copies
        self._glance = glance

    def __missing__(self, place: int) -> boots.Way:
        found = self[place] = boots.way(
            *self._stored, self._consumers[place], self._glance)
        return found


def _ways(cloud: clouds.Cloud, kind: formats.Format, disk_format: str,
          copies: tuple[clouds.Copy, ...], glance: clouds.Glance) -> _Ways:
    key = kind, disk_format, copies, glance
    found: _Ways | None = cloud.computed.get(key)
    if found is None:
        found = cloud.computed[key] = _Ways(
            cloud, kind, disk_format, copies, glance)
    return found


def week(cloud: clouds.Cloud, image: clouds.Image, kind: formats.Format,
         copies: tuple[clouds.Copy, ...], glance: clouds.Glance
         ) -> boots.Week:
    """What all consumers need of an image that is stored so."""
    demand = cloud.demand(image)
    if not demand:
        return _NONE
    size, data = sizes.size(image, kind), image.data_size.value
    ways = _ways(cloud, kind, sizes.disk_format(image, kind), copies, glance)
    # Plain numbers, and one object at the end: this runs millions of times.
    made = cloned = seconds = moved = 0.0
    for place, disks in demand:
        how = ways[cloud.alike[place]]
        first = 1 if how.once else boots.keeping(
            cloud.consumers[place], disks)
        one, other = how.first.takes(size, data), how.later.takes(size, data)
        made += disks
        cloned += disks if how.cloned else 0
        seconds += first * one[0] + (disks - first) * other[0]
        moved += first * one[1] + (disks - first) * other[1]
    return boots.Week(made, cloned, seconds, moved)


_NONE = boots.Week()


def _cell(cloud: clouds.Cloud, store: clouds.Store, kind: formats.Format,
          stored: sums.Stored, disks: dict[sums.Key, sums.Disks]) -> Cell:
    copies = (clouds.Copy(store),)
    size = stored.total(kind, store)
    return Cell(store, kind, size, sizes.price(store, size), sum((
        found.week(way(cloud, as_it, disk_format, copies, SHOWN, place))
        for (which, as_it, disk_format, place), found in disks.items()
        if which is kind), _NONE))
