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

"""Quarantine in a container: the service copies, and then the original goes.

Swift has no rename, and no condition for a removal. So each object is looked
at just before it goes. Whoever was killed in between leaves two of the same;
the next call sees that.

The segments of a manifest are not copied. They go when it is purged, if nobody
else serves them by then, and nobody writes there.
"""

from collections.abc import Iterator
import contextlib
import dataclasses
import logging
from typing import Any
from typing import ClassVar

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends.object_store import claim
from glance_lifecycle.transfer.backends.object_store import listing
from glance_lifecycle.transfer.backends.object_store import quarantined
from glance_lifecycle.transfer.backends import quarantine
from glance_lifecycle.transfer.backends.swift import copying
from glance_lifecycle.transfer.backends.swift \
    import inventory as swift_inventory
from glance_lifecycle.transfer.backends.swift import manifests
from glance_lifecycle.transfer.backends.swift import options as swift_options
from glance_lifecycle.transfer.backends.swift \
    import quarantined_segments as swift_segments
from glance_lifecycle.transfer.backends.swift import rows as swift_rows
from glance_lifecycle.transfer.backends.swift import service as swift_service

LOG = logging.getLogger(__name__)

Kind = inventory.Kind


class SwiftQuarantine(swift_inventory.SwiftInventory, quarantine.Quarantine):
    """Of the store's container, or all that its seed makes."""

    kinds: ClassVar[frozenset[Kind]] = frozenset((
        Kind.IMAGE, Kind.MANIFEST, Kind.SEGMENT))

    def __init__(self, store: str, options: dict[str, Any]) -> None:
        self._copying = copying.Copying(store, options)
        super().__init__(store, options)

    def close(self) -> None:
        super().close()
        self._copying.close()

    @contextlib.contextmanager
    def _claimed(self, container: str, image_id: str) -> Iterator[bool]:
        """As who writes the image has it."""
        with claim.taken(self.store, *swift_options.claimed(
                self.options, self.store, container, image_id)) as free, (
                listing.understood(self)):
            yield free

    # The way there.

    def put(self, entry: inventory.Entry, plan: str) -> bool:
        name = entry.image_id + '-' * (entry.kind is Kind.SEGMENT)
        if entry.kind not in self.kinds or entry.name != name or not (
                self._is_own(entry.place)
                and entry.identity and inventory.image_id(entry.image_id)
                and quarantine.is_plan(plan)):
            return False
        with self._claimed(entry.place, entry.image_id) as free:
            service = self._service(entry.place)
            if not free:
                return False
            if entry.kind is Kind.SEGMENT:
                return not manifests.is_served(service, entry.image_id) and (
                    self._segments_of(service, entry, plan).put(
                        lambda: manifests.is_served(service, entry.image_id)))
            return self._put(service, entry, quarantined.name(
                plan, entry.name))

    def _segments_of(self, service: swift_service.Service,
                     entry: inventory.Entry, plan: str
                     ) -> swift_segments.Segments:
        return swift_segments.Segments(service, self._copying, entry, plan)

    def _put(self, service: swift_service.Service, entry: inventory.Entry,
             to: str) -> bool:
        head, copy = service.find(entry.name), service.find(to)
        if head is None or _identity(head) != entry.identity:
            # The name says which it was, and the plan says of what.
            return copy is not None and (
                int(copy['content-length']) == entry.size)
        if int(head['content-length']) != entry.size or (
                swift_rows.is_foreign_manifest(
                    head, entry.place, entry.image_id)):
            return False
        if copy is None:
            copy = self._copying.copy(service, entry.name, to)
            if copy is None or not copying.is_same(head, copy):
                LOG.warning('Store %s: image %s was copied, and the copy is '
                            'not the same. The image stays.', self.store,
                            entry.name)
                again = service.find(entry.name)
                if copy is not None and again is not None and (
                        _identity(again) == entry.identity):
                    copying.remove(service, to, copy)
                return False
        elif not copying.is_same(head, copy):
            LOG.warning('Store %s: %s is something else than what is to be '
                        'put there. Nothing is done.', self.store, to)
            return False
        if copying.remove(service, entry.name, head):
            return True
        # It has been overwritten, so nobody wants what it was.
        copying.remove(service, to, copy)
        return False

    # What is there.

    def kept(self, plan: str = '') -> Iterator[quarantine.Kept]:
        with listing.understood(self):
            yield from map(quarantined.kept, self.bounded(
                entry for container in self._containers()
                for entry in self._kept(container, plan)))

    def _kept(self, container: str, plan: str) -> Iterator[inventory.Entry]:
        for entry in self._grouped(container, self._rows(
                container, quarantined.under(plan)), {}):
            if entry.kind is not Kind.QUARANTINED or (
                    plan not in ('', quarantined.plan(entry))):
                continue
            if entry.size:
                yield entry
                continue
            # A dynamic manifest: it is as large as what it serves.
            found = self._look(dataclasses.replace(entry, identity=''))
            if found is not None:
                yield found

    # The way back.

    def restore(self, kept: quarantine.Kept) -> bool:
        entry = kept.entry
        with self._claimed(entry.place, entry.image_id) as free:
            service = self._service(entry.place)
            if not free:
                return False
            if entry.name != entry.image_id:
                return not manifests.is_served(service, entry.image_id) and (
                    self._segments_of(service, entry, kept.plan).restore())
            return self._restore(service, kept)

    def _restore(self, service: swift_service.Service,
                 kept: quarantine.Kept) -> bool:
        entry = kept.entry
        name, key = entry.name, quarantined.name(kept.plan, entry.name)
        copy, there = service.find(key), service.find(name)
        if copy is None:
            if there is not None and (
                    int(there['content-length']) == entry.size
                    and float(there['x-timestamp']) >= kept.since):
                return True
            raise self._lost(name, 'it is not in quarantine, and what has '
                             'its name is not what was there')
        if _identity(copy) != entry.identity:
            return False
        if self._is_written(service, kept, copy):
            return False
        if int(copy['content-length']) != entry.size:
            raise self._lost(name, 'some of its segments have gone')
        if there is None:
            there = self._copying.copy(service, key, name)
            if there is None or not copying.is_same(copy, there):
                if there is not None:
                    copying.remove(service, name, there)
                raise self._lost(name, 'what was copied back is not the '
                                 'same; it stays in quarantine')
        elif not copying.is_same(copy, there):
            return False
        copying.remove(service, key, copy)
        return True

    def _lost(self, name: str, why: str) -> exceptions.StoreError:
        return exceptions.StoreError(
            store=self.store, detail='image %s cannot be brought back: %s' %
            (name, why))

    @staticmethod
    def _is_written(service: swift_service.Service, kept: quarantine.Kept,
                    copy: copying.Head) -> bool:
        """Whether somebody has written segments since it was put away."""
        return swift_rows.is_manifest(copy) and any(
            swift_rows.time_of(row) > kept.since
            for row in service.segments(kept.entry.image_id))

    # The end.

    def purge(self, kept: quarantine.Kept) -> bool:
        entry = kept.entry
        with self._claimed(entry.place, entry.image_id) as free:
            service = self._service(entry.place)
            if not free:
                return False
            if entry.name != entry.image_id:
                return self._segments_of(service, entry, kept.plan).purge()
            key = quarantined.name(kept.plan, entry.name)
            copy = service.find(key)
            if copy is None:
                return True
            if _identity(copy) != entry.identity or (
                    not self._purge_served(service, kept, key, copy)):
                return False
            # Of a dynamic manifest the tag is that of what is left.
            copy = service.find(key)
            return copy is None or (_identity(copy) == entry.identity
                                    and copying.remove(service, key, copy))

    def _purge_served(self, service: swift_service.Service,
                      kept: quarantine.Kept, key: str, copy: copying.Head
                      ) -> bool:
        """Whether all segments have gone that only this manifest serves."""
        image_id = kept.entry.image_id
        if not swift_rows.is_manifest(copy):
            return True
        if service.find(image_id) is not None or manifests.is_away(
                service, image_id, but=kept.plan):
            # They are of who has the name now, or will have it again.
            return True
        if self._is_written(service, kept, copy):
            return False
        wanted = swift_segments.served(service, key, copy, image_id)
        for row in service.segments(image_id):
            name = str(row['name'])
            if not swift_options.is_segment(image_id, name) or (
                    wanted is not None and wanted.get(name) != row['hash']):
                continue
            head = service.find(name)
            if head is not None and float(head['x-timestamp']) <= kept.since:
                service.delete(name)
        return True


def _identity(head: copying.Head) -> str:
    return swift_rows.identity(float(head['x-timestamp']))
