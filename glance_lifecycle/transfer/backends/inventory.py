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


"""What an inventory is: all that lies in one store, looked at, never touched.

The third face of a store, beside its sink and its source. One module a
glance_store driver, found by the entry points
``glance_lifecycle.inventories``; ``driver`` stands for all others, and says
that it cannot.

A listing is as hostile as an image: names are of whomever, a service may
answer the same page for ever, and whoever lists must not run out of memory.
"""

import abc
from collections.abc import Iterator
import dataclasses
import enum
import re
from typing import Any
from typing import ClassVar
from typing import NamedTuple

from glance_lifecycle import exceptions

#: Of one store; more is a listing that does not end, or one to be taken in
#: parts.
MOST = 20_000_000

# As the Image API takes it from whoever makes an image.
_IMAGE_ID = re.compile(
    r'[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}')


class Kind(enum.StrEnum):
    """What something in a store is.

    IMAGE: what a location of Glance leads to, by its looks. MANIFEST: the
    same, in segments. SEGMENT: a part of one. UNFINISHED: it is being written,
    or its writer died. TRASH: removed, and still kept. QUARANTINED: taken out
    of sight by a plan of ours; it is listed by the place and the name that it
    had. VERSION: what was removed or replaced in a bucket that keeps old
    versions, or a mark that something was; no location finds it. FOREIGN:
    nothing that a driver of Glance makes.
    """

    IMAGE = 'image'
    MANIFEST = 'manifest'
    SEGMENT = 'segment'
    UNFINISHED = 'unfinished'
    TRASH = 'trash'
    QUARANTINED = 'quarantined'
    VERSION = 'version'
    FOREIGN = 'foreign'


class Spot(NamedTuple):
    """Where something lies.

    :ivar place: the directory, pool or bucket, whatever it is called
    """

    place: str
    name: str


@dataclasses.dataclass(frozen=True, slots=True)
class Hangs:
    """What would suffer if something went; None for what was not asked.

    :ivar snapshots: how many
    :ivar protected: how many of them Ceph lets nobody remove
    :ivar children: clones, those in the trash too
    :ivar some: a few of them, by pool and name
    :ivar watchers: how many have it open
    :ivar links: further names of the same file
    :ivar shared: bytes of it that other files may have, too; they do not
        come back when it goes
    """

    snapshots: int | None = None
    protected: int | None = None
    children: int | None = None
    some: tuple[str, ...] = ()
    watchers: int | None = None
    links: int = 0
    shared: int | None = None


NOTHING_ASKED = Hangs()


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a store.

    :ivar name: without its place
    :ivar kind: see Kind
    :ivar place: see Spot
    :ivar image_id: of the image that the name says it is of; empty for none
    :ivar size: bytes; None where the listing does not tell
    :ivar allocated: bytes that it takes, holes not counted; None likewise.
        After ``look``, what is known not to be its alone is not counted
    :ivar changed: when it last did, or came to be, in seconds since the
        epoch; None where that is not known
    :ivar identity: changes with the thing behind the name
    :ivar usable: a location would find it; an image in Ceph needs a snapshot
    :ivar where: the path or the like, for people; not masked yet
    :ivar note: what else is to be known, as a sentence
    """

    name: str
    kind: Kind
    place: str
    image_id: str = ''
    size: int | None = None
    allocated: int | None = None
    changed: float | None = None
    identity: str = ''
    usable: bool = True
    hangs: Hangs = NOTHING_ASKED
    where: str = ''
    note: str = ''

    @property
    def spot(self) -> Spot:
        return Spot(self.place, self.name)

    @property
    def subject(self) -> str:
        """As ``Inventory.subject`` has it."""
        return self.image_id or self.name

    @property
    def held(self) -> int:
        """Bytes that it takes, or may take."""
        if self.allocated is not None:
            return self.allocated
        return self.size or 0


class Inventory(abc.ABC):
    """What lies in one store. Nothing here changes anything there.

    Close it when it is not needed any more.

    :param store: its identifier in Glance's ``enabled_backends``
    :param options: what ``describe`` returned
    :raises StoreError: the store cannot be looked into
    :cvar schemes: of locations that may lead there
    """

    schemes: ClassVar[tuple[str, ...]] = ()

    def __init__(self, store: str, options: dict[str, Any]) -> None:
        self.store = store
        self.options = options

    @classmethod
    @abc.abstractmethod
    def describe(cls, conf: Any, store: str) -> dict[str, Any]:
        """The options of one configured store.

        :raises ConfigurationError: the store cannot be listed
        """

    @property
    @abc.abstractmethod
    def places(self) -> tuple[str, ...]:
        """All places that belong to the store.

        Two stores with one of them in common are the same, in part.
        """

    @abc.abstractmethod
    def entries(self) -> Iterator[Entry]:
        """All that is there, in any order, as a listing tells it.

        A generator; memory stays bounded, however long the listing is.

        :raises StoreError: it breaks off: what has not come yet may be there
        """

    @abc.abstractmethod
    def look(self, entry: Entry) -> Entry | None:
        """The same thing as it is now, and all that there is to know of it.

        :param entry: without an identity, whatever has its name
        :returns: None where the name is free, or another thing's by now
        :raises StoreError: that cannot be told
        """

    @abc.abstractmethod
    def spot(self, url: str) -> Spot | None:
        """Where a location of Glance leads to.

        :returns: None where that is not in this store as it is configured
        """

    def subject(self, name: str) -> str:
        """What is to be compared: the id of the image that a name is of.

        :returns: the name itself where it is of none
        """
        return name

    def leads(self, entry: Entry, url: str) -> bool:
        """Whether a location leads to that very thing, on whatever way.

        :raises StoreError: that cannot be told
        """
        return self.spot(url) == entry.spot

    def close(self) -> None:  # noqa: B027 - most have nothing to close
        """Let go of all that is open; never raises."""

    def broken_off(self, why: str) -> exceptions.StoreError:
        """For a listing that cannot be taken to its end."""
        return exceptions.StoreError(
            store=self.store, detail='the listing broke off: %s' % why)

    def bounded(self, found: Iterator[Entry]) -> Iterator[Entry]:
        """The same, as long as it is no more than can be.

        :raises StoreError: it is
        """
        for number, entry in enumerate(found):
            if number >= MOST:
                raise self.broken_off('there are more than %d entries' % MOST)
            yield entry


def image_id(name: str) -> str:
    """The name, where it can be an image's id; else empty."""
    return name if _IMAGE_ID.fullmatch(name) else ''
