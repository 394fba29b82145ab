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

"""A cloud, as far as images are stored, cloned and booted in it.

Sizes are in bytes, rates in bytes a second, costs in the currency of the
cloud for a GiB and month.
"""

from collections.abc import Mapping
import dataclasses
import functools
from typing import Any
from typing import ClassVar
from typing import NamedTuple

from glance_lifecycle.planning import formats
from glance_lifecycle.planning.known import Known

CEPH = 'rbd'


@dataclasses.dataclass(frozen=True)
class Store:
    """One store of Glance.

    :ivar kind: its driver: rbd, file, s3, swift or other
    :ivar cost: of one GiB of the disks below it for a month
    :ivar factor: bytes on disks for a byte stored: replicas, or erasure code
    :ivar capacity: bytes that it can hold, copies of it not counted
    :ivar free: of these
    :ivar thin: whether holes of a raw image take no room
    :ivar fsid: of its cluster of Ceph
    :ivar weight: Glance shows and reads the copy with the largest first
    """

    name: str
    kind: str
    cost: Known[float]
    factor: Known[float]
    capacity: Known[float]
    free: Known[float]
    thin: Known[bool]
    read_per_second: Known[float]
    write_per_second: Known[float]
    clone_seconds: Known[float]
    fsid: str = ''
    weight: int = 0

    def __hash__(self) -> int:
        # It is looked up by the million; a cloud has each name once.
        return hash(self.name)


class Copy(NamedTuple):
    """One copy of an image.

    :ivar location: its URL, if it is not the one that the store's driver
        makes today. It may hold a password, and is never shown
    :ivar clones: in Ceph, of this copy: it cannot go before they do
    """

    store: Store
    location: str = ''
    clones: int = 0


