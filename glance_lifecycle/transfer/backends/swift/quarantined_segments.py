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

"""Segments without a manifest, in quarantine: all of an image are one thing.

They are copied and removed one by one. Whoever was killed in between leaves
some in one place, some in the other, and some in both; together they are what
they were.
"""

from collections.abc import Callable
import json
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends.object_store import listing
from glance_lifecycle.transfer.backends.object_store import quarantined
from glance_lifecycle.transfer.backends.swift import copying
from glance_lifecycle.transfer.backends.swift import options as swift_options
from glance_lifecycle.transfer.backends.swift import rows as swift_rows
from glance_lifecycle.transfer.backends.swift import service as swift_service

Rows = dict[str, dict[str, Any]]


class Segments:
    """All of one image, in both places.

    :param entry: as it was looked at, or as it is kept
    """

    def __init__(self, service: swift_service.Service,
                 copies: copying.Copying, entry: inventory.Entry, plan: str
                 ) -> None:
        self._service = service
        self._copying = copies
        self._entry = entry
        self._plan = plan

    def _there(self) -> Rows | None:
        """By name; None where something among them is none."""
        image_id = self._entry.image_id
        found = {str(row['name']): row
                 for row in self._service.segments(image_id)}
        return found if all(swift_options.is_segment(image_id, name)
                            for name in found) else None

    def _away(self) -> Rows:
        """By the name that they had."""
        image_id = self._entry.image_id
        found: Rows = {}
        for row in self._service.listed(self._key(self._entry.name)):
            away = quarantined.parsed(
                str(row['name']),
                lambda name: swift_options.is_segment(image_id, name))
            if away is not None:
                found[away.name] = row
        return found

    def _key(self, name: str) -> str:
        return quarantined.name(self._plan, name)

    def _are_all(self, one: Rows, other: Rows) -> bool:
        """Whether they are, together, what the entry says."""
        rows = {**one, **other}.values()
        return _are_same(one, other) and (
            self._entry.identity.split()[:2] == [
                str(len(rows)), str(sum(listing.size(row['bytes'])
                                        for row in rows))])

    def put(self, is_served: Callable[[], bool]) -> bool:
        """See Quarantine.put.

        :param is_served: whether there is a manifest of the image by now
        """
        there, away = self._there(), self._away()
        if there is None or not self._are_all(there, away):
            return False
        if len(there) == int(self._entry.identity.split()[0]) and (
                _identity(there) != self._entry.identity):
            return False
        heads = {name: self._service.find(name) for name in there}
        if any(head is None or _moment(head) != swift_rows.identity(
                swift_rows.time_of(there[name]))
               for name, head in heads.items()):
            return False
        good = all(self._copied(name, head, self._key(name))
                   for name, head in heads.items() if head is not None)
        if not good or is_served() or self._there() != there:
            self._withdraw(there)
            return False
        return all([copying.remove(self._service, name, head)
                    for name, head in heads.items() if head is not None])

    def _copied(self, name: str, head: copying.Head, to: str) -> bool:
        copy = self._service.find(to) or self._copying.copy(
            self._service, name, to)
        return copy is not None and copying.is_same(head, copy)

    def _withdraw(self, there: Rows) -> None:
        """Remove the copies of what is there still."""
        for name in there:
            self._remove(self._key(name), name)

    def _remove(self, name: str, like: str) -> bool:
        """Remove one of two that are the same."""
        head, other = self._service.find(name), self._service.find(like)
        return head is None or (
            other is not None and copying.is_same(head, other)
            and copying.remove(self._service, name, head))

    def restore(self) -> bool:
        """See Quarantine.restore.

        The entry tells of those that were away when it was listed. Of who was
        killed in between, all are in one place and some of them in both: they
        go away when all are copied, and come back so. Elsewhere somebody else
        writes there.
        """
        there, away = self._there(), self._away()
        if there is None:
            return False
        if not away:
            if self._are_all(there, away):
                return True
            raise exceptions.StoreError(
                store=self._service.store, detail='the segments of image '
                '%s are not in quarantine, and not back' %
                self._entry.image_id)
        if not _are_same(there, away) or (
                away.keys() - there.keys() and there.keys() - away.keys()):
            return False
        for name in away:
            head = self._service.find(self._key(name))
            if head is None or not self._copied(self._key(name), head, name):
                return False
        return all([self._remove(self._key(name), name) for name in away])

    def purge(self) -> bool:
        """See Quarantine.purge."""
        away = self._away()
        count, size = map(int, self._entry.identity.split()[:2])
        changed = self._entry.changed or 0.0
        # Fewer are left where the last one who did it was killed.
        if len(away) > count or any(
                swift_rows.time_of(row) > changed
                for row in away.values()) or size < sum(
                    listing.size(row['bytes']) for row in away.values()):
            return False
        if len(away) == count and _identity(away) != self._entry.identity:
            return False
        heads = {name: self._service.find(self._key(name)) for name in away}
        return all([copying.remove(self._service, self._key(name), head)
                    for name, head in heads.items() if head is not None
                    and float(head['x-timestamp']) <= changed])


def served(service: swift_service.Service, key: str, head: copying.Head,
           image_id: str) -> dict[str, str] | None:
    """The segments that a manifest serves, and that are named as its own.

    :param key: of the manifest
    :returns: name and entity tag; None for all that are there
    """
    if swift_rows.is_foreign_manifest(head, service.container, image_id):
        return {}
    if swift_rows.STATIC not in head:
        return None
    found: dict[str, str] = {}
    for one in json.loads(service.manifest(key)):
        container, _, name = str(one.get('name')).lstrip('/').partition('/')
        if container == service.container and swift_options.is_segment(
                image_id, name):
            found[name] = str(one['hash'])
    return found


def _are_same(one: Rows, other: Rows) -> bool:
    """Whether what has one name in both is one."""
    return all((one[name]['bytes'], one[name]['hash']) == (
        other[name]['bytes'], other[name]['hash'])
        for name in one.keys() & other.keys())


def _identity(rows: Rows) -> str:
    return swift_rows.segments_identity(
        len(rows), sum(listing.size(row['bytes']) for row in rows.values()),
        max(map(swift_rows.time_of, rows.values()), default=0.0))


def _moment(head: copying.Head) -> str:
    return swift_rows.identity(float(head['x-timestamp']))
