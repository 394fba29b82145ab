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


"""What Glance has, or had, in one store: its claims to what lies there."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import enum
import re
from typing import NamedTuple
from typing import Protocol

from glance_lifecycle.transfer.backends import inventory

_ID = re.compile(
    r'[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}')

#: Of a location whose row is marked as deleted.
GONE = 'deleted'


class Location(Protocol):
    """As ``glance_host.KnownLocation``."""

    @property
    def store(self) -> str:
        """Empty where Glance does not know it."""

    @property
    def status(self) -> str:
        """As Glance has it."""

    @property
    def url(self) -> str:
        """It may hold a password."""


class Image(Protocol):
    """As ``glance_host.KnownImage``."""

    @property
    def id(self) -> str:
        """It never changes."""

    @property
    def status(self) -> str:
        """As Glance has it."""

    @property
    def size(self) -> int | None:
        """Bytes; None where they are not known."""

    @property
    def hashed(self) -> bool:
        """It has an ``os_hash_value``."""

    @property
    def deleted(self) -> bool:
        """It is, and its row is still there."""

    @property
    def created(self) -> float:
        """Seconds since the epoch."""

    @property
    def changed(self) -> float:
        """The same; or when it was deleted."""

    @property
    def busy(self) -> bool:
        """It is marked as being imported, copied or staged."""

    @property
    def locations(self) -> 'Iterable[Location]':
        """Those that are gone, too."""


class State(enum.StrEnum):
    """What Glance says of a spot.

    LIVE: a location leads there. LEAVING: it does, and waits to be removed.
    GONE: it did. NONE: no location that Glance remembers, but an image that
    an object of its name may be of.
    """

    LIVE = 'live'
    LEAVING = 'leaving'
    GONE = 'gone'
    NONE = ''


class Claim(NamedTuple):
    """One image's, to one spot of one store.

    :ivar status: of the image
    :ivar size: of the image, in bytes
    :ivar busy: it is being imported, copied or undone
    :ivar state: see State
    :ivar place: with ``name`` the spot; empty with NONE
    :ivar stray: the image has a location of which nobody knows where it
        leads to, and it may be here. With NONE and the id of another image:
        that location names it
    :ivar lost: that location says that it is in this store
    """

    image_id: str
    status: str
    size: int | None
    deleted: bool
    created: float
    changed: float
    busy: bool
    state: State | str
    place: str
    name: str
    stray: bool
    lost: bool

    @property
    def spot(self) -> inventory.Spot:
        return inventory.Spot(self.place, self.name)

    @property
    def alive(self) -> bool:
        """Its spot is needed."""
        return self.state == State.LIVE


@dataclasses.dataclass(frozen=True, slots=True)
class Store:
    """How one store tells where locations lead to.

    :ivar spot: see ``inventory.Inventory``, as ``schemes``
    :ivar elsewhere: whether a location leads into any other store
    """

    name: str
    schemes: tuple[str, ...]
    spot: Callable[[str], inventory.Spot | None]
    elsewhere: Callable[[str], bool]


def of(image: Image, store: Store, busy: bool) -> Iterator[Claim]:
    """All that an image claims there; never nothing.

    :param busy: a task or a journal says so, if not the image itself
    """
    found: list[tuple[State, inventory.Spot]] = []
    stray = lost = False
    doubted: set[str] = set()
    for location in image.locations:
        spot = store.spot(location.url) if location.url else None
        if spot is not None:
            found.append((_state(location.status), spot))
        elif location.status != GONE and not (
                location.url and store.elsewhere(location.url)):
            here = location.store == store.name
            lost |= here
            if here or not location.url or location.url.partition(
                    '://')[0] in store.schemes:
                stray = True
                doubted.update(named(location.url))
    if not any(spot.name == image.id for _state_, spot in found):
        found.append((State.NONE, inventory.Spot('', image.id)))
    for state, spot in found:
        yield Claim(image.id, image.status, image.size, image.deleted,
                    image.created, image.changed, busy or image.busy, state,
                    spot.place, spot.name, stray, lost)
    for other in sorted(doubted - {image.id}):
        yield Claim(image.id, image.status, image.size, image.deleted,
                    image.created, image.changed, busy or image.busy,
                    State.NONE, '', other, True, False)


def named(url: str) -> Iterator[str]:
    """Ids of images in a location, without that of a cluster of Ceph."""
    _scheme, _mark, rest = url.partition('://')
    _host, slash, path = rest.partition('/')
    yield from _ID.findall(path if slash else rest)


def unreadable(image: Image) -> bool:
    """Whether a location of it cannot be decrypted."""
    return any(not one.url for one in image.locations if one.status != GONE)


def _state(status: str) -> State:
    if status == GONE:
        return State.GONE
    # What is neither is not known here: it is kept.
    return State.LEAVING if status == 'pending_delete' else State.LIVE
