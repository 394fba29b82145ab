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

"""What another default store of Glance changes, before anybody sets it.

Computed is where new images land, and how those who boot them get them there.
Images that exist stay where they are.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import enum
import statistics

from glance_lifecycle import exceptions
from glance_lifecycle.planning import boots
from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import copy_on_write
from glance_lifecycle.planning import formats
from glance_lifecycle.planning import known
from glance_lifecycle.planning import layout
from glance_lifecycle.planning import sizes

_DAYS = 7
# Below this part, nobody can tell the difference.
_SAME = 0.01


class NoSwitch(exceptions.LifecycleError):
    """There is nothing to switch, or nowhere to."""

    message = 'The default store cannot be switched: {detail}'


class Change(enum.StrEnum):
    """What the new store is for a consumer, the worst first."""

    LOSES_CLONES = 'loses clones'
    SLOWER = 'slower'
    SAME = 'no difference'
    FASTER = 'faster'
    GAINS_CLONES = 'gains clones'


@dataclasses.dataclass(frozen=True)
class Landing:
    """How one consumer gets a new image of one format.

    :ivar disks: that it makes in a week, of all images
    :ivar before: the image lands in the old default store
    :ivar after: in the new one
    """

    consumer: clouds.Consumer
    kind: formats.Format
    disks: float
    before: boots.Served
    after: boots.Served

    @property
    def change(self) -> Change:
        if self.before.cloned != self.after.cloned:
            return (Change.GAINS_CLONES if self.after.cloned else
                    Change.LOSES_CLONES)
        before, after = self.before.first.seconds, self.after.first.seconds
        if abs(after - before) <= _SAME * before:
            return Change.SAME
        return Change.SLOWER if after > before else Change.FASTER


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """Where Nova puts a snapshot of a server.

    :ivar direct: in Ceph, without Glance; else it is uploaded to the default
    :ivar why: not direct: the condition that is not met
    """

    store: clouds.Store
    direct: bool
    why: str = ''


@dataclasses.dataclass(frozen=True)
class Snapshots:
    """Of servers of one group, whose disks are in Ceph.

    :ivar old: of a server whose image is in the old store, after the switch
    :ivar new: of one whose image has landed in the new store
    """

    group: clouds.ComputeGroup
    old: Snapshot
    new: Snapshot


@dataclasses.dataclass(frozen=True)
class Room:
    """Of one of both stores.

    :ivar cost: of a GiB that is stored, with its replicas, for a month
    :ivar source: the weaker one of price and replicas
    :ivar days: until it is full, if all that comes goes there; None: that
        is not known, or nothing comes
    """

    store: clouds.Store
    cost: float
    source: known.Source
    days: float | None


@dataclasses.dataclass(frozen=True)
class Stay:
    """Images that are in the old store, and stay there.

    :ivar stored: bytes
    :ivar alone: how many are in no other store
    :ivar lacking: bytes that the new store has no room for, if all moved
    """

    count: int
    stored: float
    alone: int
    lacking: float


@dataclasses.dataclass(frozen=True)
class Switch:
    """All of it.

    :ivar typical: a raw image with the median sizes of the catalogue
    :ivar landings: by consumer, in their order
    """

    old: clouds.Store
    new: clouds.Store
    typical: clouds.Image
    landings: tuple[Landing, ...]
    snapshots: tuple[Snapshots, ...]
    rooms: tuple[Room, Room]
    stay: Stay


def switch(cloud: clouds.Cloud, name: str) -> Switch:
    """To the store of that name.

    :raises NoSwitch: there is none, or it is the default already
    """
    old = cloud.default_store
    new = next((one for one in cloud.stores if one.name == name), None)
    if new is None:
        raise NoSwitch(detail='Glance has no store %s. It has %s' % (
            name, ', '.join(sorted(one.name for one in cloud.stores))))
    if new == old:
        raise NoSwitch(detail='%s is the default store already' % name)
    typical = _typical(cloud.images)
    return Switch(
        old, new, typical, tuple(_landings(cloud, new, typical)),
        tuple(_snapshots(cloud, one, new) for one in cloud.compute_groups
              if one.in_ceph),
        (_room(cloud, old), _room(cloud, new)), _stay(cloud, new))


def _typical(images: Iterable[clouds.Image]) -> clouds.Image:
    """Of all that can be converted, or else of all."""
    images = list(images)
    images = [one for one in images
              if formats.choices(one.disk_format) != (
                  formats.Format.AS_IS,)] or images
    virtual, data, ratio = (_median(facts) for facts in (
        [one.virtual_size for one in images],
        [one.data_size for one in images],
        [one.compression for one in images]))
    # The medians are those of different images.
    data = dataclasses.replace(data, value=min(data.value, virtual.value))
    return clouds.Image(
        name='', disk_format='raw', compressed=False, size=virtual,
        virtual_size=virtual, data_size=data, compression=ratio, copies=(),
        boots={}, volumes={})


def _median(facts: list[known.Known[float]]) -> known.Known[float]:
    return known.Known(statistics.median(one.value for one in facts),
                       known.weakest(one.source for one in facts))


def _landings(cloud: clouds.Cloud, new: clouds.Store, typical: clouds.Image
              ) -> Iterator[Landing]:
    there = {one.kind for one in cloud.images}
    disks = [0.0 for _one in cloud.consumers]
    for image in cloud.images:
        for place, count in cloud.demand(image):
            disks[place] += count
    for one, count in zip(cloud.consumers, disks, strict=True):
        for kind in formats.CHOICES:
            # Snapshots of disks in Ceph, and what is converted, are raw.
            if kind is formats.Format.RAW or kind in there:
                before, after = (boots.served(
                    typical, kind, (clouds.Copy(store),), one, cloud.glance)
                    for store in (cloud.default_store, new))
                yield Landing(one, kind, count, before, after)


def _snapshots(cloud: clouds.Cloud, group: clouds.ComputeGroup,
               new: clouds.Store) -> Snapshots:
    return Snapshots(group, *(_snapshot(cloud, group, store, new)
                              for store in (cloud.default_store, new)))


def _snapshot(cloud: clouds.Cloud, group: clouds.ComputeGroup,
              store: clouds.Store, default: clouds.Store) -> Snapshot:
    """Of a server whose image is in that store, and in no other.

    Nova writes it into the pool of the image, whatever the default is
    (``direct_snapshot`` of nova/virt/libvirt/imagebackend.py): that of the
    disk's parent, or of a location that it sees. Else it uploads it.
    """
    failed = copy_on_write.failed(
        'raw', clouds.Copy(store), group,
        copy_on_write.seen(cloud.glance, group, first=True))
    if failed is None:
        return Snapshot(store, True)
    return Snapshot(default, False, failed.words)


def _room(cloud: clouds.Cloud, store: clouds.Store) -> Room:
    growth = cloud.growth
    return Room(
        store, layout.price(store),
        known.weakest((store.cost.source, store.factor.source)),
        _DAYS * store.free.value / growth.value
        if growth and growth.value else None)


def _stay(cloud: clouds.Cloud, new: clouds.Store) -> Stay:
    count = alone = 0
    stored = needed = 0.0
    for image in cloud.images:
        held = {one.store for one in image.copies}
        if cloud.default_store not in held:
            continue
        today = image.kind
        count += 1
        alone += len(held) == 1
        stored += sizes.stored(image, today, cloud.default_store)
        if new not in held:
            needed += sizes.stored(image, today, new)
    return Stay(count, stored, alone, max(0.0, needed - new.free.value))
