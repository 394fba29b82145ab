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
a manifest are one thing, too.
"""

from collections.abc import Iterator
import dataclasses
import datetime
from typing import Any
import urllib.parse

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends.object_store import listing
from glance_lifecycle.transfer.backends.object_store import pace
from glance_lifecycle.transfer.backends.object_store \
    import source as object_source
from glance_lifecycle.transfer.backends.swift import options as swift_options
from glance_lifecycle.transfer.backends.swift import service as swift_service

_BY_REFERENCE = ('swift+config',)
_BY_ADDRESS = ('swift', 'swift+http', 'swift+https')

# Of a manifest, as the library returns it.
_MANIFEST = 'x-object-manifest'


@dataclasses.dataclass(slots=True)
class _Segments:
    """What is served by way of one manifest."""

    image_id: str
    count: int = 0
    size: int = 0
    changed: float = 0.0

    def add(self, row: dict[str, Any]) -> None:
        self.count += 1
        self.size += listing.size(row['bytes'])
        self.changed = max(self.changed, _time(row['last_modified']))


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

        def page(after: str) -> list[dict[str, Any]]:
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
        service = self._service(self._container)

        def page(after: str) -> list[dict[str, Any]]:
            return list(service.call(
                'listing container %s' % container, 'get_container',
                container, marker=after)[1])

        # The last image, and what was listed behind it.
        base: dict[str, Any] | None = None
        behind = _Segments('')
        for row in listing.ascending(page, lambda row: str(row['name'])):
            name = str(row['name'])
            owner = _owner(name)
            if not owner:
                # It may have got between an image and its segments.
                yield self._object(container, row, inventory.Kind.FOREIGN)
                continue
            if owner != behind.image_id:
                yield from self._whole(container, base, behind)
                base, behind = None, _Segments(owner)
            if name == owner:
                base = row
            else:
                behind.add(row)
        yield from self._whole(container, base, behind)

    def _whole(self, container: str, base: dict[str, Any] | None,
               behind: _Segments) -> Iterator[inventory.Entry]:
        if base is not None and (base['bytes'] or not behind.count):
            yield self._object(container, base, inventory.Kind.IMAGE)
        elif base is not None:
            yield self._manifest(container, _time(base['last_modified']),
                                 behind)
            return
        if behind.count:
            yield self._segments(container, behind)

    def _object(self, container: str, row: dict[str, Any],
                kind: inventory.Kind) -> inventory.Entry:
        name, changed = str(row['name']), _time(row['last_modified'])
        return inventory.Entry(
            name, kind, container, inventory.image_id(name),
            listing.size(row['bytes']), None, changed, _identity(changed),
            where='%s/%s' % (container, name))

    def _manifest(self, container: str, made: float, behind: _Segments
                  ) -> inventory.Entry:
        return inventory.Entry(
            behind.image_id, inventory.Kind.MANIFEST, container,
            behind.image_id, behind.size, None, max(made, behind.changed),
            _identity(made), where='%s/%s' % (container, behind.image_id),
            note='It is in %d segments.' % behind.count)

    def _segments(self, container: str, behind: _Segments
                  ) -> inventory.Entry:
        name = behind.image_id + '-'
        return inventory.Entry(
            name, inventory.Kind.SEGMENT, container, behind.image_id,
            behind.size, None, behind.changed, '%d %d %s' % (
                behind.count, behind.size, _identity(behind.changed)),
            False, where='%s/%s*' % (container, name),
            note='There are %d segments.' % behind.count)

    # One of them.

    def look(self, entry: inventory.Entry) -> inventory.Entry | None:
        with listing.understood(self):
            return self._look(entry)

    def _look(self, entry: inventory.Entry) -> inventory.Entry | None:
        service = self._service(entry.place)
        is_segment = entry.kind is inventory.Kind.SEGMENT
        head = service.find(entry.image_id if is_segment else entry.name)
        found: inventory.Entry | None = None
        if head is not None and _MANIFEST in head:
            if not is_segment:
                found = self._manifest(
                    entry.place, float(head['x-timestamp']),
                    self._behind(service, entry.name))
        elif is_segment:
            behind = self._behind(service, entry.image_id)
            if behind.count:
                found = self._segments(entry.place, behind)
        elif head is not None:
            changed = float(head['x-timestamp'])
            found = dataclasses.replace(
                entry, size=int(head['content-length']), changed=changed,
                identity=_identity(changed))
        if found is None or entry.identity not in ('', found.identity):
            return None
        return found

    @staticmethod
    def _behind(service: swift_service.Service, image_id: str) -> _Segments:
        found = _Segments(image_id)
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
        return (name.endswith('-') and _owner(name)) or name

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


def _owner(name: str) -> str:
    """The image that a name begins with the id of; empty for none."""
    return inventory.image_id(name[:36]) if name[36:37] in ('', '-') else ''


def _user(url: str) -> str:
    """Whose account it is, by an old location, which has the key as well."""
    before, at, _place = url.partition('://')[2].rpartition('@')
    user = before.rpartition(':')[0] if at else ''
    return urllib.parse.unquote(user)


def _time(text: str) -> float:
    """Of a listing, which is ISO 8601, and always UTC."""
    return datetime.datetime.fromisoformat(text).replace(
        tzinfo=datetime.UTC).timestamp()


def _identity(made: float) -> str:
    # As many digits as Swift's own timestamps have.
    return '%.5f' % made
