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

"""What a sink is: one store being written one image."""

import abc
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import math
from typing import Any
from typing import ClassVar

from glance_lifecycle import exceptions
from glance_lifecycle.transfer import confine


#: What tells one object from every other that bears its name, as plain data
#: without a secret: each driver has its own (inode, RBD id, upload id, ETag).
#: Three kinds are everybody's. With the key ``absent``: nothing was there when
#: the transfer began, so that what is there is its own; for what others make
#: for us (Glance itself, or a glance_store driver), whose identity we never
#: see. And with the keys ``since`` and ``asked``, see below.
Mark = Mapping[str, Any]

#: In a mark: when it was made, by the service's clock. Beside ``absent`` it is
#: the moment from which on parts of an image, which nothing showed to be
#: absent, are vouched for: at most ``PRECISION`` after ``absent`` returns.
BEGUN = 'begun'

#: In a mark: the store has been asked for something, which it may make after
#: ``undo`` has looked, and which ``undo`` should keep from being made. Only
#: usable while nobody else can be writing the image.
ASKED = 'asked'

#: Seconds. An HTTP date tells whole ones (RFC 9110, section 5.6.7), and
#: Swift's S3 rounds up when it tells of an upload. So what was made within
#: these may be older than the answer, or newer.
PRECISION = 2.0


def since(moment: float) -> Mark:
    """What is there is the dead import's if it was made after this moment.

    For what stock Glance left, which keeps no journal.

    :param moment: seconds since the epoch
    """
    return {'since': moment}


def vouched(created: Sequence[Mark], made: float) -> bool:
    """Whether a mark says that an object is ours, whose identity says not.

    :param made: when it was last changed, in seconds since the epoch
    """
    return any('absent' in mark or mark.get('since', math.inf) <= made
               for mark in created)


@dataclasses.dataclass(frozen=True, slots=True)
class Stored:
    """Where a committed copy is.

    :ivar url: the location exactly as the glance_store driver makes it; may
        hold a password, so it is not shown
    :ivar metadata: the location's metadata, likewise (``{'store': id}``...)
    """

    url: str = dataclasses.field(repr=False)
    metadata: dict[str, Any]


