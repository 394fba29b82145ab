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

"""Copies within a bucket, made by the service, and compared when they are.

Some services give a copy the entity tag of the original, also where that came
in parts, and some do not. The second can be told to copy in the same parts.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.object_store import quarantined
from glance_lifecycle.transfer.backends.s3 import options as s3_options
from glance_lifecycle.transfer.backends.s3 import service as s3_service
from glance_lifecycle.transfer.backends.s3 import tags

Head = dict[str, Any]

_MIB = 1024 * 1024

#: Bytes of a part, where the original did not come in parts.
PART = 512 * _MIB

# Amazon's limit, which others have taken over.
_MOST_PARTS = 10_000

# What a copy in parts has only if it is told; and of these, what a copy at
# once loses.
_TOLD = ('CacheControl', 'ContentDisposition', 'ContentEncoding',
         'ContentLanguage', 'ContentType', 'Metadata', 'StorageClass',
         'WebsiteRedirectLocation')
_LOST = ('StorageClass', 'WebsiteRedirectLocation')

# All that has to be equal. Tags are counted only: they cannot be compared.
_SAME = ('ContentLength', *_TOLD, 'TagCount')


def is_alike(one: Head, other: Head) -> bool:
    """The same but for the entity tag: as large, and known by the same."""
    return all(one.get(name) == other.get(name) for name in _SAME)


def is_same(one: Head, other: Head) -> bool:
    """The same bytes, and all that is known of them; if that can be told."""
    return (one['ETag'] == other['ETag'] and is_alike(one, other)
            and not tags.is_hidden(one) and not tags.is_hidden(other))


class Copying:
    """Of one bucket.

    :param service: as it looks at objects
    :param remove: what was found, and no other; whether it has gone
    :ivar largest: bytes that are copied in one request
    :ivar part: bytes of a part, where there are none yet
    """

    def __init__(self, service: s3_service.Service,
                 options: dict[str, Any],
                 remove: Callable[[str, Head], bool]) -> None:
        self.largest = quarantined.LARGEST
        self.part = PART
        self._service = service
        # Waits as long as the largest copy takes. Made when there is one.
        self._patient: s3_service.Service | None = None
        self._options = options
        self._remove = remove
        # Whether a copy at once of what came in parts has its tag here; None:
        # nobody knows yet.
        self._keeps_tags: bool | None = None

    def close(self) -> None:
        if self._patient is not None:
            self._patient.close()

    def _call(self, doing: str, operation: str, **arguments: Any) -> Any:
        if self._patient is None:
            self._patient = s3_service.Service(
                self._service.store, quarantined.patient(self._options))
            self._patient.connect()
        self._patient.pacing = self._service.pacing
        return self._patient.call(doing, operation, **arguments)

    def copy(self, key: str, head: Head, to: str, *, trial: bool
             ) -> tuple[Head | None, bool]:
        """Make a copy, over whatever has the name.

        :param head: of what is to be copied
        :param trial: whether what may turn out to have another tag may be
            there for a moment, and stay if this is killed
        :returns: its head, None where nothing is there; and whether it is
            the same, as far as can be told
        :raises StoreError: it may be there, or not
        """
        came_in_parts = bool(tags.parts(head['ETag']))
        if head['ContentLength'] <= self.largest and (
                not came_in_parts or self._keeps_tags
                or (self._keeps_tags is None and trial)):
            found = self._at_once(key, head, to)
            good = found is not None and is_same(head, found)
            if not came_in_parts:
                return found, good
            self._keeps_tags = good and self._is_listed(to, head['ETag'])
            if self._keeps_tags:
                return found, good
            # A bucket that keeps versions would keep it beneath the good one.
            if found is not None and not self._remove(to, found):
                return found, False
        return self._in_parts(key, head, to)

    def _at_once(self, key: str, head: Head, to: str) -> Head | None:
        self._call(
            'copying the image', 'copy_object', Key=to,
            MetadataDirective='COPY', **self._source(key, head),
            **_given(head, _LOST))
        return self._service.find(to)

    def _is_listed(self, key: str, tag: str) -> bool:
        """Whether a listing tells the same tag.

        The s3api of Swift tells the one of parts of what has none, and lists
        another.
        """
        found = self._service.call('listing the bucket', 'list_objects_v2',
                                   Prefix=key, MaxKeys=1).get('Contents', ())
        return [(one['Key'], one['ETag']) for one in found] == [(key, tag)]

    def _source(self, key: str, head: Head) -> dict[str, Any]:
        return {'CopySource': {'Bucket': self._service.bucket, 'Key': key},
                'CopySourceIfMatch': head['ETag']}

    def _in_parts(self, key: str, head: Head, to: str
                  ) -> tuple[Head | None, bool]:
        size: int = head['ContentLength']
        part = self._part_size(key, head)
        upload = self._service.call(
            'creating the upload', 'create_multipart_upload', Key=to,
            **_given(head, _TOLD))['UploadId']
        with self._abandoned(to, upload):
            made = [str(self._call(
                'copying part %d' % number, 'upload_part_copy', Key=to,
                UploadId=upload, PartNumber=number,
                CopySourceRange='bytes=%d-%d' % (
                    start, min(start + part, size) - 1),
                **self._source(key, head))['CopyPartResult']['ETag'])
                for number, start in enumerate(range(0, size, part), 1)]
            self._call(
                'completing the copy', 'complete_multipart_upload', Key=to,
                UploadId=upload, MultipartUpload={'Parts': [
                    {'PartNumber': number, 'ETag': tag}
                    for number, tag in enumerate(made, 1)]})
        found = self._service.find(to)
        if found is None:
            return None, False
        # Where the original came in one piece, or in parts of many sizes, its
        # tag is another. Then this says that it is what was copied.
        is_what_was_copied = (
            found['ETag'].strip('"') == tags.of_parts(made)
            and is_alike(head, found) and not tags.is_hidden(head))
        return found, is_same(head, found) or is_what_was_copied

    @contextlib.contextmanager
    def _abandoned(self, key: str, upload: str) -> Iterator[None]:
        """Where the block fails, so that the upload does not stay."""
        try:
            yield
        except exceptions.StoreError:
            if self._patient and not self._patient.patience.silent:
                with contextlib.suppress(exceptions.StoreError):
                    self._service.abort_upload(key, upload)
            raise

    def _part_size(self, key: str, head: Head) -> int:
        """Bytes of each part but the last, as the original had them."""
        size: int = head['ContentLength']
        count = tags.parts(head['ETag'])
        for part in self._part_sizes(key, size, count) if count else ():
            if 0 < part <= self.largest and -(-size // part) == count:
                return part
        return max(self.part, -(-size // _MOST_PARTS))

    def _part_sizes(self, key: str, size: int, count: int) -> Iterator[int]:
        """What they may have been; the tag of the copy will tell."""
        try:
            first = self._service.call('looking at the parts', 'head_object',
                                       Key=key, PartNumber=1)
            # Who does not know of parts tells of the whole.
            if first.get('PartsCount') == count:
                yield first['ContentLength']
        except exceptions.StoreError as error:
            if not self._service.has_refused(error):
                raise
        yield s3_options.part_size(self._options, size)
        yield int(self._options['part_size'])
        # Whole MiB, as everybody has them.
        yield -(-size // count // _MIB) * _MIB


def _given(head: Head, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: head[name] for name in names if name in head}
