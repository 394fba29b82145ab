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

"""How large caches should be, how long images stay: by replaying boots.

What is cloned by copy-on-write needs no cache. Nova's base images come first;
what they do not have is downloaded through Glance, and through its cache.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import math
import random

from glance_lifecycle.planning import assumed
from glance_lifecycle.planning import boots
from glance_lifecycle.planning.caches import base_images
from glance_lifecycle.planning.caches import glance_cache
from glance_lifecycle.planning.caches import prefetch
from glance_lifecycle.planning.caches import trace as traces
from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import formats
from glance_lifecycle.planning import layout
from glance_lifecycle.planning import matrix
from glance_lifecycle.planning import sizes

#: As good as the best: this part of the bytes less comes from the cache.
WORSE = 0.01
#: A cache that serves less than this part of the bytes is not worth a disk.
LEAST = 0.05
AGES = tuple(3600.0 * one for one in (1, 6, 24, 48, 96, 168, 336))
_STEPS = 12
_SEED = 1


@dataclasses.dataclass(frozen=True)
class Point:
    """One setting, and what a week is with it.

    :ivar setting: bytes of the limit, or seconds of the age
    :ivar served: part of the bytes that came from the cache
    :ivar moved: bytes that were downloaded all the same
    :ivar waited: seconds of boots, for these
    :ivar disk: bytes that it took, at most, of each node or host
    """

    setting: float
    served: float
    moved: float
    waited: float
    disk: float


@dataclasses.dataclass(frozen=True)
class Sized:
    """One cache, at all settings that were tried.

    :ivar name: of the compute group; '' for that of Glance
    :ivar points: by their setting
    :ivar best: the smallest that is as good as any; of ages, that of today if
        no other gains anything
    :ivar today: what the cloud has
    :ivar longest: seconds of its longest download
    """

    name: str
    points: tuple[Point, ...]
    best: Point
    today: Point
    prefetched: tuple[prefetch.Image, ...]
    longest: float

    @property
    def useless(self) -> bool:
        return max(one.served for one in self.points) < LEAST


@dataclasses.dataclass(frozen=True)
class Plan:
    """All caches that are of use to somebody.

    :ivar glance: None where nothing is downloaded
    """

    trace: traces.Trace
    glance: Sized | None
    groups: tuple[Sized, ...]


@dataclasses.dataclass(frozen=True)
class _Way:
    """How a consumer gets an image that it does not clone.

    :ivar size: bytes of a download
    :ivar file: bytes of the base image
    """

    how: boots.Served
    size: float
    file: float

    @property
    def waited(self) -> float:
        return self.how.first.seconds - self.how.later.seconds


_Ways = Mapping[tuple[str, str], _Way]


def planned(cloud: clouds.Cloud, plan: layout.Plan,
            trace: traces.Trace | None = None, seed: int = _SEED) -> Plan:
    """For the cloud as it is advised.

    :param trace: boots; without, they are made of those of a week
    """
    if trace is None:
        ways = _ways(cloud, plan)
        trace = traces.generated(_uses(cloud, ways), {
            one.name: max(1, round(one.hosts.value)) if isinstance(
                one, clouds.ComputeGroup) else 1
            for one in cloud.consumers}, seed)
    else:
        ways = _ways(cloud, plan, {(one.consumer, one.image)
                                   for one in trace.boots})
    booted: dict[str, list[traces.Boot]] = {}
    for one in trace.boots:
        if (one.consumer, one.image) in ways:
            booted.setdefault(one.consumer, []).append(one)
    groups, downloads = [], []
    for consumer in cloud.consumers:
        found = booted.get(consumer.name, [])
        if found and isinstance(consumer, clouds.ComputeGroup) and (
                consumer.image_cache.value):
            sized = _base_images(cloud, consumer, found, ways, trace)
            groups.append(sized)
            found = [one.boot for one in base_images.replay(
                found, _rules(cloud, sized.best.setting))]
        downloads += found
    return Plan(trace, _glance(cloud, sorted(downloads), ways, trace, seed),
                tuple(groups))


def _ways(cloud: clouds.Cloud, plan: layout.Plan,
          wanted: Iterable[tuple[str, str]] | None = None) -> _Ways:
    """:param wanted: consumers and images; without, those of a week"""
    placed = {one.image.name: one for one in plan.images}
    consumers = {one.name: one for one in cloud.consumers}
    places = {one.name: place for place, one in enumerate(cloud.consumers)}
    if wanted is None:
        wanted = ((name, one.image.name) for one in plan.images
                  for name in (*one.image.boots, *one.image.volumes)
                  if one.image.uses(consumers[name]))
    found = {}
    for name, image in wanted:
        one = placed[image]
        how = boots.of_image(matrix.way(
            cloud, one.kind, sizes.disk_format(one.image, one.kind),
            one.copies, plan.glance, places[name]), one.image, one.kind)
        if not how.cloned:
            size = sizes.size(one.image, one.kind)
            found[name, image] = _Way(
                how, size, size if one.kind is formats.Format.RAW
                else one.image.data_size.value)
    return found


def _uses(cloud: clouds.Cloud, ways: _Ways
          ) -> dict[str, dict[str, float]]:
    images = {one.name: one for one in cloud.images}
    consumers = {one.name: one for one in cloud.consumers}
    found: dict[str, dict[str, float]] = {}
    for name, image in ways:
        found.setdefault(name, {})[image] = images[image].uses(
            consumers[name])
    return found


def _rules(cloud: clouds.Cloud, age: float) -> base_images.Rules:
    return base_images.Rules(age, cloud.caches.manager_interval.value,
                             cloud.caches.server_seconds.value)


def _base_images(cloud: clouds.Cloud, group: clouds.ComputeGroup,
                 booted: list[traces.Boot], ways: _Ways,
                 trace: traces.Trace) -> Sized:
    name, weeks = group.name, trace.counted_weeks * _share(
        group, booted, trace)
    counted = [one for one in booted if one.time >= trace.counted_from]
    total = sum(ways[name, one.image].size for one in counted)
    files = {one.image: ways[name, one.image].file for one in booted}

    def point(age: float) -> Point:
        kept = base_images.replay(booted, _rules(cloud, age))
        missed = [ways[name, one.boot.image] for one in kept
                  if one.boot.time >= trace.counted_from]
        moved = sum(one.size for one in missed)
        return Point(
            age, 1 - moved / total if total else 0, moved / weeks,
            sum(one.waited for one in missed) / weeks,
            max(most for _host, most in base_images.peaks(kept, files)))

    today = cloud.caches.base_age.value
    points = tuple(map(point, sorted({*AGES, today})))
    best = _age(points, _at(points, today))
    missed = [one.boot for one in base_images.replay(
        booted, _rules(cloud, best.setting))
        if one.boot.time >= trace.counted_from]
    return Sized(
        name, points, best, _at(points, today), prefetch.of_hosts(
            missed, len({one.host for one in booted}), trace.counted_weeks,
            {one.image: ways[name, one.image].waited for one in missed}),
        max(ways[name, one.image].waited for one in booted))


def _share(group: clouds.ComputeGroup, booted: list[traces.Boot],
           trace: traces.Trace) -> float:
    """The part of the group whose boots these are."""
    if trace.given or trace.share == 1:
        return 1
    hosts = max(1, round(group.hosts.value))
    return min(1.0, math.ceil(hosts * trace.share) / hosts)


def _glance(cloud: clouds.Cloud, booted: list[traces.Boot], ways: _Ways,
            trace: traces.Trace, seed: int) -> Sized | None:
    if not booted:
        return None
    nodes = max(1, round(cloud.caches.glance_nodes.value))
    chance = random.Random(seed)
    downloads = [
        glance_cache.Download(
            one.time, one.image, way.size,
            way.size / way.how.store.read_per_second.value)
        for one in booted if not chance.randrange(nodes)
        for way in [ways[one.consumer, one.image]]]
    if not downloads:
        return None
    weeks = trace.counted_weeks * trace.share / nodes
    # With fewer downloads, it takes longer until as many have come between.
    interval = cloud.caches.pruner_interval.value / trace.share

    def point(size: float) -> Point:
        outcome = glance_cache.replay(
            downloads, size, interval, trace.counted_from)
        return Point(size, outcome.served, outcome.missed_bytes / weeks,
                     outcome.missed_seconds / weeks, outcome.peak)

    today = cloud.caches.max_size.value
    points = tuple(map(point, sorted({*_ladder(downloads), today})))
    best = _knee(points)
    return Sized('', points, best, _at(points, today), prefetch.of_glance(
        downloads, best.setting,
        trace.seconds / traces.WEEK * trace.share / nodes),
        max(one.seconds for one in downloads))


def _ladder(downloads: list[glance_cache.Download]) -> Iterator[float]:
    """From the largest image to all of them, in whole GiB."""
    images = {one.image: one.size for one in downloads}
    least, most = max(images.values()), sum(images.values())
    for step in range(_STEPS):
        size = least * (most / least) ** (step / (_STEPS - 1))
        yield math.ceil(size / assumed.GIB) * assumed.GIB


def _knee(points: tuple[Point, ...]) -> Point:
    enough = max(one.served for one in points) - WORSE
    return next(one for one in points if one.served >= enough)


def _age(points: tuple[Point, ...], today: Point) -> Point:
    """Today's, where another one gains nothing."""
    best = _knee(points)
    if max(one.served for one in points) < LEAST or (
            today.served >= best.served - WORSE and today.disk <= best.disk):
        return today
    return best


def _at(points: tuple[Point, ...], setting: float) -> Point:
    return next(one for one in points if one.setting == setting)
