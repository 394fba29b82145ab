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

"""What every provider of dependents is."""

import abc
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import datetime
import itertools
from typing import Any
from typing import ClassVar

from oslo_utils import uuidutils

from glance_lifecycle import exceptions


class NotAsked(exceptions.LifecycleError):
    """Nobody can tell what depends on the image.

    :param detail: why, without a full stop
    """

    message = '{detail}'

    @property
    def detail(self) -> str:
        return str(self.fields['detail'])


@dataclasses.dataclass(frozen=True, slots=True)
class Location:
    """Where one stored copy is.

    :ivar store: its name in Glance; empty in a cloud with one store
    """

    url: str
    store: str = ''


@dataclasses.dataclass(frozen=True, slots=True)
class Image:
    """What providers look at.

    :ivar project: id of its owner; empty if not known
    :ivar visibility: None if it is not known
    :ivar locations: None if they are not known
    """

    id: str
    name: str = ''
    project: str = ''
    visibility: str | None = None
    properties: Mapping[str, str] = dataclasses.field(default_factory=dict)
    locations: tuple[Location, ...] | None = None

    @property
    def shelved_server(self) -> str | None:
        """The server that Nova has put into this image, if it did.

        Such a server has no other disk while it is shelved; its record in
        Nova names the image it was booted from, and not this one.
        """
        if not self.name.endswith('-shelved'):
            return None
        # It goes into a URL, and its owner may write anything there.
        server = self.properties.get('instance_uuid', '')
        return server if uuidutils.is_uuid_like(server) else None


@dataclasses.dataclass(frozen=True, slots=True)
class Dependent:
    """Something that needs the image.

    :ivar kind: such as ``server``
    :ivar name: as its owner calls it: of a stranger
    :ivar project: id of the project that owns it; empty if not known
    """

    kind: str
    id: str
    name: str = ''
    project: str = ''
    detail: str = ''


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What a provider says of one image.

    :ivar asked: False: nobody knows
    :ivar reason: why not; or, if asked, what the answer leaves out
    :ivar dependents: to be read once; raises NotAsked where the provider
        fails after it has begun
    """

    provider: str
    asked: bool
    reason: str = ''
    dependents: Iterable[Dependent] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Ceph:
    """How to log in to a cluster.

    :ivar conf_file: empty for where Ceph looks itself
    :ivar user: without ``client.``; empty for Ceph's own default
    """

    conf_file: str = ''
    user: str = ''


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """What the caller knows and providers do not.

    :ivar ceph: store -> its cluster; the key '' is for all others
    :ivar ceph_timeout: seconds until Ceph counts as silent
    """

    ceph: Mapping[str, Ceph] = dataclasses.field(
        default_factory=lambda: {'': Ceph()})
    ceph_timeout: float = 10.0


class Provider(abc.ABC):
    """One kind of dependents.

    :param connection: an ``openstack.connection.Connection``; None for
        providers that need none
    :cvar name: of its entry point
    :cvar quick: it answers about one image in a request or two

    :ivar limited: what the last answer leaves out, known once its first
        dependent or its end was read
    """

    name: ClassVar[str]
    quick: ClassVar[bool] = False

    def __init__(self, connection: Any, settings: Settings) -> None:
        self.connection = connection
        self.settings = settings
        self.limited = ''

    @abc.abstractmethod
    def dependents(self, image: Image) -> Iterator[Dependent]:
        """What needs this image; no more than a page is held.

        :raises NotAsked: it cannot be told
        """

    def used(self) -> Iterator[str]:
        """Ids of all images of the cloud in use, some more than once.

        For an index. Also ids of servers that are shelved: an image whose
        ``shelved_server`` is one of them is in use.

        :raises NotAsked: not all can be told
        """
        raise NotAsked(detail='%s cannot be listed for a whole cloud'
                       % self.name)

    def used_since(self, since: datetime.datetime) -> Iterator[str]:
        """Ids of images that were in use, by what may be gone by now.

        As far as the service tells; whoever asks has to know that one that
        tells nothing may have forgotten.

        :raises NotAsked: it cannot be told
        """
        yield from ()

    def ask(self, image: Image) -> Answer:
        """Never raises NotAsked, but what it answers with may."""
        try:
            found = self.dependents(image)
            first = [*itertools.islice(found, 1)]
        except NotAsked as error:
            return Answer(self.name, False, str(error))
        return Answer(self.name, True, self.limited,
                      itertools.chain(first, found))
