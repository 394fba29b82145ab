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

"""What a stored copy is, as a source: bytes read back from one store.

Unlike other sources these open their image themselves, in the child: some
need a connection, and none may be handed a secret. One module a
glance_store driver, found by the entry points
``glance_lifecycle.stored_sources``; ``driver`` serves all others.
"""

import abc
import os
from typing import Any
from typing import ClassVar

from glance_lifecycle import exceptions
from glance_lifecycle.transfer import source


class StoredSource(source.Source):
    """A copy in one store; the bytes as they are, whatever their format.

    A subclass opens the copy in its constructor, sets ``virtual_size``, and
    then calls ``check_size``.

    :param fd: ignored: what other sources are given
    :param store: its name in Glance's ``enabled_backends``
    :param options: what ``describe`` returned, less ``store``
    :raises CopyMissing: there is nothing where the location says
    :raises CopyCorrupt: it is not as large as the image
    :raises StoreError: the store cannot be read

    :cvar address_space: bytes that its libraries take beyond what every
        transfer does
    :cvar workers: reads at the same time, where they wait for a network;
        0 for what the configuration says
    """

    disk_format = 'raw'
    address_space: ClassVar[int] = 0
    workers: ClassVar[int] = 0

    def __init__(self, fd: int = -1, *, store: str,
                 size: int | None = None) -> None:
        self.store = store
        self._expected_size = size

    @classmethod
    @abc.abstractmethod
    def describe(cls, conf: Any, store: str, url: str,
                 size: int | None) -> dict[str, Any]:
        """The options for one location, in the parent process.

        :param conf: Glance's ``cfg.CONF`` with the multi-store options
        :param url: the location; its credentials are left out
        :param size: bytes of the image, None where they are not known
        :returns: keyword arguments of the class: JSON-able, no secret
        :raises ConfigurationError: the store cannot be read this way
        :raises StoreError: the location is not one of this store
        """

    @property
    @abc.abstractmethod
    def fingerprint(self) -> str:
        """Changes whenever the copy does, as far as the store can tell.

        Empty where it cannot.
        """

    def check_size(self) -> None:
        if self._expected_size not in (None, self.virtual_size):
            raise exceptions.CopyCorrupt(
                store=self.store, detail='it has %d bytes and the image %d'
                % (self.virtual_size, self._expected_size))

    def failed(self, doing: str, words: str) -> exceptions.StoreError:
        return exceptions.StoreError(
            store=self.store, detail='%s: %s' % (doing, words))

    def missing(self, what: str) -> exceptions.CopyMissing:
        return exceptions.CopyMissing(
            store=self.store, detail='%s is not there' % what)


def not_of(store: str) -> exceptions.StoreError:
    """For a location that the store's configuration does not cover.

    The location itself is not shown: it may hold a key.
    """
    return exceptions.StoreError(
        store=store, detail='the location that Glance has is not one of '
        'this store as it is configured here')


def file_fingerprint(status: os.stat_result) -> str:
    # Nobody can set ctime, as they can mtime.
    return '%d:%d:%d' % (status.st_ino, status.st_size, status.st_ctime_ns)
