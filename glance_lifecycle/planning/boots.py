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

"""What it takes to boot: a clone, or download, verify, convert, write.

How a consumer gets an image depends on the format and the stores of the image
(``Way``); only how long that takes, on its size. A large catalogue has few
ways.
"""

from collections.abc import Sequence
import dataclasses
from typing import NamedTuple

from glance_lifecycle.planning import assumed
from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import copy_on_write
from glance_lifecycle.planning import formats
from glance_lifecycle.planning import sizes

_UNCOMPRESSED = ('raw', 'iso')


class Boot(NamedTuple):
    """One disk made of an image.

    :ivar seconds: until the disk is there; a server then starts from it
    :ivar moved: bytes on the network
    """

    seconds: float
    moved: float


class Terms(NamedTuple):
    """What one disk takes, of an image of any size.

    :ivar seconds: whatever the size
    :ivar of_size: seconds for each byte that a download takes
    :ivar of_data: seconds for each byte of the disk that is no hole
    :ivar least: seconds that the bytes of a download take at least
    :ivar moved: how many times the download goes over the network
    :ivar data_moved: how many times the data do
    """

    seconds: float = 0
    of_size: float = 0
    of_data: float = 0
    least: float = 0
    moved: float = 0
    data_moved: float = 0

    def boot(self, size: float, data: float) -> Boot:
        """:param size: bytes that a download takes"""
        return Boot(*self.takes(size, data))

    def takes(self, size: float, data: float) -> tuple[float, float]:
        """The same as plain numbers: there are very many."""
        return (self.seconds + max(size * self.of_size, self.least)
                + data * self.of_data,
                size * self.moved + data * self.data_moved)


class Way(NamedTuple):
    """How a consumer gets images that are stored alike.

    :ivar store: the copy that is cloned or downloaded
    :ivar failed: why it is not cloned; None: it is
    :ivar first: the first disk on a host
    :ivar later: those after it, while the host keeps the base image
    :ivar once: the first is so for all hosts, and not for each
    """

    store: clouds.Store
    failed: copy_on_write.Check | None
    first: Terms
    later: Terms
    once: bool = False

    @property
    def cloned(self) -> bool:
        return self.failed is None


@dataclasses.dataclass(frozen=True)
class Served:
    """How a consumer gets one image: the same, with its size."""

    store: clouds.Store
    failed: copy_on_write.Check | None
    first: Boot
    later: Boot
    once: bool = False

    @property
    def cloned(self) -> bool:
        return self.failed is None


@dataclasses.dataclass(frozen=True, slots=True)
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


def way(kind: formats.Format, disk_format: str, copies: Sequence[clouds.Copy],
        consumer: clouds.Consumer, glance: clouds.Glance) -> Way:
    """How a consumer gets what is stored so.

    :param disk_format: as Glance says then
    :param copies: one or more, in the order in which Glance reads them
    """
    failures = []
    for number, copy in enumerate(copies):
        looked_at = disk_format, copy, consumer, copy_on_write.seen(
            glance, consumer, first=not number)
        failed = copy_on_write.failed(*looked_at)
        if failed is None:
            return _cloned(copy.store)
        failures.append((looked_at, failed))
    # The copy that came closest says why.
    failed = failures[0][1] if len(failures) == 1 else max(
        failures, key=lambda one: copy_on_write.met(*one[0]))[1]
    source = copies[0].store
    if isinstance(consumer, clouds.ComputeGroup):
        into = consumer.copies_into
        if into is not None and _can_copy(
                disk_format, copies, into, consumer, glance):
            return _copied(source, into)
        return _nova(kind, disk_format, source, consumer, failed)
    boot = _written(kind, disk_format, source, consumer)
    return Way(source, failed, boot, boot)


def of_image(found: Way, image: clouds.Image, kind: formats.Format) -> Served:
    """The way, of an image."""
    size, data = sizes.size(image, kind), image.data_size.value
    return Served(found.store, found.failed, found.first.boot(size, data),
                  found.later.boot(size, data), found.once)


def served(image: clouds.Image, kind: formats.Format,
           copies: Sequence[clouds.Copy], consumer: clouds.Consumer,
           glance: clouds.Glance) -> Served:
    """How a consumer gets an image that is stored so."""
    return of_image(way(kind, sizes.disk_format(image, kind), copies,
                        consumer, glance), image, kind)


def keeping(consumer: clouds.Consumer, disks: float) -> float:
    """How many of the disks of a week are the first on their host.

    Each host fetches the image at most once, if it keeps base images: boots
    are spread over all, and what was fetched stays for a week.
    """
    if isinstance(consumer, clouds.ComputeGroup) and (
            consumer.image_cache.value):
        return min(disks, consumer.hosts.value)
    return disks


def _cloned(store: clouds.Store) -> Way:
    boot = Terms(store.clone_seconds.value)
    return Way(store, None, boot, boot)


def _copied(source: clouds.Store, into: clouds.Store) -> Way:
    """Glance copies it into a store for Nova, once, and it is cloned."""
    clone = into.clone_seconds.value
    # It is staged whole between: one after the other. Nova polls.
    return Way(into, None, Terms(
        clone, of_size=1 / source.read_per_second.value
        + 1 / into.write_per_second.value, least=assumed.POLL, moved=2),
        Terms(clone), True)


def _can_copy(disk_format: str, copies: Sequence[clouds.Copy],
              into: clouds.Store, group: clouds.ComputeGroup,
              glance: clouds.Glance) -> bool:
    """Whether Nova has it copied, and can clone it then."""
    return into not in [one.store for one in copies] and (
        copy_on_write.failed(
            disk_format, clouds.Copy(into), group, copy_on_write.seen(
                glance, group, first=into.weight > copies[0].store.weight))
        is None)


def _fetched(kind: formats.Format, disk_format: str, source: clouds.Store,
             consumer: clouds.Consumer) -> Terms:
    """To download, hash and make raw."""
    # The hash is made while bytes come in: the slowest decides.
    size = 1 / min(source.read_per_second.value,
                   consumer.network_per_second.value,
                   consumer.verify_per_second.value)
    if disk_format in _UNCOMPRESSED:
        return Terms(of_size=size, moved=1)
    packed = kind is formats.Format.COMPRESSED
    return Terms(of_size=size, moved=1, of_data=1 / (
        consumer.decompress_per_second if packed else
        consumer.convert_per_second).value)


def _written(kind: formats.Format, disk_format: str, source: clouds.Store,
             consumer: clouds.VolumeBackend) -> Terms:
    """A volume: every one is downloaded and written."""
    fetched = _fetched(kind, disk_format, source, consumer)
    return fetched._replace(
        of_data=fetched.of_data + 1 / consumer.disk_write_per_second.value,
        data_moved=1 if consumer.in_ceph else 0)


def _nova(kind: formats.Format, disk_format: str, source: clouds.Store,
          group: clouds.ComputeGroup, failed: copy_on_write.Check) -> Way:
    # An overlay shares the base image. Every other disk is a copy of it.
    later = Terms(group.start_seconds.value)
    if group.images_type != 'qcow2':
        later = Terms(of_data=1 / group.disk_write_per_second.value,
                      data_moved=1 if group.in_ceph else 0)
    fetched = _fetched(kind, disk_format, source, group)
    return Way(source, failed, fetched._replace(
        seconds=later.seconds, of_data=fetched.of_data + later.of_data,
        data_moved=later.data_moved), later)
