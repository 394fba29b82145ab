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

"""What the running services say of themselves, as plain data."""

from collections.abc import Mapping
import dataclasses
from typing import Any

#: Of a store: glance/api/v2/discovery.py. No others are looked at.
PROPERTIES = ('pool', 'fsid', 'data_dir', 'container', 'volume_type',
              'chunk_size', 'thin_provisioning')

#: Formats of disks that neither Nova nor Cinder clones.
NOT_RAW = ('qcow2', 'vmdk', 'vdi', 'vhd', 'vhdx')

#: Of the Image service in Keystone: glance/quota/keystone.py.
LIMITS = ('image_size_total', 'image_stage_total', 'image_count_total',
          'image_count_uploading')


@dataclasses.dataclass(frozen=True)
class Store:
    """As the Image API lists it.

    :ivar kind: driver of glance_store; empty where the user may not know
    :ivar details: of PROPERTIES, those that it tells
    """

    id: str
    default: bool = False
    read_only: bool = False
    kind: str = ''
    details: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Usage:
    """Of the user's project, in the unit of the limit; -1 for no limit."""

    limit: int
    usage: int


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """One in Keystone's catalogue.

    :ivar kind: type of its service
    :ivar service: id of that
    """

    interface: str
    region: str
    url: str
    kind: str = 'image'
    id: str = ''
    service: str = ''


@dataclasses.dataclass(frozen=True)
class Registered:
    """A limit of LIMITS in Keystone.

    :ivar service: id of the one that it is for
    :ivar region: empty for none
    """

    name: str
    service: str
    region: str
    default: int


@dataclasses.dataclass(frozen=True)
class Answer:
    """What an address of the Image service said itself.

    :ivar by: what names it
    :ivar catalogue: Keystone's catalogue does
    :ivar away: why it could not be asked; empty if it could
    :ivar versions: empty if what answers there is no glance-api
    :ivar methods: of import; None if it was not asked for them
    :ivar stores: likewise; the default store first
    """

    url: str
    by: str
    catalogue: bool = False
    away: str = ''
    versions: tuple[str, ...] = ()
    methods: tuple[str, ...] | None = None
    stores: tuple[str, ...] | None = None


@dataclasses.dataclass(frozen=True)
class Daemon:
    """One of Nova's or Cinder's, which they look for themselves."""

    binary: str
    host: str
    up: bool
    enabled: bool


@dataclasses.dataclass(frozen=True)
class Pool:
    """Of an RBD store, as its cluster shows it to the store's own user.

    :ivar refused: why the store cannot use it; empty if it can
    :ivar writes: whether the user may write there
    :ivar administers: whether the user may read the keys of others
    :ivar applications: that may use it; None if that is not known
    :ivar erasure: whether it is erasure-coded, and so for data only
    :ivar size: copies that are kept of each object; 0 if it is not known
    :ivar min_size: copies without which nothing is written
    :ivar full: a flag that says so; empty if there is none
    :ivar used: bytes of objects; None if the cluster does not know
    :ivar free: bytes that still fit; None likewise
    :ivar errors: what the cluster calls errors of its own health
    :ivar expired: images in its trash whose time is over
    """

    host: str
    store: str
    pool: str
    user: str
    refused: str = ''
    writes: bool = True
    administers: bool = False
    applications: tuple[str, ...] | None = None
    erasure: bool = False
    size: int = 0
    min_size: int = 0
    full: str = ''
    used: int | None = None
    free: int | None = None
    errors: tuple[str, ...] = ()
    expired: int = 0


