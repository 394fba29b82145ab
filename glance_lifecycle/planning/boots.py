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

"""What it takes to boot: a clone, or download, verify, convert, write."""

from collections.abc import Sequence
import dataclasses

from glance_lifecycle.planning import assumed
from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import copy_on_write
from glance_lifecycle.planning import sizes

_UNCOMPRESSED = ('raw', 'iso')


@dataclasses.dataclass(frozen=True)
class Boot:
    """One disk made of an image.

    :ivar seconds: until the disk is there; a server then starts from it
    :ivar moved: bytes on the network
    """

    seconds: float
    moved: float


@dataclasses.dataclass(frozen=True)
class Served:
    """How a consumer gets an image.

    :ivar store: the copy that is cloned or downloaded
    :ivar failed: why it is not cloned; None: it is
    :ivar first: the first disk on a host
    :ivar later: those after it, while the host keeps the base image
    :ivar once: the first is so for all hosts, and not for each
    """

    store: clouds.Store
    failed: copy_on_write.Check | None
    first: Boot
    later: Boot
    once: bool = False

    @property
    def cloned(self) -> bool:
        return self.failed is None


@dataclasses.dataclass(frozen=True)
class Week:
    """What a week of boots takes.

    :ivar disks: that were made
    :ivar cloned: of these
    """

    disks: float = 0
    cloned: float = 0
    seconds: float = 0
    moved: float = 0

    def __add__(self, other: 'Week') -> 'Week':
        return Week(self.disks + other.disks, self.cloned + other.cloned,
                    self.seconds + other.seconds, self.moved + other.moved)

    @property
    def mean(self) -> float:
        """Seconds a disk."""
        return self.seconds / self.disks if self.disks else 0


def served(image: clouds.Image, kind: sizes.Format,
           copies: Sequence[clouds.Copy], consumer: clouds.Consumer,
           glance: clouds.Glance) -> Served:
    """How a consumer gets an image that is stored so.

    :param copies: one or more, in the order in which Glance reads them
    """
    disk_format = sizes.disk_format(image, kind)
    failures = []
    for number, copy in enumerate(copies):
        shown = copy_on_write.seen(glance, consumer, first=not number)
        failed = copy_on_write.failed(disk_format, copy, consumer, shown)
        if failed is None:
            return _cloned(copy.store)
        failures.append((copy_on_write.met(
            disk_format, copy, consumer, shown), failed))
    # The copy that came closest says why.
    failed = max(failures, key=lambda one: one[0])[1]
    source = copies[0].store
    if isinstance(consumer, clouds.ComputeGroup):
        into = consumer.copies_into
        if into is not None and _can_copy(
                disk_format, copies, into, consumer, glance):
            return _copied(image, kind, source, into)
        return _nova(image, kind, source, consumer, failed)
    boot = _written(image, kind, source, consumer)
    return Served(source, failed, boot, boot)


def week(image: clouds.Image, kind: sizes.Format,
         copies: Sequence[clouds.Copy], consumer: clouds.Consumer,
         glance: clouds.Glance) -> Week:
    """All disks that a consumer makes of the image in a week.

    Each host fetches the image at most once, if it keeps base images: boots
    are spread over all, and what was fetched stays for a week.
    """
    disks = image.uses(consumer)
    if not disks:
        return Week()
    how = served(image, kind, copies, consumer, glance)
    first = 1 if how.once else min(
        disks, consumer.hosts.value) if isinstance(
            consumer, clouds.ComputeGroup) and (
                consumer.image_cache.value) else disks
    return Week(disks, disks if how.cloned else 0,
                first * how.first.seconds
                + (disks - first) * how.later.seconds,
                first * how.first.moved + (disks - first) * how.later.moved)


def _cloned(store: clouds.Store) -> Served:
    boot = Boot(store.clone_seconds.value, 0)
    return Served(store, None, boot, boot)


def _copied(image: clouds.Image, kind: sizes.Format, source: clouds.Store,
            into: clouds.Store) -> Served:
    """Glance copies it into a store for Nova, once, and it is cloned."""
    size = sizes.size(image, kind)
    # It is staged whole between: one after the other. Nova polls.
    seconds = size / source.read_per_second.value + (
        size / into.write_per_second.value)
    clone = Boot(into.clone_seconds.value, 0)
    return Served(into, None, Boot(
        max(seconds, assumed.POLL) + clone.seconds, 2 * size), clone, True)


def _can_copy(disk_format: str, copies: Sequence[clouds.Copy],
              into: clouds.Store, group: clouds.ComputeGroup,
              glance: clouds.Glance) -> bool:
    """Whether Nova has it copied, and can clone it then."""
    return into not in [one.store for one in copies] and (
        copy_on_write.failed(
            disk_format, clouds.Copy(into), group, copy_on_write.seen(
                glance, group, first=into.weight > copies[0].store.weight))
        is None)


def _fetched(image: clouds.Image, kind: sizes.Format, source: clouds.Store,
             consumer: clouds.Consumer) -> float:
    """Seconds to download, hash and make raw."""
    size = sizes.size(image, kind)
    # The hash is made while bytes come in: the slowest decides.
    seconds = size / min(source.read_per_second.value,
                         consumer.network_per_second.value,
                         consumer.verify_per_second.value)
    if sizes.disk_format(image, kind) not in _UNCOMPRESSED:
        packed = kind is sizes.Format.COMPRESSED
        seconds += image.data_size.value / (
            consumer.decompress_per_second if packed else
            consumer.convert_per_second).value
    return seconds


def _written(image: clouds.Image, kind: sizes.Format, source: clouds.Store,
             consumer: clouds.VolumeBackend) -> Boot:
    """A volume: every one is downloaded and written."""
    data = image.data_size.value
    return Boot(
        _fetched(image, kind, source, consumer)
        + data / consumer.disk_write_per_second.value,
        sizes.size(image, kind) + (data if consumer.in_ceph else 0))


def _nova(image: clouds.Image, kind: sizes.Format, source: clouds.Store,
          group: clouds.ComputeGroup, failed: copy_on_write.Check) -> Served:
    data = image.data_size.value
    # An overlay shares the base image. Every other disk is a copy of it.
    later = Boot(group.start_seconds.value, 0)
    if group.images_type != 'qcow2':
        later = Boot(data / group.disk_write_per_second.value,
                     data if group.in_ceph else 0)
    return Served(source, failed, Boot(
        _fetched(image, kind, source, group) + later.seconds,
        sizes.size(image, kind) + later.moved), later)