# Not frozen: to make a hundred thousand would take twice as long.
@dataclasses.dataclass(slots=True)
class Image:
    """One image, that nobody changes.

    :ivar disk_format: as Glance says
    :ivar compressed: whether its clusters are, in qcow2
    :ivar size: bytes that a download takes
    :ivar virtual_size: bytes of the disk
    :ivar data_size: those of them that are no holes
    :ivar compression: what compressed data take of what they took before
    :ivar boots: name of a compute group -> servers booted in a week
    :ivar volumes: name of a volume backend -> volumes made in a week
    :ivar project: that owns it; '' if that is not known
    :ivar group: its class, as the operator calls it; '' if it has none
    :ivar golden: whether it stays as fast as it is, used or not
    :ivar last_boot: seconds since a disk was made of it; 0 also where nobody
        knows; None: no disk is told of
    :ivar least_copies: how many it has to have
    :ivar glance_name: as Glance has it; None: that is its name here; '': not
        known, or none that a policy can name
    :ivar used: disks a week, of all
    :ivar kind: what it is stored as
    """

    name: str
    disk_format: str
    compressed: bool
    size: Known[float]
    virtual_size: Known[float]
    data_size: Known[float]
    compression: Known[float]
    copies: tuple[Copy, ...]
    boots: Mapping[str, Known[float]]
    volumes: Mapping[str, Known[float]]
    project: str = ''
    group: str = ''
    golden: bool = False
    last_boot: float | None = None
    least_copies: int = 1
    glance_name: str | None = None
    # Computed once: they are looked at by the million.
    used: float = dataclasses.field(init=False, compare=False, repr=False)
    kind: formats.Format = dataclasses.field(
        init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        self.used = sum([
            one.value for table in (self.boots, self.volumes)
            for one in table.values()])
        self.kind = formats.of(self.disk_format, self.compressed)

    @property
    def in_glance(self) -> str:
        """What a policy has to match; '' if that is not known."""
        return self.name if self.glance_name is None else self.glance_name

    def uses(self, consumer: 'Consumer') -> float:
        """In a week."""
        table = self.boots if isinstance(
            consumer, ComputeGroup) else self.volumes
        return table[consumer.name].value if consumer.name in table else 0


@dataclasses.dataclass(frozen=True)
class ComputeGroup:
    """Computes that are configured alike.

    :ivar images_type: of ``[libvirt]`` in nova.conf
    :ivar fsid: of the cluster of Ceph with the disks
    :ivar cannot_open: stores whose pools the Ceph user of Nova may not read
    :ivar copies_into: ``[libvirt] images_rbd_glance_store_name``
    :ivar image_cache: whether base images stay from boot to boot
    :ivar disk_write_per_second: onto a disk of a server
    :ivar start_seconds: to make a disk that is an overlay
    """

    service: ClassVar[str] = 'Nova'

    name: str
    hosts: Known[float]
    images_type: str
    image_cache: Known[bool]
    network_per_second: Known[float]
    disk_write_per_second: Known[float]
    verify_per_second: Known[float]
    convert_per_second: Known[float]
    decompress_per_second: Known[float]
    start_seconds: Known[float]
    fsid: str = ''
    cannot_open: tuple[str, ...] = ()
    copies_into: Store | None = None

    @property
    def in_ceph(self) -> bool:
        return self.images_type == CEPH


@dataclasses.dataclass(frozen=True)
class VolumeBackend:
    """A back end of Cinder.

    :ivar fsid: of its cluster of Ceph; '' if it has another driver
    :ivar service_token: whether it asks Glance for locations as a service
    :ivar encrypted: whether its volumes are
    :ivar cannot_open: stores whose pools the Ceph user of Cinder may not read
    """

    service: ClassVar[str] = 'Cinder'

    name: str
    service_token: Known[bool]
    encrypted: Known[bool]
    network_per_second: Known[float]
    disk_write_per_second: Known[float]
    verify_per_second: Known[float]
    convert_per_second: Known[float]
    decompress_per_second: Known[float]
    fsid: str = ''
    cannot_open: tuple[str, ...] = ()

    @property
    def in_ceph(self) -> bool:
        return bool(self.fsid)


Consumer = ComputeGroup | VolumeBackend

# Places of consumers, disks a week.
_Demand = tuple[tuple[int, float], ...]


@dataclasses.dataclass(frozen=True)
class Glance:
    """What images show of where they are: two options of glance-api.conf."""

    show_image_direct_url: bool = False
    show_multiple_locations: bool = False


@dataclasses.dataclass(frozen=True)
class Caches:
    """Of images that are downloaded: as they are today, and what they see.

    :ivar glance_nodes: glance-apis, each with a cache of its own
    :ivar max_size: ``image_cache_max_size`` of glance-api.conf
    :ivar pruner_interval: seconds from one run of the pruner to the next
    :ivar base_age: ``remove_unused_original_minimum_age_seconds`` of nova.conf
    :ivar manager_interval: ``manager_interval`` of nova.conf
    :ivar server_seconds: how long a server exists
    """

    glance_nodes: Known[float]
    max_size: Known[float]
    pruner_interval: Known[float]
    base_age: Known[float]
    manager_interval: Known[float]
    server_seconds: Known[float]


@dataclasses.dataclass(frozen=True)
class Cloud:
    """All of it.

    :ivar default_store: where imports go today
    :ivar growth: bytes of images that come into it in a week; None: that is
        not known
    """

    glance: Glance
    default_store: Store
    stores: tuple[Store, ...]
    images: tuple[Image, ...]
    caches: Caches
    compute_groups: tuple[ComputeGroup, ...] = ()
    volume_backends: tuple[VolumeBackend, ...] = ()
    currency: str = ''
    growth: Known[float] | None = None
    #: What was computed of it once, for many images; see ``matrix``.
    computed: dict[Any, Any] = dataclasses.field(
        init=False, compare=False, repr=False, default_factory=dict)

    _demands: dict[str, tuple[Image, _Demand]] = dataclasses.field(
        init=False, compare=False, repr=False, default_factory=dict)

    @functools.cached_property
    def consumers(self) -> tuple[Consumer, ...]:
        return (*self.compute_groups, *self.volume_backends)

    @functools.cached_property
    def alike(self) -> tuple[int, ...]:
        """By place of a consumer: that of the first that is as it is."""
        first: dict[Consumer, int] = {}
        return tuple(first.setdefault(dataclasses.replace(one, name=''), place)
                     for place, one in enumerate(self.consumers))

    def demand(self, image: Image) -> _Demand:
        """Who makes disks of it: places in ``consumers``, disks a week."""
        if not image.used:
            return ()
        whose, found = self._demands.get(image.name, (None, ()))
        if whose is image:
            return found
        wanted = []
        for table, places in ((image.boots, self._places[0]),
                              (image.volumes, self._places[1])):
            for name, known in table.items():
                if known.value:
                    wanted.append((places[name], known.value))
        found = tuple(sorted(wanted))
        self._demands[image.name] = image, found
        return found

    @functools.cached_property
    def _places(self) -> tuple[dict[str, int], dict[str, int]]:
        most = len(self.compute_groups)
        return ({one.name: place for place, one in enumerate(
            self.compute_groups)}, {
                one.name: most + place for place, one in enumerate(
                    self.volume_backends)})