class Sink(abc.ABC):
    """Writes one image into one store.

    Life of a sink: ``begin``, then ``write`` and ``zero`` in ascending order
    without gap or overlap, then exactly one of ``commit`` and ``abort``.
    All are called from one thread. ``abort`` may come at any time, also
    after a failed ``begin`` or ``commit``, and never raises. Nothing is
    visible to readers of the store before ``commit`` returns; after
    ``abort`` nothing is left.

    A sink is made from plain data (``options``, JSON-able, as ``describe``
    gave it), because it works in a child process, and ``undo`` gets the same
    data out of a journal after that process died.

    :param store: the store's identifier in Glance's ``enabled_backends``
    :param image_id: the image's identifier
    :param options: what ``describe`` returned
    :cvar address_space: bytes that its libraries take beyond what every
        transfer does
    :cvar late: the store may carry out what it had been sent after its sender
        died, and after ``undo`` has looked. Not so on this host's disks; nor
        in Ceph, where ``undo`` waits until a client's watch has timed out.
    """

    address_space: ClassVar[int] = 0
    late: ClassVar[bool] = False

    def __init__(self, store: str, image_id: str,
                 options: dict[str, Any]) -> None:
        self.store = store
        self.image_id = image_id
        self.options = options
        #: What this sink has made so far, oldest first.
        self.marks: list[Mark] = []
        #: Puts a mark on record, durably; set by whoever keeps a journal.
        self.note: Callable[[str, Mark], None] = _nobody
        # Of the image, and how much of it has been given.
        self._size = 0
        self._position = 0

    def _made(self, mark: Mark) -> None:
        """To be called with the mark of whatever was just made.

        Before the next thing is done with it: if we die now, ``undo`` knows
        it by nothing else.

        :raises LifecycleError: it cannot be put on record; the transfer is
            to end, and ``abort`` to remove what was made
        """
        self.marks.append(mark)
        self.note(self.store, mark)

    @classmethod
    @abc.abstractmethod
    def describe(cls, conf: Any, store: str) -> dict[str, Any]:
        """The options of one configured store, in the parent process.

        :param conf: Glance's ``cfg.CONF`` with the multi-store options
        :returns: JSON-able; holds no secret
        :raises ConfigurationError: the store cannot be written this way
        """

    @classmethod
    def reach(cls, options: dict[str, Any]) -> confine.Reach:
        """What its process must be able to open; else it is denied.

        :param options: what ``describe`` returned
        """
        return confine.Reach()

    @classmethod
    @abc.abstractmethod
    def undo(cls, store: str, image_id: str, options: dict[str, Any],
             created: Sequence[Mark]) -> bool:
        """Remove what a dead transfer made there, finished or not.

        And nothing else: users choose the ids of images, and stores are
        shared. What bears the image's name and is none of ``created`` stays,
        unless the store itself shows that it is unfinished, of this package,
        and of nobody alive (one that died before it could note its mark).
        What is finished is never removed by its name alone, but where a
        mark ``absent`` or ``since`` vouches for it.

        The caller knows that the image has no location in this store.

        :param created: the marks that the transfer noted, oldest first
        :returns: whether there was something of ours to remove
        :raises StoreError: something of ours is there, or may be, and
            cannot be removed now; a store that is away or that cannot be
            looked into is never taken for an empty one
        """

    @classmethod
    @abc.abstractmethod
    def absent(cls, store: str, image_id: str,
               options: dict[str, Any]) -> Mark:
        """A mark that says: nothing is visible by that name.

        :returns: with the key ``absent``, and whatever else ``undo`` needs
            to know the store again; where it has the key ``begun``, wait for
            ``PRECISION`` before anything is written
        :raises StoreDuplicate: something is
        :raises StoreError: that cannot be told
        """

    @classmethod
    def apart(cls, image_id: str, created: Sequence[Mark],
              url: str) -> Sequence[Mark]:
        """The marks that ``undo`` may use while a location is registered.

        None of them may let it remove the object there, which may be one
        that the transfer itself has made. Without any it removes only what
        the store shows to be unfinished.

        :param url: of the location, in this store
        """
        return []

    @abc.abstractmethod
    def begin(self, size: int, data_size: int | None = None) -> None:
        """Check room and rights, and prepare to write ``size`` bytes.

        :param size: the virtual size in bytes
        :param data_size: how many of them are DATA, where the caller knows;
            a store that keeps holes needs room for these only
        :raises StoreFull: what will be stored could never fit
        :raises StoreDuplicate: an object of that name is already visible
        :raises StoreError: any other failure, with its cause in the text
        """

    def follow(self, leader: 'Sink') -> bool:
        """Share the leader's bytes instead of writing them once more.

        Only between ``begin`` and the first write of both.

        :returns: False where that cannot be, as for most stores
        """
        return False

    @abc.abstractmethod
    def write(self, offset: int, data: memoryview) -> None:
        """Write ``data`` at ``offset``; the buffer is reused on return."""

    @abc.abstractmethod
    def zero(self, offset: int, length: int) -> None:
        """Make the range read as zeros, without storing it if possible."""

    @abc.abstractmethod
    def commit(self) -> Stored:
        """Make all durable and visible, in that order."""

    @abc.abstractmethod
    def abort(self) -> None:
        """Remove everything; never raises."""

    @property
    @abc.abstractmethod
    def bytes_written(self) -> int:
        """Bytes given to the store so far, holes not counted."""

    def _expect(self, offset: int, length: int) -> None:
        """:raises InternalError: these are not the bytes that come next"""
        if offset != self._position or offset + length > self._size:
            raise exceptions.InternalError(
                detail='store %s was given bytes %d to %d, not %d to %d' %
                (self.store, offset, offset + length, self._position,
                 self._size))

    def _not_whole(self) -> exceptions.InternalError:
        """For a commit that comes before the last byte."""
        return exceptions.InternalError(
            detail='store %s was given %d of %d bytes' %
            (self.store, self._position, self._size))


def _nobody(store: str, mark: Mark) -> None:
    """Where no journal is kept."""
