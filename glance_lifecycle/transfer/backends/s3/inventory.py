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


"""What lies in a bucket: objects, uploads that are not complete, old versions.
"""

from collections.abc import Iterator
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends.object_store import listing
from glance_lifecycle.transfer.backends.object_store import pace
from glance_lifecycle.transfer.backends.object_store import quarantined
from glance_lifecycle.transfer.backends.object_store \
    import source as object_source
from glance_lifecycle.transfer.backends.s3 import encoded
from glance_lifecycle.transfer.backends.s3 import options as s3_options
from glance_lifecycle.transfer.backends.s3 import service as s3_service
from glance_lifecycle.transfer.backends.s3 import versions as s3_versions

_SCHEMES = ('s3', 's3+http', 's3+https')

# After the place of what has no name before it is complete: a location never
# leads there, and an object may have the name at the same time.
_UPLOADS = '?uploads'

# The same of what no reader gets.
_VERSIONS = '?versions'

# Uploads of one object at a time, of which nobody begins so many.
_MOST_UPLOADS = 10_000

# Pages of a thousand parts, of which an upload has ten thousand.
_MOST_PARTS = 10


class S3Inventory(inventory.Inventory):
    """One bucket.

    :param options: what ``s3_options.describe`` returned
    """

    schemes = _SCHEMES

    def __init__(self, store: str, options: dict[str, Any]) -> None:
        super().__init__(store, options)
        self._where, self._bucket, _key = object_source.parsed(
            store, s3_options.location(options, 'any'), _SCHEMES)
        self._service = s3_service.Service(store, options)
        self._service.pacing = pace.Pace()
        self._versions = s3_versions.Versions(self._service)
        try:
            self._service.connect()
        except BaseException:
            self.close()
            raise

    @classmethod
    def describe(cls, conf: Any, store: str) -> dict[str, Any]:
        return s3_options.describe(conf, store)

    @property
    def places(self) -> tuple[str, ...]:
        return (self._place,)

    @property
    def _place(self) -> str:
        return '%s/%s' % (self._where, self._bucket)

    # Listing.

    def entries(self) -> Iterator[inventory.Entry]:
        if not self._service.has_bucket():
            if not self._service.may_create:
                raise self._service.no_bucket()
            return
        with listing.understood(self):
            yield from self.bounded(self._entries())

    def _entries(self) -> Iterator[inventory.Entry]:
        # Uploads first: one that is completed meanwhile is an object then.
        yield from self._uploads()
        yield from self._under('')
        if self._versions.status:
            yield from map(self._version, self._versions.noncurrent())

    def _under(self, prefix: str) -> Iterator[inventory.Entry]:
        """All objects whose names begin so."""
        def page(after: str) -> list[dict[str, Any]]:
            found = self._service.call(
                'listing the bucket', 'list_objects_v2',
                **({'Prefix': prefix} if prefix else {}),
                **({'StartAfter': after} if after else {}))
            return list(found.get('Contents', ()))
        for one in listing.ascending(page, lambda one: str(one['Key'])):
            yield self._object(str(one['Key']), listing.size(one['Size']),
                               str(one['ETag']),
                               one['LastModified'].timestamp())

    def _object(self, key: str, size: int, tag: str, changed: float
                ) -> inventory.Entry:
        away = quarantined.parsed(key, inventory.image_id)
        if away is not None:
            return quarantined.entry(
                away, self._place, self._bucket, away.name, size, changed,
                identity(size, tag))
        image_id = inventory.image_id(key)
        return inventory.Entry(
            key, inventory.Kind.IMAGE if image_id else inventory.Kind.FOREIGN,
            self._place, image_id, size, None, changed,
            identity(size, tag), where='%s/%s' % (self._bucket, key))

    def _uploads(self) -> Iterator[inventory.Entry]:
        last, seen = '', set[str]()
        start: dict[str, str] = {}
        while True:
            page = self._service.call(
                'listing unfinished uploads', 'list_multipart_uploads',
                EncodingType=encoded.TYPE, **start)
            for one in page.get('Uploads', ()):
                key = encoded.name(page, str(one['Key']))
                upload = str(one['UploadId'])
                if key != last:
                    seen.clear()
                if key < last or upload in seen or len(seen) > _MOST_UPLOADS:
                    raise listing.Endless(
                        'the service does not list uploads in the order of '
                        'names')
                last = key
                seen.add(upload)
                yield self._upload(key, upload, one['Initiated'].timestamp())
            following = {
                'KeyMarker': encoded.marker(page, last),
                'UploadIdMarker': str(page.get('NextUploadIdMarker') or '')}
            if not page.get('IsTruncated'):
                return
            if following == start or not following['KeyMarker']:
                raise listing.Endless('the service lists the same uploads '
                                      'again')
            start = following

    def _upload(self, key: str, upload: str, begun: float,
                size: int | None = None) -> inventory.Entry:
        image_id = inventory.image_id(key)
        return inventory.Entry(
            key, inventory.Kind.UNFINISHED if image_id
            else inventory.Kind.FOREIGN, self._place + _UPLOADS, image_id,
            size, size,
            begun, upload, False, where='%s/%s' % (self._bucket, key),
            note='It is a multipart upload that is not complete.')

    def _version(self, one: s3_versions.Version) -> inventory.Entry:
        away = quarantined.parsed(one.key, inventory.image_id)
        return inventory.Entry(
            one.key, inventory.Kind.VERSION, self._place + _VERSIONS,
            inventory.image_id(away.name if away else one.key), one.size,
            one.size, one.changed, one.id, False,
            where='%s/%s' % (self._bucket, one.key),
            note='It is a delete marker.' if one.size is None
            else 'It is an old version.')

    # One of them.

    def look(self, entry: inventory.Entry) -> inventory.Entry | None:
        with listing.understood(self):
            return self._look(entry)

    def _look(self, entry: inventory.Entry) -> inventory.Entry | None:
        key = entry.name
        if entry.kind is inventory.Kind.QUARANTINED:
            key = quarantined.where(entry)
        elif entry.kind is inventory.Kind.VERSION:
            return next((
                self._version(one) for one in self._versions.of(entry.name)
                if one.id == entry.identity), None)
        elif not entry.usable:
            return next((
                self._upload(entry.name, one.id, one.initiated,
                             self._size(entry.name, one.id))
                for one in self._service.uploads(entry.name)
                if one.id == entry.identity), None)
        head = self._service.find(key)
        if head is None:
            return None
        found = self._object(key, int(head['ContentLength']),
                             str(head['ETag']),
                             head['LastModified'].timestamp())
        return found if entry.identity in ('', found.identity) else None

    def _size(self, key: str, upload: str) -> int | None:
        """Bytes of its parts; None where they are too many to be true."""
        found, after = 0, 0
        for _page in range(_MOST_PARTS):
            page = self._service.call(
                'looking at the upload', 'list_parts', Key=key,
                UploadId=upload, PartNumberMarker=after)
            parts = page.get('Parts', ())
            found += sum(listing.size(one['Size']) for one in parts)
            if not page.get('IsTruncated') or not parts:
                return found
            after = int(parts[-1]['PartNumber'])
        return None

    # Locations.

    def spot(self, url: str) -> inventory.Spot | None:
        parsed = self._parsed(url)
        if parsed is None or parsed[:2] != (self._where, self._bucket):
            return None
        return inventory.Spot(self._place, parsed[2])

    def leads(self, entry: inventory.Entry, url: str) -> bool:
        """Also by another address: services have several."""
        parsed = self._parsed(url)
        return entry.usable and parsed is not None and parsed[1:] == (
            self._bucket, entry.name)

    def _parsed(self, url: str) -> tuple[str, str, str] | None:
        try:
            return object_source.parsed(self.store, url, _SCHEMES)
        except exceptions.StoreError:
            return None

    def close(self) -> None:
        self._service.close()


def identity(size: int, tag: str) -> str:
    """Of an object, as its bytes have it."""
    return '%d %s' % (size, tag)
