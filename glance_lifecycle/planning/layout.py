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

"""Which stores and which formats: the plan, without its words.

Copy-on-write comes first, then the time to boot, then money; and only into a
store that has the room. What nobody boots goes where it is cheapest.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
from typing import NamedTuple

from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import copy_on_write
from glance_lifecycle.planning import formats
from glance_lifecycle.planning import matrix
from glance_lifecycle.planning import sizes
from glance_lifecycle.planning import staying
from glance_lifecycle.planning import sums

# An image cannot be changed once it is active: another format is a new
# image, with a new id. For less than this part of its boot time, or of its
# cost where that is the same, that is not worth it.
WORTH = 0.1


# Name of a store, and the format of all that it is to hold.
Full = Mapping[tuple[str, formats.Format], float]


class Placed(NamedTuple):
    """One image, as it should be.

    :ivar stores: Glance should show and read the first one first
    """

    image: clouds.Image
    kind: formats.Format
    stores: tuple[clouds.Store, ...]

    @property
    def copies(self) -> tuple[clouds.Copy, ...]:
        return tuple(map(clouds.Copy, self.stores))

    @property
    def converted(self) -> bool:
        return self.kind is not self.image.kind


@dataclasses.dataclass(frozen=True)
class Decision:
    """What holds for all images.

    :ivar default: where imports should go, and as what
    :ivar cells: all that were compared, the best of each store first
    :ivar full: those without the room -> the bytes they would need
    :ivar clones: name of a consumer -> the store that it can clone from
    :ivar archive: where that is which nobody boots; None: there is none
    :ivar totals: that it was decided by
    """

    default: matrix.Cell
    cells: tuple[matrix.Cell, ...]
    full: Full
    clones: Mapping[str, clouds.Store]
    archive: clouds.Store | None
    totals: sums.Sums


@dataclasses.dataclass(frozen=True)
class Plan(Decision):
    """All of it.

    :ivar glance: what has to be shown
    """

    glance: clouds.Glance
    images: tuple[Placed, ...]


def plan(cloud: clouds.Cloud) -> Plan:
    """The layout that is advised."""
    found = decided(cloud)
    images = tuple(placed(cloud, image, found) for image in cloud.images)
    return Plan(found.default, found.cells, found.full, found.clones,
                found.archive, found.totals, _glance(cloud, images), images)


def decided(cloud: clouds.Cloud) -> Decision:
    """What that says of all images; none of them is placed."""
    found = sums.of(cloud)
    return decide(cloud, found, matrix.matrix(cloud, found))


def decide(cloud: clouds.Cloud, found: sums.Sums,
           compared: Iterable[matrix.Cell]) -> Decision:
    """Without a look at any image.

    :param compared: of all stores, in the order of these
    """
    cells = sorted(compared, key=lambda one: (
        one.rank, one.store != cloud.default_store))
    # Bytes that the booted images take in addition to what is there.
    full = {(one.store.name, one.kind): needed for one in cells
            if (needed := found.booted.missing(one.kind, one.store))
            > one.store.free.value}
    fits = [one for one in cells if (one.store.name, one.kind) not in full]
    # With no room anywhere, it stays where it is.
    default = next(iter(fits), None) or next(
        one for one in cells if one.store == cloud.default_store)
    chosen = {place: _clone_store(cloud, cloud.consumers[place],
                                  default.store, full)
              for place in set(cloud.alike)}
    clones = {one.name: store for one, place in zip(
        cloud.consumers, cloud.alike, strict=True)
        if (store := chosen[place])}
    into = {(store.name, formats.Format.RAW): store
            for place in {key[-1] for key in found.disks}
            if (store := chosen[place])}
    if default in fits:
        into[default.store.name, default.kind] = default.store
    taken: dict[str, float] = {}
    for (name, kind), store in into.items():
        taken[name] = max(taken.get(name, 0),
                          found.booted.missing(kind, store))
    return Decision(default, tuple(cells), full, clones,
                    _archive(cloud, found.idle, taken), found)


def _stores(image: clouds.Image) -> list[clouds.Store]:
    return [one.store for one in image.copies]


def _clone_store(cloud: clouds.Cloud, consumer: clouds.Consumer,
                 default: clouds.Store, full: Full) -> clouds.Store | None:
    """The default store, or else the cheapest that it can clone from."""
    can = [one for one in cloud.stores
           if (one.name, formats.Format.RAW) not in full
           and copy_on_write.failed(
               'raw', clouds.Copy(one), consumer, True) is None]
    return min(can, key=lambda one: (
        one != default, price(one)), default=None)


def price(store: clouds.Store) -> float:
    """Of a GiB that is stored, for a month, with its replicas."""
    return store.cost.value * store.factor.value


def _archive(cloud: clouds.Cloud, idle: sums.AsTheyAre | None,
             taken: Mapping[str, float]) -> clouds.Store | None:
    """:param taken: bytes of what is free that the booted images take"""
    if idle is None:
        return None
    return min((one for one in cloud.stores
                if idle.missing(one) <= one.free.value - taken.get(
                    one.name, 0)), key=lambda one: (
                    sizes.price(one, idle.total(one)),
                    one != cloud.default_store), default=None)


def placed(cloud: clouds.Cloud, image: clouds.Image, decided: Decision
           ) -> Placed:
    """One image, with what holds for all."""
    archive, full = decided.archive, decided.full
    default = decided.default.store
    if not image.used:
        cloned = staying.cloned(image)
        if staying.kept(image) or not (archive or cloned):
            return Placed(image, image.kind, tuple(_stores(image)))
        return Placed(image, image.kind, staying.with_kept(
            image, () if cloned or not archive else (archive,)))
    wanted = {decided.clones.get(cloud.consumers[place].name, default)
              for place, _disks in cloud.demand(image)}
    best: tuple[matrix.Rank, Placed] | None = None
    today = None
    # What has clones cannot become another image.
    for kind in (image.kind,) if staying.cloned(image) else (
            formats.choices(image.disk_format)):
        stores = tuple(sorted(
            wanted if sizes.disk_format(image, kind) == 'raw' else {default},
            key=lambda each: (each != default, each.name)))
        if any((each.name, kind) in full for each in stores):
            # There is room for what is there.
            if kind is not image.kind:
                continue
            stores = tuple(_stores(image))
        stores = staying.with_kept(image, stores)
        one = Placed(image, kind, stores)
        ranked = matrix.rank(
            matrix.week(cloud, image, kind, one.copies, matrix.SHOWN),
            sum(sizes.cost(image, kind, each) for each in stores))
        if kind is image.kind:
            today = ranked, one
        if best is None or ranked < best[0]:
            best = ranked, one
    if best is None:
        return Placed(image, image.kind, tuple(_stores(image)))
    return best[1] if today is None or _worth(best[0], today[0]) else (
        today[1])


def _worth(best: matrix.Rank, today: matrix.Rank) -> bool:
    """Whether it is so much better that a new image pays."""
    if best[0] != today[0]:
        return best[0] < today[0]
    if best[1] != today[1]:
        return best[1] < today[1] * (1 - WORTH)
    return best[2] < today[2] * (1 - WORTH)


def _glance(cloud: clouds.Cloud, images: Iterable[Placed]) -> clouds.Glance:
    """What is shown today, and what has to be in addition."""
    direct = cloud.glance.show_image_direct_url
    several = cloud.glance.show_multiple_locations
    # Of few stores and consumers, and of very many images.
    looked = set()
    for placed in images:
        if placed.kind is not formats.Format.RAW:
            continue
        for place, _disks in cloud.demand(placed.image):
            key = placed.stores, place
            if key in looked:
                continue
            looked.add(key)
            one = cloud.consumers[place]
            for number, copy in enumerate(placed.copies):
                if copy_on_write.failed('raw', copy, one, True) is None:
                    if not copy_on_write.seen(
                            clouds.Glance(), one, first=False):
                        direct = direct or number == 0 or isinstance(
                            one, clouds.VolumeBackend)
                        several = several or number > 0
                    break
    return clouds.Glance(direct, several)


def users(cloud: clouds.Cloud, plan: Plan) -> list[list[Placed]]:
    """By consumer, in their order: the images that it makes disks of."""
    found: list[list[Placed]] = [[] for _one in cloud.consumers]
    for placed in plan.images:
        for place, _disks in cloud.demand(placed.image):
            found[place].append(placed)
    return found
