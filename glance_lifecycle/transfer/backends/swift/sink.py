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

"""Writes Swift stores.

Same objects, names, location and metadata as the driver's; but a segment's
length is its own, nothing is overwritten, every segment is compared with
what was sent, and whatever ends a transfer, its segments are removed, and
nobody else's.
"""

from collections.abc import Sequence
import functools
import logging
import time
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.object_store import claim
from glance_lifecycle.transfer.backends.object_store \
    import marks as object_marks
from glance_lifecycle.transfer.backends.object_store \
    import sink as object_sink
from glance_lifecycle.transfer.backends import settings
from glance_lifecycle.transfer.backends.swift import options as swift_options
from glance_lifecycle.transfer.backends.swift import service as swift_service
from glance_lifecycle.transfer.backends.swift import stream
from glance_lifecycle.transfer.backends.swift import undo as swift_undo
from glance_lifecycle.transfer import confine
from glance_lifecycle.transfer import sink

LOG = logging.getLogger(__name__)

# Seconds between looks at a container's listing, which is updated late.
_LISTING_INTERVAL = 0.5


class SwiftSink(object_sink.ObjectSink[swift_service.Service]):
    """One image in one container, as one object or as segments.

    Options: see ``swift_options.describe``.
    """

    # swiftclient, keystoneauth1, and the stacks of their threads.
    address_space = 128 * 1024 * 1024

    def __init__(self, store: str, image_id: str,
                 options: dict[str, Any]) -> None:
        super().__init__(store, image_id, options)
        self._container = swift_options.container(options, image_id)
        self._headers = swift_undo.metadata(self._token)
        # Bytes of each object; 0 until begin() knows.
        self._object_size = 0
        self._segmented = False
        self._begun = 0
        self._under_way: list[stream.Upload] = []
        self._stored: list[stream.Upload] = []
        # Given by commit(): until it is there, nothing can be visible.
        self._last_byte = b''

    @classmethod
    def describe(cls, conf: Any, store: str) -> dict[str, Any]:
        return swift_options.describe(conf, store)

    @classmethod
    def reach(cls, options: dict[str, Any]) -> confine.Reach:
        return settings.reach(options, options['cacert'],
                              options['account_file'])

    @staticmethod
    def _make_claim(store: str, image_id: str,
                    options: dict[str, Any]) -> claim.Claim:
        return claim.Claim(store, *swift_options.claimed(
            options, store, swift_options.container(options, image_id),
            image_id))

    @staticmethod
    def _make_service(store: str, image_id: str, options: dict[str, Any]
                      ) -> swift_service.Service:
        return swift_service.Service(
            store, options, swift_options.container(options, image_id))

    @staticmethod
    def _undo(service: swift_service.Service, image_id: str,
              created: Sequence[sink.Mark]) -> bool:
        return swift_undo.undo(service, image_id, created)

    @staticmethod
    def _absent(service: swift_service.Service, image_id: str) -> sink.Mark:
        return swift_undo.absent(service, image_id)

    def _is_ours(self, found: dict[str, Any]) -> bool:
        return swift_undo.has_token(found, self.marks)

    def begin(self, size: int, data_size: int | None = None) -> None:
        self._size = size
        self._segmented = swift_options.is_segmented(self.options, size)
        self._object_size = size
        if self._segmented:
            self._object_size = swift_options.segment_size(self.options, size)
        service = self._connect()
        service.check_container(size)
        service.check_largest(self._object_size)
        swift_undo.refuse_existing(service, self.image_id)
        if self._segmented and swift_undo.clear_segments(
                service, self.image_id):
            LOG.info('Store %s: removed what an earlier transfer left of '
                     'image %s.', self.store, self.image_id)
        # Each object has it, so one line of the journal is enough.
        self._made({object_marks.TOKEN: self._token})
        if self._segmented:
            self._made(swift_undo.asked_for(self._token, segments=True))

    def write(self, offset: int, data: memoryview) -> None:
        self._expect(offset, len(data))
        self._position += len(data)
        if self._is_last(len(data)):
            self._last_byte = bytes(data[-1:])
            data = data[:-1]
        start = 0
        while start < len(data):
            upload = self._current()
            piece = data[start:start + upload.stream.missing]
            self._check(upload, upload.stream.give(piece))
            start += len(piece)

    def zero(self, offset: int, length: int) -> None:
        self._expect(offset, length)
        self._position += length
        if self._is_last(length):
            self._last_byte = b'\0'
            length -= 1
        while length:
            upload = self._current()
            piece = min(length, upload.stream.missing)
            self._check(upload, upload.stream.give_zeros(piece))
            length -= piece

    def commit(self) -> sink.Stored:
        service = self._service
        if service is None or self._position != self._size:
            raise self._not_whole()
        swift_undo.refuse_existing(service, self.image_id)
        # Before it is asked for: perhaps we never hear that it was done.
        self._made(swift_undo.asked_for(self._token, segments=False))
        if not self._segmented:
            upload = self._current()
            self._check(upload, upload.stream.give(
                memoryview(self._last_byte)))
        self._settle(0)
        if self._segmented:
            self._complete(service)
        self._committed = True
        url = swift_options.location(self.options, service.account.params,
                                     self.image_id)
        self._close()
        return sink.Stored(url=url, metadata={'store': self.store})

    def _is_last(self, length: int) -> bool:
        """Whether the object is whole with these bytes, and so visible."""
        return (not self._segmented and length > 0
                and self._position == self._size)

    # Requests.

    def _current(self) -> stream.Upload:
        """The request that takes the next byte."""
        if self._under_way and self._under_way[-1].stream.missing:
            return self._under_way[-1]
        self._settle(swift_undo.UNDER_WAY - 1)
        assert self._service is not None  # noqa: S101 - for mypy
        left = self._size - self._begun * self._object_size
        self._begun += 1
        name = self.image_id
        if self._segmented:
            name = swift_options.segment_name(self.image_id, self._begun)
        upload = stream.Upload(
            name, min(left, self._object_size),
            self._service.patience.heard,
            functools.partial(self._service.put, headers=self._headers))
        self._under_way.append(upload)
        return upload

    def _settle(self, most: int) -> None:
        """Wait until no more than ``most`` requests are under way."""
        while len(self._under_way) > most:
            upload = self._under_way[0]
            upload.join()
            self._check(upload, upload.error is None)
            if upload.tag != upload.stream.md5():
                raise exceptions.StoreError(
                    store=self.store, detail='what arrived of %s is not '
                    'what was sent; check the network' % upload.object)
            self._stored.append(self._under_way.pop(0))

    def _check(self, upload: stream.Upload, well: bool) -> None:
        if well:
            return
        if upload.error is not None:
            raise upload.error
        raise exceptions.StoreError(
            store=self.store, detail='the service ended the request for %s '
            'before it had all bytes' % upload.object)

    # Segmented images.

    def _complete(self, service: swift_service.Service) -> None:
        self._wait_listed(service)
        try:
            service.put_manifest(self.image_id, self._manifest,
                                 self._headers)
        except exceptions.StoreError:
            # It may be there, and only the answer was lost.
            if service.patience.silent or not self._is_made(service):
                raise

    @property
    def _manifest(self) -> str:
        return '%s/%s-' % (self._container, self.image_id)

    def _wait_listed(self, service: swift_service.Service) -> None:
        """Until the container lists what the image consists of.

        Who reads the image gets what is listed, and listings are updated
        late: without this it could begin its life short.

        :raises StoreError: it does not, or lists what is not ours
        """
        ours = {one.object: (one.stream.length, one.tag)
                for one in self._stored}
        deadline = time.monotonic() + service.patience.seconds
        while True:
            listed = {one['name']: (one['bytes'], one['hash'])
                      for one in service.segments(self.image_id)}
            if listed == ours:
                return
            if time.monotonic() > deadline:
                raise exceptions.StoreError(
                    store=self.store, detail='container %s does not list '
                    'what was stored: %s' % (
                        self._container, _difference(ours, listed)))
            time.sleep(_LISTING_INTERVAL)

    # Giving up.

    def _remove(self, service: swift_service.Service) -> None:
        for upload in self._under_way:
            upload.stream.break_off()
        deadline = time.monotonic() + (
            0 if service.patience.silent else object_sink.GRACE)
        for upload in self._under_way:
            upload.join(max(0.0, deadline - time.monotonic()))
        if not self._begun:
            return
        self._check_heard(service)
        # Whole, as far as we know, and without a good answer.
        late = {upload.object for upload in self._under_way
                if not upload.stream.missing}
        if swift_undo.has_asked(self.marks, segments=False):
            late.add(self.image_id)
        swift_undo.remove(service, [self.image_id], self.marks, late)
        if self._segmented:
            swift_undo.remove(service, (
                swift_options.segment_name(self.image_id, number)
                for number in range(1, self._begun + 1)), self.marks, late)

    def _close(self) -> None:
        self._under_way = []
        self._stored = []
        super()._close()


def _difference(ours: dict[str, tuple[int, str]],
                listed: dict[str, tuple[int, str]]) -> str:
    foreign = sorted(listed.keys() - ours.keys())
    if foreign:
        return 'object %s would become part of the image' % foreign[0]
    wrong = sorted(name for name in ours if listed.get(name) != ours[name])
    return '%s is missing or different' % wrong[0]
