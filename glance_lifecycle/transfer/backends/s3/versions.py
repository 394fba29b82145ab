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

"""Versions of a bucket that keeps them, or has kept them.

What is removed or replaced there stays, as a noncurrent version, and takes its
room; a delete marker hides what has been removed. Only a request that names
the version frees its bytes. Where keeping is suspended, what is written since
has the version ``null``, and replaces what had it. Source: Amazon's user
guide, "Deleting object versions from a versioning-enabled bucket" and "Adding
objects to versioning-suspended buckets".
"""

from collections.abc import Iterator
import dataclasses
import logging
from typing import Any
from typing import Protocol

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.object_store import listing
from glance_lifecycle.transfer.backends.object_store import quarantined
from glance_lifecycle.transfer.backends.s3 import encoded

LOG = logging.getLogger(__name__)

#: Of what was written while no versions were kept.
NULL = 'null'

_SUSPENDED = 'Suspended'

#: That one request asks for, which is as many as services send.
PAGE = 1000

# Of one object.
_MOST = 100_000

# One after the other, of a listing that goes on.
_MOST_EMPTY = 100

# It is told by this whether versions can be removed, and never stays there.
_TRIED = quarantined.PREFIX + 'versions-can-be-removed'


class Service(Protocol):
    """As ``service.Service``."""

    store: str

    def call(self, doing: str, operation: str, **arguments: Any) -> Any:
        """What an operation on the bucket answers."""

    def find(self, key: str) -> dict[str, Any] | None:
        """An object's head; None where there is none."""

    def has_refused(self, error: exceptions.StoreError) -> bool:
        """Whether that is the service's answer, and it did nothing."""

    def is_missing(self, error: exceptions.StoreError) -> bool:
        """Whether it answered that there is no such thing."""

    def is_unknown(self, error: exceptions.StoreError) -> bool:
        """Whether it answered that it has no such operation."""


@dataclasses.dataclass(frozen=True, slots=True)
class Version:
    """One that is not what a reader gets.

    :ivar size: bytes; None for a delete marker
    :ivar changed: seconds since the epoch
    :ivar current: it is a delete marker that hides all others
    """

    key: str
    id: str
    size: int | None
    changed: float
    current: bool


