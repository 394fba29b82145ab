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

"""Writes S3 stores.

Same object, location and metadata as the driver's; but several parts are on
their way while few are in memory, the service checks the MD5 of each, and
whatever ends a transfer, its upload is aborted, and nobody else's.
"""

from collections.abc import Sequence
import contextlib
import logging
import threading
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.object_store import claim
from glance_lifecycle.transfer.backends.object_store \
    import marks as object_marks
from glance_lifecycle.transfer.backends.object_store \
    import sink as object_sink
from glance_lifecycle.transfer.backends.s3 import options as s3_options
from glance_lifecycle.transfer.backends.s3 import parts as s3_parts
from glance_lifecycle.transfer.backends.s3 import service as s3_service
from glance_lifecycle.transfer.backends.s3 import tags
from glance_lifecycle.transfer.backends.s3 import undo as s3_undo
from glance_lifecycle.transfer.backends import settings
from glance_lifecycle.transfer import confine
from glance_lifecycle.transfer import sink

LOG = logging.getLogger(__name__)


class S3Sink(object_sink.ObjectSink[s3_service.Service]):
    """One image in one bucket.

    Options: see ``s3_options.describe``.
    """

    # Parts, botocore, and the stacks of its threads.
    address_space = 256 * 1024 * 1024

    def __init__(self, store: str, image_id: str,
                 options: dict[str, Any]) -> None:
        super().__init__(store, image_id, options)
        self._upload = ''
        self._parts: s3_parts.Parts | None = None
        self._single: s3_parts.Part | None = None

    @classmethod
    def describe(cls, conf: Any, store: str) -> dict[str, Any]:
        return s3_options.describe(conf, store)

    @classmethod
    def reach(cls, options: dict[str, Any]) -> confine.Reach:
        return settings.reach(options, options['client']['verify'])

    @staticmethod
    def _make_claim(store: str, image_id: str,
                    options: dict[str, Any]) -> claim.Claim:
        return claim.Claim(store, *s3_options.claimed(options, image_id))

    @staticmethod
    def _make_service(store: str, image_id: str, options: dict[str, Any]
                      ) -> s3_service.Service:
        return s3_service.Service(store, options)

    @staticmethod
    def _undo(service: s3_service.Service, image_id: str,
              created: Sequence[sink.Mark]) -> bool:
        return s3_undo.undo(service, image_id, created)

    @staticmethod
    def _absent(service: s3_service.Service, image_id: str) -> sink.Mark:
        return s3_undo.absent(service, image_id)

    def _is_ours(self, found: dict[str, Any]) -> bool:
        return s3_undo.is_ours(found, self.marks)

    def begin(self, size: int, data_size: int | None = None) -> None:
        self._size = size
        service = self._connect()
        service.check_bucket()
        s3_undo.refuse_existing(service, self.image_id)
        part_size = s3_options.part_size(self.options, size)
        if size <= part_size:
            self._single = s3_parts.Part(part_size)
            return
        self._begin_upload(service)
        self._parts = s3_parts.Parts(
            self._send, part_size,
            s3_options.parts_held(self.options, part_size))

    def write(self, offset: int, data: memoryview) -> None:
        self._expect(offset, len(data))
        if self._parts is not None:
            self._parts.write(data)
        elif self._single is not None:
            self._single.add(data)
        self._position += len(data)

    def zero(self, offset: int, length: int) -> None:
        self._expect(offset, length)
        if self._parts is not None:
            self._parts.zero(length)
        elif self._single is not None:
            self._single.add_zeros(length)
        self._position += length

    def commit(self) -> sink.Stored:
        service = self._service
        if service is None or self._position != self._size:
            raise self._not_whole()
        if self._single is not None:
            self._put(service, self._single)
        elif self._parts is not None:
            self._complete(service, self._parts)
        self._committed = True
        url = service.location(self.image_id)
        self._close()
        return sink.Stored(url=url, metadata={'store': self.store})

    def _begin_upload(self, service: s3_service.Service) -> None:
        begun = {object_marks.TOKEN: self._token,
                 sink.BEGUN: service.clock}
        self._made(begun)
        asked: list[float] = []
        try:
            self._upload = service.create_upload(
                self.image_id, self._metadata, asked)
        except exceptions.StoreError as error:
            if len(asked) == 1 and service.has_refused(error):
                # So that nobody looks for it.
                with contextlib.suppress(exceptions.LifecycleError):
                    self._made({**begun, 'upload': '', 'again': False})
            raise
        self._made({**begun, 'upload': self._upload,
                    'again': len(asked) > 1, 'until': service.clock})

    @property
    def _metadata(self) -> dict[str, str]:
        return {object_marks.METADATA: self._token}

    def _send(self, part: s3_parts.Part) -> str:
        """Called in a thread for each part under way."""
        assert self._service is not None  # noqa: S101 - for mypy
        assert self._parts is not None  # noqa: S101 - for mypy
        body = s3_parts.Body(part, self._service.patience.heard,
                             self._parts.stopped)
        answer = self._service.call(
            'sending part %d' % part.number, 'upload_part',
            Key=self.image_id, UploadId=self._upload, PartNumber=part.number,
            Body=body, ContentLength=part.length,
            ContentMD5=s3_parts.content_md5(part.md5()))
        return str(answer['ETag'])

    def _put(self, service: s3_service.Service,
             part: s3_parts.Part) -> None:
        md5 = part.md5()
        body = s3_parts.Body(part, service.patience.heard, threading.Event())
        self._make(
            service, 'storing the image', 'put_object', md5.hex(),
            Metadata=self._metadata,
            Body=body if part.length else b'', ContentLength=part.length,
            ContentMD5=s3_parts.content_md5(md5))

    def _complete(self, service: s3_service.Service,
                  parts: s3_parts.Parts) -> None:
        made = parts.finish()
        # Not every service heeds the condition that is set below.
        s3_undo.refuse_existing(service, self.image_id)
        self._make(
            service, 'completing the image', 'complete_multipart_upload',
            tags.of_parts(made.values()), UploadId=self._upload,
            MultipartUpload={'Parts': [
                {'PartNumber': number, 'ETag': tag}
                for number, tag in made.items()]})

    def _make(self, service: s3_service.Service, doing: str, operation: str,
              tag: str, **arguments: Any) -> None:
        """Have the object made, where there is none.

        :param tag: the entity tag that it will have
        """
        made = {object_marks.TOKEN: self._token, 'size': self._size,
                'etag': tag}
        # Before it is asked for: perhaps we never hear that it was done.
        self._made(made)
        try:
            answer = service.create(doing, operation, Key=self.image_id,
                                    **arguments)
        except exceptions.StoreError:
            # It may be there, and only the answer was lost.
            if service.patience.silent or not self._is_made(service):
                raise
        else:
            if answer.get('VersionId'):
                self._made({**made, 'version': answer['VersionId']})

    def _remove(self, service: s3_service.Service) -> None:
        service.patience.stop()
        if self._parts is not None and not self._parts.stop(
                0 if service.patience.silent else object_sink.GRACE):
            # A part that arrives after its upload was aborted would stay.
            LOG.warning('Store %s still holds requests of image %s.',
                        self.store, self.image_id)
        if not self.marks:
            return
        self._check_heard(service)
        s3_undo.undo(service, self.image_id, self.marks)

    def _close(self) -> None:
        self._parts = self._single = None
        super()._close()
