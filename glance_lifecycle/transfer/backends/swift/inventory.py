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


"""What lies in the containers of a store: images, manifests and segments.

A container lists a manifest as an object without bytes, and right after it the
segments that are served in its place: all whose names begin with its own and a
dash. They are one thing here, as large as they are together. Segments without
a manifest are one thing, too; but not those whose manifest is in quarantine.
"""

from collections.abc import Iterator
import dataclasses
from typing import Any
import urllib.parse

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends.object_store import listing
from glance_lifecycle.transfer.backends.object_store import pace
from glance_lifecycle.transfer.backends.object_store import quarantined
from glance_lifecycle.transfer.backends.object_store \
    import source as object_source
from glance_lifecycle.transfer.backends.swift import manifests
from glance_lifecycle.transfer.backends.swift import options as swift_options
from glance_lifecycle.transfer.backends.swift import rows as swift_rows
from glance_lifecycle.transfer.backends.swift import service as swift_service

Row = dict[str, Any]
Segments = swift_rows.Segments

_BY_REFERENCE = ('swift+config',)
_BY_ADDRESS = ('swift', 'swift+http', 'swift+https')

# Manifests in quarantine in one container: they are kept in memory.
_MOST_MANIFESTS = 200_000


class SwiftInventory(inventory.Inventory):
    """The store's container, or all that its seed makes.

    :param options: what ``swift_options.describe`` returned, and ``address``
        and ``user``, as locations have them
    """

    schemes = (*_BY_REFERENCE, *_BY_ADDRESS)

    def __init__(self, store: str, options: dict[str, Any]) -> None:
        super().__init__(store, options)
        self._container = str(options['container'])
        self._services: dict[str, swift_service.Service] = {}
        # One for all: it is one service that answers.
        self._pace = pace.Pace()
        try:
            self._service(self._container)
        except BaseException:
            self.close()
            raise

    @classmethod
    def describe(cls, conf: Any, store: str) -> dict[str, Any]:
        options = swift_options.describe(conf, store)
        account = swift_options.account(conf, store, options['reference'])
        return {**options, 'user': str(account.get('user') or ''),
                'address': str(account['auth_address']).rpartition(
                    '://')[2].strip('/')}

    @property
    def places(self) -> tuple[str, ...]:
        return ('/'.join((self.options['address'], self.options['user'],
                          self._container)),)

    def _service(self, container: str) -> swift_service.Service:
        if container not in self._services:
            found = swift_service.Service(self.store, self.options, container)
            found.pacing = self._pace
            found.connect()
            self._services[container] = found
        return self._services[container]

    # Listing.

    def entries(self) -> Iterator[inventory.Entry]:
        with listing.understood(self):
            yield from self.bounded(
                entry for container in self._containers()
                for entry in self._of(container))

    def _containers(self) -> Iterator[str]:
        service = self._service(self._container)
        if not self.options['seed']:
            if service.has_container():
                yield self._container
            elif not service.may_create:
                raise service.no_container()
            return
        prefix = self._container + '_'

        def page(after: str) -> list[Row]:
            return list(service.call('listing the containers', 'get_account',
                                     marker=after, prefix=prefix)[1])
        for one in listing.ascending(page, lambda one: str(one['name'])):
            if self._is_own(str(one['name'])):
                yield str(one['name'])

    def _is_own(self, container: str) -> bool:
        if not self.options['seed']:
            return container == self._container
        # As ``swift_options.container`` makes them.
        return container.startswith(self._container + '_')

    def _of(self, container: str) -> Iterator[inventory.Entry]:
        # First, for their segments are listed before them.
        away = self._manifests_away(container)
        yield from self._grouped(container, self._rows(container), away)

    def _rows(self, container: str, prefix: str = ''
              ) -> Iterator[Row]:
        service = self._service(container)

        def page(after: str) -> list[Row]:
            return list(service.call(
                'listing container %s' % container, 'get_container',
                container, marker=after,
                **({'prefix': prefix} if prefix else {}))[1])
        return listing.ascending(page, lambda row: str(row['name']))

    def _manifests_away(self, container: str) -> dict[str, Segments]:
        """By image, those in quarantine; their segments are still unknown."""
        found: dict[str, Segments] = {}
        for row in self._rows(container, quarantined.PREFIX):
            away = quarantined.parsed(str(row['name']), inventory.image_id)
            if away is not None and (not row['bytes']
                                     or swift_rows.STATIC_LISTED in row):
                found[away.name] = Segments(away.name)
                if len(found) > _MOST_MANIFESTS:
                    raise listing.Endless(
                        'there are more than %d manifests in quarantine' %
                        _MOST_MANIFESTS)
        return found

    def _grouped(self, container: str, rows: Iterator[Row],
                 away: dict[str, Segments]) -> Iterator[inventory.Entry]:
        # The last image, and what was listed behind it.
        group = swift_rows.Group('', '')
        base: Row | None = None
        behind = Segments('')
        for row in rows:
            found = swift_rows.group_of(str(row['name']))
            if found is None:
                # It may have got between an image and its segments.
                yield self._object(container, row, inventory.Kind.FOREIGN)
                continue
            if found != group:
                yield from self._whole(container, group, base, behind, away)
                group, base = found, None
                behind = Segments(found.image_id)
            if row['name'] == found.first:
                base = row
            else:
                behind.add(row)
        yield from self._whole(container, group, base, behind, away)

    def _whole(self, container: str, group: swift_rows.Group,
               base: Row | None, behind: Segments,
               away: dict[str, Segments]) -> Iterator[inventory.Entry]:
        if group.plan:
            yield from self._away(container, group, base, behind, away)
            return
        if base is not None and swift_rows.STATIC_LISTED in base:
            yield self._manifest(container, swift_rows.time_of(base), behind,
                                 listing.size(base['bytes']))
            return
        if base is not None and (base['bytes'] or not behind.count):
            yield self._object(container, base, inventory.Kind.IMAGE)
        elif base is not None:
            yield self._manifest(container, swift_rows.time_of(base), behind)
            return
        if behind.count and group.image_id in away:
            away[group.image_id] = behind
        elif behind.count:
            yield self._segments(container, behind)

    def _away(self, container: str, group: swift_rows.Group,
              base: Row | None, behind: Segments,
              away: dict[str, Segments]) -> Iterator[inventory.Entry]:
        """What one plan has put there of one image."""
        if base is not None:
            served = away.get(group.image_id)
            yield self._away_entry(
                container, group, group.image_id, listing.size(base['bytes'])
                or (served.size if served else 0), swift_rows.time_of(base))
        if behind.count:
            yield self._away_entry(
                container, group, group.image_id + '-', behind.size,
                behind.changed, behind.count)

    @staticmethod
    def _away_entry(container: str, group: swift_rows.Group, name: str,
                    size: int, since: float, count: int = 0
                    ) -> inventory.Entry:
        """:param count: of segments; 0 for what is none"""
        return quarantined.entry(
            quarantined.Away(group.plan, name), container, container,
            group.image_id, size, since,
            swift_rows.segments_identity(count, size, since) if count
            else swift_rows.identity(since))

    def _object(self, container: str, row: Row,
                kind: inventory.Kind) -> inventory.Entry:
        name, changed = str(row['name']), swift_rows.time_of(row)
        return inventory.Entry(
            name, kind, container, inventory.image_id(name),
            listing.size(row['bytes']), None, changed,
            swift_rows.identity(changed), where='%s/%s' % (container, name))

    def _manifest(self, container: str, made: float, behind: Segments,
                  size: int | None = None) -> inventory.Entry:
        """:param size: of a manifest that tells it"""
        return inventory.Entry(
            behind.image_id, inventory.Kind.MANIFEST, container,
            behind.image_id, behind.size if size is None else size, None,
            max(made, behind.changed),
            swift_rows.identity(made),
            where='%s/%s' % (container, behind.image_id),
            note='It is in %d segments.' % behind.count)

    def _segments(self, container: str, behind: Segments
                  ) -> inventory.Entry:
        name = behind.image_id + '-'
        return inventory.Entry(
            name, inventory.Kind.SEGMENT, container, behind.image_id,
            behind.size, None, behind.changed, swift_rows.segments_identity(
                behind.count, behind.size, behind.changed), False,
            where='%s/%s*' % (container, name),
            note='There are %d segments.' % behind.count)

    # One of them.

    def look(self, entry: inventory.Entry) -> inventory.Entry | None:
        with listing.understood(self):
            return self._look(entry)

    def _look(self, entry: inventory.Entry) -> inventory.Entry | None:
        service = self._service(entry.place)
        if entry.kind is inventory.Kind.QUARANTINED:
            found = self._look_away(service, entry)
        elif entry.kind is inventory.Kind.SEGMENT:
            found = self._look_segments(service, entry)
        else:
            found = self._look_object(service, entry)
        if found is None or entry.identity not in ('', found.identity):
            return None
        return found

    def _look_object(self, service: swift_service.Service,
                     entry: inventory.Entry) -> inventory.Entry | None:
        head = service.find(entry.name)
        if head is None:
            return None
        changed = float(head['x-timestamp'])
        if swift_rows.is_manifest(head):
            return self._manifest(
                entry.place, changed, self._behind(service, entry.name),
                int(head['content-length']) if swift_rows.STATIC in head
                else None)
        return dataclasses.replace(
            entry, size=int(head['content-length']), changed=changed,
            identity=swift_rows.identity(changed))

    def _look_segments(self, service: swift_service.Service,
                       entry: inventory.Entry) -> inventory.Entry | None:
        if manifests.is_served(service, entry.image_id):
            return None
        behind = self._behind(service, entry.image_id)
        return self._segments(entry.place, behind) if behind.count else None

    def _look_away(self, service: swift_service.Service,
                   entry: inventory.Entry) -> inventory.Entry | None:
        group = swift_rows.Group(quarantined.plan(entry), entry.image_id)
        name = quarantined.where(entry)
        if entry.name == entry.image_id:
            head = service.find(name)
            return None if head is None else self._away_entry(
                entry.place, group, entry.name, int(head['content-length']),
                float(head['x-timestamp']))
        behind = Segments(entry.image_id)
        for row in self._rows(entry.place, name):
            if swift_rows.group_of(str(row['name'])) == group:
                behind.add(row)
        return self._away_entry(
            entry.place, group, entry.name, behind.size, behind.changed,
            behind.count) if behind.count else None

    @staticmethod
    def _behind(service: swift_service.Service, image_id: str) -> Segments:
        found = Segments(image_id)
        for row in service.segments(image_id):
            found.add(row)
        return found

    # Locations.

    def spot(self, url: str) -> inventory.Spot | None:
        try:
            if url.startswith(_BY_REFERENCE[0]):
                reference, container, name = object_source.parsed(
                    self.store, url, _BY_REFERENCE)
                known = reference == self.options['reference']
            else:
                address, container, name = object_source.parsed(
                    self.store, url, _BY_ADDRESS)
                known = (address == self.options['address']
                         and _user(url) == self.options['user'])
        except exceptions.StoreError:
            return None
        if not known or not self._is_own(container):
            return None
        return inventory.Spot(container, name)

    def subject(self, name: str) -> str:
        return (name.endswith('-') and swift_rows.owner(name)) or name

    def leads(self, entry: inventory.Entry, url: str) -> bool:
        """Also by another address, account, or reference."""
        spot = self.spot(url)
        if spot is not None:
            return spot == entry.spot
        return url.startswith('swift') and url.endswith(
            '/%s/%s' % (entry.place, entry.image_id or entry.name))

    def close(self) -> None:
        for service in self._services.values():
            service.close()


def _user(url: str) -> str:
    """Whose account it is, by an old location, which has the key as well."""
    before, at, _place = url.partition('://')[2].rpartition('@')
    user = before.rpartition(':')[0] if at else ''
    return urllib.parse.unquote(user)
