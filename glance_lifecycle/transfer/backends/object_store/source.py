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

"""A copy that is an object of a service on the network, read by ranges.

Each read is a request of its own: several go on at the same time, and one
that breaks off is repeated alone.
"""

import abc
from collections.abc import Iterator
from collections.abc import Sequence
import threading
from typing import Any
from typing import Protocol

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import stored
from glance_lifecycle.transfer import extents


class Service(Protocol):
    """Objects by name; what a head looks like is for the source to know."""

    def connect(self) -> None:
        """:raises StoreError: it cannot be reached"""

    def close(self) -> None:
        ...

    def find(self, name: str, /) -> dict[str, Any] | None:
        """An object's head; None where there is none."""

    def read(self, name: str, offset: int, length: int, /
             ) -> tuple[dict[str, Any], bytes | None]:
        """A part of an object; from any thread.

        :returns: the head, {} where there is none that long; no bytes where
            the service knows no ranges, and sends all of it
        :raises StoreError: it cannot be read
        """


class StoredObject(stored.StoredSource):
    """What S3 and Swift have in common.

    :param service: connected here, and closed with the source
    :param name: of the object
    :param place: where it is, for messages
    """

    address_space = 256 * 1024 * 1024
    workers = 16

    def __init__(self, fd: int = -1, *, store: str, service: Service,
                 name: str, place: str, size: int | None = None) -> None:
        super().__init__(fd, store=store, size=size)
        self._service = service
        self._name = name
        self._bytes_read = 0
        self._lock = threading.Lock()
        try:
            service.connect()
            found = service.find(name)
            if found is None:
                raise self.missing('object %s of %s' % (name, place))
            self.virtual_size = self.size_of(found)
            self._found = self.version_of(found)
            self.check_size()
        except BaseException:
            self.close()
            raise

    @staticmethod
    @abc.abstractmethod
    def size_of(head: dict[str, Any]) -> int:
        """Bytes of the whole object, by what ``find`` returned."""

    @staticmethod
    @abc.abstractmethod
    def version_of(head: dict[str, Any]) -> str:
        """What changes with the object, by a head of ``find`` or ``read``."""

    def extents(self) -> Iterator[extents.Extent]:
        if self.virtual_size:
            yield extents.Extent(0, self.virtual_size, extents.Kind.DATA)

    def read_into(self, offset: int, buffer: memoryview) -> None:
        head, data = self._service.read(self._name, offset, len(buffer))
        if not head:
            raise exceptions.CopyMissing(
                store=self.store, detail='the object was removed while it '
                'was read')
        if self.version_of(head) != self._found:
            raise exceptions.CopyCorrupt(
                store=self.store, detail='the object was replaced while it '
                'was read')
        if data is None:
            raise self.failed('reading the copy', 'the service does not '
                              'know ranges (RFC 9110)')
        buffer[:] = data
        with self._lock:
            self._bytes_read += len(data)

    @property
    def bytes_read(self) -> int:
        return self._bytes_read

    @property
    def fingerprint(self) -> str:
        return self._found

    def close(self) -> None:
        self._service.close()


def parsed(store: str, url: str, schemes: Sequence[str]
           ) -> tuple[str, str, str]:
    """Service or account, container, and name of a location.

    What stands before the service, a user and a key, is left out.

    :raises StoreError: it is no location of that kind
    """
    scheme, _, rest = url.partition('://')
    # Not urlsplit: the keys of old locations may hold a slash.
    place, _, name = rest.rpartition('@')[2].rpartition('/')
    service, _, container = place.rpartition('/')
    if scheme not in schemes or not (service and container and name):
        raise stored.not_of(store)
    return service.strip('/'), container, name
