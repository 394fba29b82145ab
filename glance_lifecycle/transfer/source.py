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

"""What a source is: the guest's bytes of one image, readable at random."""

import abc
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

from glance_lifecycle.transfer import confine
from glance_lifecycle.transfer import extents


class Source(abc.ABC):
    """The guest's view of one image, opened for reading.

    A source is given a descriptor that its caller opened and checked, owns
    it from then on (closes it in ``close()``), and opens no other image
    file. The constructor validates the whole header and every table that
    decides how much memory or time is spent, and raises ImageRefused with
    a named reason; it never trusts a length that the header alone gives.

    :ivar disk_format: Glance's name of the format, for example ``qcow2``
    :ivar virtual_size: bytes the guest sees
    """

    disk_format: str
    virtual_size: int

    @classmethod
    def reach(cls, options: dict[str, Any]) -> confine.Reach:
        """What its process must be able to open beside the descriptor.

        :param options: keyword arguments of the constructor
        """
        return confine.Reach()

    @classmethod
    def reserve(cls, options: dict[str, Any]) -> dict[str, int]:
        """Open what only a process that is not confined yet can open.

        :returns: further keyword arguments of the constructor: descriptors
            of files to be written
        :raises LifecycleError: it cannot be opened
        """
        return {}

    def prepare(  # noqa: B027 - most have nothing to do
            self, cancelled: Callable[[], bool] = lambda: False) -> None:
        """Do what takes long before anything can be read.

        Called once, in a thread that outlives the source, before ``extents``
        and ``read_into``; for most sources there is nothing to do.

        :param cancelled: asked often; True ends it
        :raises LifecycleError: it cannot be done
        """

    @abc.abstractmethod
    def extents(self) -> Iterator[extents.Extent]:
        """Extents in order, without gap or overlap, over virtual_size.

        Adjacent extents of one kind may or may not be merged. A generator:
        memory stays bounded whatever the size.

        :raises ImageRefused: a table entry that breaks the format's rules
        """

    @abc.abstractmethod
    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Fill the whole of ``buffer`` with guest bytes from ``offset``.

        Called from several threads at once, so it keeps no shared position
        (``os.preadv``). The range lies inside virtual_size and may span
        DATA and ZERO extents.

        :raises ImageRefused: the bytes cannot be decoded, or lie outside
            the file (which may have been truncated meanwhile)
        :raises SourceError: the operating system failed to read
        """

    @property
    @abc.abstractmethod
    def bytes_read(self) -> int:
        """Bytes read of the image file so far, metadata included."""

    @abc.abstractmethod
    def close(self) -> None:
        """Close the descriptor; safe to call twice."""
