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

"""What the sinks of S3 and of Swift share: a claim, a token, and an end."""

import abc
from collections.abc import Sequence
import logging
from typing import Any
from typing import Generic
from typing import Protocol
from typing import TypeVar

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.object_store import claim
from glance_lifecycle.transfer.backends.object_store import marks
from glance_lifecycle.transfer.backends.object_store import patience
from glance_lifecycle.transfer import sink

LOG = logging.getLogger(__name__)

#: Seconds that abort() gives requests under way to break off, and a service
#: to be back. Requests that a silent one holds end with the process.
GRACE = 10.0


class Service(Protocol):
    """One place for objects."""

    patience: patience.Patience

    def connect(self) -> None:
        """:raises StoreError: it cannot be reached"""

    def close(self) -> None:
        ...

    def find(self, name: str, /) -> dict[str, Any] | None:
        """An object's head; None where there is none."""


S = TypeVar('S', bound=Service)


class ObjectSink(sink.Sink, Generic[S]):
    """One image in one bucket, or container.

    ``abort`` after a commit that succeeded does nothing; ``undo`` takes
    such a copy back.
    """

    late = True

    def __init__(self, store: str, image_id: str,
                 options: dict[str, Any]) -> None:
        super().__init__(store, image_id, options)
        self._service: S | None = None
        self._claim = self._make_claim(store, image_id, options)
        self._token = marks.new_token()
        self._committed = False

    # For each of them to say.

    @staticmethod
    @abc.abstractmethod
    def _make_claim(store: str, image_id: str,
                    options: dict[str, Any]) -> claim.Claim:
        """Of the place that the image will have."""

    @staticmethod
    @abc.abstractmethod
    def _make_service(store: str, image_id: str, options: dict[str, Any]
                      ) -> S:
        """Not connected yet."""

    @staticmethod
    @abc.abstractmethod
    def _undo(service: S, image_id: str,
              created: Sequence[sink.Mark]) -> bool:
        """``undo``, by who has the claim."""

    @staticmethod
    @abc.abstractmethod
    def _absent(service: S, image_id: str) -> sink.Mark:
        """``absent``, connected."""

    @abc.abstractmethod
    def _is_ours(self, found: dict[str, Any]) -> bool:
        """Whether this sink made the object with that head."""

    @abc.abstractmethod
    def _remove(self, service: S) -> None:
        """All that was made.

        :raises StoreError: that cannot be done now
        """

    # What they share.

    @classmethod
    def undo(cls, store: str, image_id: str, options: dict[str, Any],
             created: Sequence[sink.Mark]) -> bool:
        ours = cls._make_claim(store, image_id, options)
        service = cls._make_service(store, image_id, options)
        try:
            ours.take_to_undo(image_id)
            service.connect()
            return cls._undo(service, image_id, created)
        finally:
            service.close()
            ours.close()

    @classmethod
    def absent(cls, store: str, image_id: str,
               options: dict[str, Any]) -> sink.Mark:
        service = cls._make_service(store, image_id, options)
        try:
            service.connect()
            return cls._absent(service, image_id)
        finally:
            service.close()

    @property
    def bytes_written(self) -> int:
        # Zeros too: an object has no holes.
        return self._position

    def abort(self) -> None:
        service = self._service
        try:
            if service is not None and not self._committed:
                self._remove(service)
        except Exception as error:
            LOG.error('Cannot remove what was uploaded of image %s to store '
                      '%s: %s Recovery, or the next import of this image, '
                      'removes it.',
                      self.image_id, self.store, error)
        finally:
            self._close()

    def _connect(self) -> S:
        """:raises StoreError: another transfer has the claim; or as usual"""
        self._claim.take_to_write()
        self._service = service = self._make_service(
            self.store, self.image_id, self.options)
        service.connect()
        return service

    def _is_made(self, service: S) -> bool:
        """False where that cannot be told: the caller has the first cause.
        """
        try:
            found = service.find(self.image_id)
        except exceptions.StoreError as error:
            LOG.warning('Image %s: %s', self.image_id, error)
            return False
        return found is not None and self._is_ours(found)

    def _check_heard(self, service: S) -> None:
        """:raises StoreError: the service is silent, and would stay so"""
        if service.patience.silent:
            raise exceptions.StoreError(
                store=self.store, detail='the service is silent')
        service.patience.resume(GRACE)

    def _close(self) -> None:
        service, self._service = self._service, None
        if service is not None:
            service.close()
        self._claim.close()
