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

"""What is kept of an image while it is compared with others."""

from collections.abc import Collection
from collections.abc import Iterable
import json
from typing import Any
from typing import NamedTuple
from typing import Protocol


# Made once: it takes longer than what it encodes.
_encode = json.JSONEncoder(separators=(',', ':'),
                           check_circular=False).encode


class Location(Protocol):
    """As ``glance_host.KnownLocation``."""

    @property
    def store(self) -> str:
        """Empty where Glance does not know it."""

    @property
    def url(self) -> str:
        """It may hold a password."""


class Image(Protocol):
    """As ``glance_host.KnownContent``."""

    @property
    def id(self) -> str:
        """It never changes."""

    @property
    def name(self) -> str:
        """A stranger's."""

    @property
    def project(self) -> str:
        """Id of the one that owns it; may be empty."""

    @property
    def visibility(self) -> str:
        """As Glance has it."""

    @property
    def hidden(self) -> bool:
        """Lists do not show it."""

    @property
    def created(self) -> float:
        """Seconds since the epoch."""

    @property
    def size(self) -> int:
        """Bytes; never 0."""

    @property
    def disk_format(self) -> str:
        """As Glance has it."""

    @property
    def algorithm(self) -> str:
        """Of its hash; empty where it has none."""

    @property
    def digest(self) -> str:
        """Hexadecimal; empty where it has none."""

    @property
    def attestation(self) -> str:
        """Anybody may have written it."""

    @property
    def server(self) -> str:
        """Id of the one that it was made of; anybody may have written it."""

    @property
    def locations(self) -> 'Iterable[Location]':
        """Those that are active."""


class Member(NamedTuple):
    """One image of a group; see ``glance_host.KnownContent``.

    :ivar stores: those that have a copy, once for each copy
    """

    created: float
    id: str
    name: str
    project: str
    visibility: str
    hidden: bool
    size: int
    server: str
    stores: tuple[str, ...]

    @property
    def held(self) -> int:
        """Bytes of all its copies, as Glance counts them."""
        return self.size * len(self.stores)


def of(image: Image, stores: Collection[str] = ()) -> Member | None:
    """None where it has no copy that counts.

    :param stores: copies in others do not count; none for all
    """
    copies = tuple(sorted(
        location.store for location in image.locations
        if not stores or location.store in stores))
    if not copies:
        return None
    return Member(image.created, image.id, image.name, image.project,
                  image.visibility, image.hidden, image.size, image.server,
                  copies)


def content(image: Image) -> str:
    """The same of those that Glance says have the same bytes.

    What has no hash is like nothing but itself.
    """
    if not image.digest:
        return 'image %s' % image.id
    return '%s %s %d' % (image.algorithm, image.digest, image.size)


def pack(member: Member) -> bytes:
    """As a line that can be sorted; only ASCII, no end of a line."""
    return dump(member)


def unpack(line: bytes) -> Member:
    found = json.loads(line)
    found[-1] = tuple(found[-1])
    return Member(*found)


def dump(value: Any) -> bytes:
    return _encode(value).encode()