class Versions:
    """Of one bucket."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._status: str | None = None
        self._removable: bool | None = None

    @property
    def status(self) -> str:
        """``Enabled`` or ``Suspended``; empty for none, or if nobody tells.

        :raises StoreError: the service does not answer
        """
        if self._status is None:
            try:
                self._status = str(self._service.call(
                    'asking whether the bucket keeps versions',
                    'get_bucket_versioning').get('Status') or '')
            except exceptions.StoreError as error:
                if not (self._service.has_refused(error)
                        or self._service.is_unknown(error)):
                    raise
                LOG.info('Store %s: nobody tells whether its bucket keeps '
                         'versions.', self._service.store)
                self._status = ''
        return self._status

    def noncurrent(self, prefix: str = '') -> Iterator[Version]:
        """All that no reader gets, of all whose names begin so.

        :raises Endless: the listing does not go on, or is none
        """
        come = _Come()
        for page in self._pages(prefix, come):
            for one in come.new(page):
                if one.size is None or not one.current:
                    yield one

    def _pages(self, prefix: str, come: '_Come') -> Iterator[dict[str, Any]]:
        start: dict[str, str] = {}
        while True:
            page = self._service.call(
                'listing old versions', 'list_object_versions',
                EncodingType=encoded.TYPE, MaxKeys=PAGE,
                **({'Prefix': prefix} if prefix else {}), **start)
            yield page
            if not page.get('IsTruncated'):
                return
            following = {'KeyMarker': encoded.marker(page, come.last)}
            if page.get('NextVersionIdMarker'):
                following['VersionIdMarker'] = str(
                    page['NextVersionIdMarker'])
            if following == start or not following['KeyMarker']:
                raise _again()
            start = following

    def of(self, key: str) -> list[Version]:
        """Those of one object."""
        return [one for one in self.noncurrent(key) if one.key == key]

    def hides(self, key: str) -> bool:
        """Whether something comes to light when what is there is removed."""
        old = [one for one in self.of(key) if not one.current]
        newest = max((one.changed for one in old if one.size is not None),
                     default=None)
        return newest is not None and not any(
            one.changed > newest for one in old if one.size is None)

    def is_replaced(self, key: str) -> bool:
        """Whether writing there would replace a version for good.

        So it is where keeping is suspended, of the one that is ``null``.
        """
        return self.status == _SUSPENDED and any(
            one.id == NULL and one.size is not None for one in self.of(key))

    def id(self, head: dict[str, Any]) -> str:
        """What names the version to be removed; empty where none are kept."""
        return str(head.get('VersionId') or (NULL if self.status else ''))

    def remove(self, key: str, version: str) -> None:
        """For good, and no other one of that name.

        :raises StoreError: it is there still, or nobody can tell
        """
        try:
            self._service.call('removing the version', 'delete_object',
                               Key=key, VersionId=version)
        except exceptions.StoreError as error:
            if not self._service.is_missing(error):
                raise

    def check_removable(self) -> None:
        """Make sure that bytes come back: that we may remove versions.

        By one of ours, which has no bytes. It is asked once.

        :raises StoreError: we may not
        """
        if self._removable is None:
            self._removable = self._can_be_removed()
        if not self._removable:
            raise exceptions.StoreError(
                store=self._service.store, detail='its bucket keeps versions, '
                'and they cannot be removed for good, so that no byte would '
                'come back: give the user of s3_store_access_key the '
                'permission s3:DeleteObjectVersion, and let no lock of '
                'objects hold them. A rule of the bucket, '
                'NoncurrentVersionExpiration, removes old versions, too')

    def _can_be_removed(self) -> bool:
        # What there is still is of who was killed here, or had no success.
        made = self._service.find(_TRIED) or self._service.call(
            'looking whether versions can be removed', 'put_object',
            Key=_TRIED, Body=b'')
        try:
            self.remove(_TRIED, str(made.get('VersionId') or NULL))
        except exceptions.StoreError as error:
            if not self._service.has_refused(error):
                raise
            return False
        return True


class _Come:
    """What has come of a listing, as far as the next page needs it.

    :ivar last: the highest name
    """

    def __init__(self) -> None:
        self.last = ''
        self._pairs: set[tuple[str, str]] = set()
        self._empty = 0

    def new(self, page: dict[str, Any]) -> Iterator[Version]:
        """What a page has that has not come yet.

        :raises Endless: it does not go on
        """
        versions = page.get('Versions', ())
        markers = page.get('DeleteMarkers', ())
        if len(versions) + len(markers) > listing.LONGEST:
            raise listing.Endless('a page has more than %d entries'
                                  % listing.LONGEST)
        # What is left of one object may be on many pages.
        self._pairs = {pair for pair in self._pairs if pair[0] == self.last}
        if len(self._pairs) > _MOST:
            raise listing.Endless('an object has more than %d versions'
                                  % _MOST)
        before = len(self._pairs)
        last = self.last
        for rows, is_marker in ((versions, False), (markers, True)):
            reached = last
            for row in rows:
                one = _version(row, encoded.name(page, str(row['Key'])),
                               is_marker)
                if _bytes(one.key) < _bytes(reached):
                    raise listing.Endless('the service does not list versions '
                                          'in the order of names')
                reached = one.key
                # Some services tell "null" twice.
                if (one.key, one.id) not in self._pairs:
                    self._pairs.add((one.key, one.id))
                    yield one
            self.last = max(self.last, reached, key=_bytes)
        self._empty = 0 if len(self._pairs) > before else self._empty + 1
        if self._empty > _MOST_EMPTY:
            raise _again()


def _again() -> listing.Endless:
    return listing.Endless('the service lists the same versions again')


def _version(row: dict[str, Any], key: str, marker: bool) -> Version:
    return Version(
        key, str(row.get('VersionId') or NULL),
        None if marker else listing.size(row['Size']),
        row['LastModified'].timestamp(), bool(row['IsLatest']))


def _bytes(name: str) -> bytes:
    return name.encode('utf-8', 'surrogatepass')