@dataclasses.dataclass(frozen=True)
class Computes:
    """Nova's computes in Placement.

    :ivar qcow2: those that take images of this format: their disks are not
        in Ceph
    :ivar raw: those that take raw images: all that libvirt runs
    """

    qcow2: tuple[str, ...]
    raw: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Live:
    """All of it. What is None could not be asked, and ``unknown`` says so.

    :ivar endpoint: which glance-api answered
    :ivar methods: of import
    :ivar stores: empty where it has no names for them
    :ivar usage: limit -> usage; empty where limits are not Keystone's
    :ivar limits: names of those that are registered in Keystone
    :ivar registered: the same with what they say
    :ivar endpoints: of the Image service; empty where there is no catalogue
    :ivar catalogue: those of other services
    :ivar stuck: status -> images that are in it for an hour or longer
    :ivar not_raw: store in Ceph -> active images there that are not raw
    :ivar most: of which both count no more than so many, each
    :ivar images: the newest active ones, ``most`` of them, as the Image API
        shows them
    :ivar booted: image -> servers that Nova made of it, among the newest
    :ivar daemons: of Nova and Cinder
    :ivar answers: of each address of the Image service
    :ivar clocks: service -> seconds that it is ahead of this computer
    :ivar pools: in Ceph, asked only of this host's own files
    :ivar known: "project ID" or "user ID" -> whether Keystone has it
    :ivar unknown: sentences
    """

    endpoint: str = ''
    methods: tuple[str, ...] | None = None
    stores: tuple[Store, ...] | None = None
    usage: Mapping[str, Usage] | None = None
    limits: tuple[str, ...] | None = None
    endpoints: tuple[Endpoint, ...] | None = None
    stuck: Mapping[str, int] | None = None
    not_raw: Mapping[str, int] | None = None
    most: int = 1000
    registered: tuple[Registered, ...] | None = None
    catalogue: tuple[Endpoint, ...] | None = None
    images: tuple[Mapping[str, Any], ...] | None = None
    booted: Mapping[str, int] | None = None
    daemons: tuple[Daemon, ...] = ()
    computes: Computes | None = None
    answers: tuple[Answer, ...] = ()
    clocks: Mapping[str, float] = dataclasses.field(default_factory=dict)
    known: Mapping[str, bool] = dataclasses.field(default_factory=dict)
    pools: tuple[Pool, ...] = ()
    unknown: tuple[str, ...] = ()


def read(data: Mapping[str, Any]) -> Live:
    """Of JSON with the names above.

    :raises KeyError: a part lacks something
    :raises TypeError: a name is unknown
    """
    parts: dict[str, Any] = dict(data)
    for name, kind in (('stores', Store), ('endpoints', Endpoint),
                       ('catalogue', Endpoint), ('registered', Registered),
                       ('daemons', Daemon), ('answers', Answer),
                       ('pools', Pool)):
        if parts.get(name) is not None:
            parts[name] = tuple(kind(**_lists(one)) for one in parts[name])
    if parts.get('images') is not None:
        parts['images'] = tuple(map(image, parts['images']))
    if parts.get('usage') is not None:
        parts['usage'] = {name: Usage(**one)
                          for name, one in parts['usage'].items()}
    if parts.get('computes') is not None:
        parts['computes'] = Computes(**_lists(parts['computes']))
    return Live(**_lists(parts))


def image(shown: Any) -> Mapping[str, Any]:
    """An image as the API shows it, without what is of another type.

    A proxy or another service may have answered. What is left out is not
    known.
    """
    if not isinstance(shown, Mapping):
        return {}
    return {name: value for name, value in shown.items()
            if isinstance(name, str) and _is_shown(name, value)}


def _is_shown(name: str, value: Any) -> bool:
    if name in _NUMBERS:
        return isinstance(value, int) and not isinstance(value, bool)
    if name in _FLAGS:
        return isinstance(value, bool)
    if name == 'tags':
        return isinstance(value, list) and all(
            isinstance(one, str) for one in value)
    return isinstance(value, str)


# https://docs.openstack.org/api-ref/image/v2/#show-image
_NUMBERS = frozenset(('size', 'virtual_size', 'min_disk', 'min_ram'))
_FLAGS = frozenset(('protected', 'os_hidden'))


def _lists(parts: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no tuples."""
    return {name: tuple(one) if isinstance(one, list) else one
            for name, one in parts.items()}
