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

"""Quarantine in a bucket: the service copies, and then the original goes.

In a bucket that keeps versions, the very version goes that was looked at, for
good: else its bytes would stay as an old one. What others have there stays,
and does not come to light. An upload that is not complete cannot be copied.

S3 has no rename, and few services know of conditions for all of it. So each
object is looked at just before it goes. Whoever was killed in between leaves
two of the same; the next call sees that.
"""

from collections.abc import Iterator
import contextlib
import dataclasses
import logging
import math
from typing import Any
from typing import ClassVar

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends.object_store import claim
from glance_lifecycle.transfer.backends.object_store import listing
from glance_lifecycle.transfer.backends.object_store import quarantined
from glance_lifecycle.transfer.backends import quarantine
from glance_lifecycle.transfer.backends.s3 import copying
from glance_lifecycle.transfer.backends.s3 import inventory as s3_inventory
from glance_lifecycle.transfer.backends.s3 import options as s3_options
from glance_lifecycle.transfer.backends.s3 import tags

LOG = logging.getLogger(__name__)

# What changes with whatever becomes of an object.
_UNCHANGED = ('ContentLength', 'ETag', 'LastModified', 'Metadata',
              'VersionId')


class S3Quarantine(s3_inventory.S3Inventory, quarantine.Quarantine):
    """Of one bucket.

    :ivar copying: how it copies
    """

    kinds: ClassVar[frozenset[inventory.Kind]] = frozenset((
        inventory.Kind.IMAGE,))

    def __init__(self, store: str, options: dict[str, Any]) -> None:
        super().__init__(store, options)
        self.copying = copying.Copying(self._service, options, self._remove)

    def close(self) -> None:
        super().close()
        self.copying.close()

    # The way there.

    def put(self, entry: inventory.Entry, plan: str) -> bool:
        if entry.kind not in self.kinds or entry.place != self._place or not (
                entry.identity and inventory.image_id(entry.name)
                and quarantine.is_plan(plan)):
            return False
        with self._claimed(entry.name) as free, listing.understood(self):
            return free and self._put(entry, quarantined.name(
                plan, entry.name))

    def _claimed(self, name: str
                 ) -> contextlib.AbstractContextManager[bool]:
        """As who writes the image has it."""
        return claim.taken(self.store, *s3_options.claimed(self.options,
                                                           name))

    def _put(self, entry: inventory.Entry, to: str) -> bool:
        head, copy = self._service.find(entry.name), self._service.find(to)
        if head is None or not _is_told(entry, head):
            return copy is not None and _is_of(entry, copy)
        if self._has_to_stay(entry.name, head):
            return False
        if copy is None or not copying.is_same(head, copy):
            copy = self._copied(entry.name, head, to, copy)
        return copy is not None and self._has_gone(entry.name, head, to, copy)

    def _has_to_stay(self, name: str, head: copying.Head) -> bool:
        """:raises StoreError: its bytes would not come back"""
        if tags.is_hidden(head):
            LOG.warning('Store %s: nothing would tell that a copy of image '
                        '%s is the same, because it is encrypted. The image '
                        'stays.', self.store, name)
            return True
        if not self._versions.id(head):
            return False
        if self._versions.hides(name):
            LOG.warning('Store %s: image %s has an older version in the '
                        'bucket, which would come to light. The image stays.',
                        self.store, name)
            return True
        self._versions.check_removable()
        return False

    def _copied(self, name: str, head: copying.Head, to: str,
                there: copying.Head | None) -> copying.Head | None:
        """The copy; None where there is none of which all is known.

        :param there: what is there, and is not the same
        """
        if there is not None:
            # A copy that was tried at once, or in parts of another size.
            if not copying.is_alike(head, there) or not (
                    tags.parts(there['ETag']) or tags.parts(head['ETag'])):
                LOG.warning('Store %s: %s is something else than what is to '
                            'be put there. Nothing is done.', self.store, to)
                return None
            # What is written over it could keep it as an old version.
            if not self._remove(to, there):
                return None
        self._abort_uploads(to)
        copy, good = self.copying.copy(name, head, to, trial=True)
        if copy is not None and good:
            return copy
        LOG.warning('Store %s: image %s was copied, and nothing says that the '
                    'copy is the same. The image stays.', self.store, name)
        again = self._service.find(name)
        if copy is not None and again is not None and (
                _is_unchanged(head, again)):
            self._remove(to, copy)
        return None

    def _has_gone(self, name: str, head: copying.Head, to: str,
                  copy: copying.Head) -> bool:
        try:
            if self._remove(name, head):
                return True
        except exceptions.StoreError as error:
            if self._versions.id(head) and self._service.has_refused(error):
                # This version is locked, and is where it was.
                self._remove(to, copy)
            raise
        # It has been overwritten, so nobody wants what it was.
        self._remove(to, copy)
        return False

    def _abort_uploads(self, to: str) -> None:
        """Those of a name in quarantine: of who was killed."""
        for upload in self._service.uploads(to):
            self._service.abort_upload(to, upload.id)

    def _remove(self, key: str, head: copying.Head) -> bool:
        """Whether it has gone; if not, it is another by now."""
        version = self._versions.id(head)
        for conditional in (True, False):
            again = self._service.find(key)
            if again is None:
                return True
            if not _is_unchanged(head, again):
                return False
            if version:
                self._versions.remove(key, version)
                return True
            if self._service.delete(key, head, conditional=conditional):
                return True
            # The s3api of Swift compares with another tag than it tells.
        return False

    # What is there.

    def kept(self, plan: str = '') -> Iterator[quarantine.Kept]:
        if not self._service.has_bucket():
            return
        with listing.understood(self):
            for entry in self.bounded(self._under(quarantined.under(plan))):
                if entry.kind is not inventory.Kind.QUARANTINED or (
                        plan not in ('', quarantined.plan(entry))):
                    continue
                # The s3api of Swift lists another tag than it tells.
                found = self._look(dataclasses.replace(entry, identity=''))
                if found is not None:
                    yield quarantined.kept(found)

    # The way back, and the end.

    def restore(self, kept: quarantine.Kept) -> bool:
        name = kept.entry.name
        with self._claimed(name) as free, listing.understood(self):
            return free and self._restore(kept, name, quarantined.name(
                kept.plan, name))

    def _restore(self, kept: quarantine.Kept, name: str, key: str) -> bool:
        copy, there = self._service.find(key), self._service.find(name)
        if copy is None:
            if there is not None and _identity(there) == kept.entry.identity:
                return True
            raise exceptions.StoreError(
                store=self.store, detail='image %s is not in quarantine, and '
                'what has its name is not what was there' % name)
        if _identity(copy) != kept.entry.identity:
            return False
        if there is None:
            if self._versions.is_replaced(name):
                raise exceptions.StoreError(
                    store=self.store, detail='the bucket has an old version '
                    '"null" of image %s, which would be replaced; remove it '
                    'first' % name)
            # Nothing that is not the image ever has its name.
            there, good = self.copying.copy(key, copy, name, trial=False)
            if not good:
                if there is not None:
                    self._remove(name, there)
                raise exceptions.StoreError(
                    store=self.store, detail='image %s was copied back, and '
                    'nothing says that this is the same; it stays in '
                    'quarantine' % name)
        elif not copying.is_same(copy, there):
            return False
        self._remove(key, copy)
        return True

    def purge(self, kept: quarantine.Kept) -> bool:
        key = quarantined.name(kept.plan, kept.entry.name)
        with self._claimed(kept.entry.name) as free, (
                listing.understood(self)):
            if not free:
                return False
            copy = self._service.find(key)
            if copy is not None and not _is_told(kept.entry, copy):
                return False
            self._abort_uploads(key)
            return copy is None or self._remove(key, copy)


def _identity(head: copying.Head) -> str:
    return s3_inventory.identity(int(head['ContentLength']),
                                 str(head['ETag']))


def _is_told(entry: inventory.Entry, head: copying.Head) -> bool:
    """Whether it is the very object.

    Listings tell milliseconds, and heads do not.
    """
    return _identity(head) == entry.identity and (
        entry.changed is None or math.floor(entry.changed) == math.floor(
            head['LastModified'].timestamp()))


def _is_of(entry: inventory.Entry, copy: copying.Head) -> bool:
    """Whether it can be the copy of what has gone.

    The name in quarantine says which it was, and the plan says of what.
    """
    return _identity(copy) == entry.identity or (
        copy['ContentLength'] == entry.size
        and bool(tags.parts(copy['ETag'])))


def _is_unchanged(head: copying.Head, again: copying.Head) -> bool:
    return all(head.get(name) == again.get(name) for name in _UNCHANGED)
