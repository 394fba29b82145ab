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

"""What the Image service says by Keystone's catalogue."""

from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import datetime
from typing import Any

from glance_lifecycle.audit.doctor.asked import collecting
from glance_lifecycle.audit.doctor import live
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import image_api

# Not "queued": a record may wait for its data for ever.
_WAITING = ('saving', 'uploading', 'importing', 'pending_delete')
_LONG = datetime.timedelta(hours=1)
_MOST = 1000
_PAGE = 250


def ask(asked: collecting.Asked, connection: Any) -> live.Live:
    # openstacksdk asks for the versions as soon as it is named.
    client = asked.answer('say which versions it has',
                          lambda: connection.image)
    if client is None:
        return live.Live()
    stores = asked.answer('list its stores', lambda: detailed(client))
    ceph = [one.id for one in stores or () if one.kind == 'rbd']
    return live.Live(
        endpoint=asked.answer('show its address', lambda: str(
            client.get_endpoint()).rstrip('/')) or '',
        methods=asked.answer('show its import methods',
                             lambda: methods(client, '/info')),
        stores=stores,
        usage=asked.answer('show the usage', lambda: usage(client)),
        stuck=asked.answer('list the images', lambda: _stuck(client)),
        not_raw=asked.answer('list the images', lambda: _not_raw(
            client, ceph)) if ceph else {}, most=_MOST,
        images=asked.answer('list the images', lambda: tuple(map(
            live.image, _images(client, {
                'status': 'active', 'visibility': 'all'})))))


def methods(client: Any, base: str, **options: Any) -> tuple[str, ...]:
    """Of import, as whoever is at this address has them.

    :param base: of the path, or the URL
    """
    data = collecting.get(client, base + '/import', **options)
    return tuple(masking.name(str(one))
                 for one in data['import-methods']['value'])


def stores(client: Any, base: str, **options: Any) -> tuple[live.Store, ...]:
    """Likewise; none where they have no names."""
    data = collecting.get(client, base + '/stores', **options)
    return () if data is None else tuple(live.Store(
        masking.name(str(one['id'])), _true(one.get('default')),
        _true(one.get('read-only'))) for one in data['stores'])


def detailed(client: Any) -> tuple[live.Store, ...]:
    """The stores, with what this user may know of each."""
    found = stores(client, '/info')
    response = collecting.fetch(client, '/info/stores/detail')
    # Only an administrator may know.
    if not found or response.status in (403, 404):
        return found
    if response.status != 200:
        raise collecting.Unexpected('HTTP %d' % response.status)
    details = {masking.name(str(one['id'])): one
               for one in response.data['stores']}
    return tuple(dataclasses.replace(
        one, kind=masking.name(str(details[one.id].get('type', ''))),
        details=_details(details[one.id].get('properties') or {}))
        if one.id in details else one for one in found)


def _details(found: Mapping[str, Any]) -> dict[str, str]:
    return {name: masking.value(str(found[name])) for name in live.PROPERTIES
            if found.get(name) is not None}


def _true(value: object) -> bool:
    """The Image API writes "true", and leaves out what is false."""
    return str(value).lower() == 'true'


def usage(client: Any) -> dict[str, live.Usage]:
    """Of the user's project; none where there are no limits."""
    data = collecting.get(client, '/info/usage')
    return {} if data is None else {
        masking.name(name): live.Usage(int(one['limit']), int(one['usage']))
        for name, one in data['usage'].items()}


def _images(client: Any, query: Mapping[str, Any]
            ) -> Iterator[Mapping[str, Any]]:
    """The first of them, ``_MOST`` at most."""
    marker: dict[str, str] = {}
    for _page in range(_MOST // _PAGE):
        response = collecting.fetch(client, '/images', {
            **query, 'limit': _PAGE, **marker})
        # What it names was deleted in the meantime.
        if marker and response.status in (400, 404):
            return
        if response.status != 200:
            raise collecting.Unexpected('HTTP %d' % response.status)
        images = response.data['images']
        yield from images
        if len(images) < _PAGE:
            return
        marker = {'marker': images[-1]['id']}


def _stuck(client: Any) -> dict[str, int]:
    before = datetime.datetime.now(datetime.UTC) - _LONG
    when = before.strftime('lt:%Y-%m-%dT%H:%M:%SZ')
    found = {status: sum(1 for _one in _images(client, {
        'status': status, 'updated_at': when, 'visibility': 'all'}))
        for status in _WAITING}
    return {status: count for status, count in found.items() if count}


def _not_raw(client: Any, ceph: list[str]) -> dict[str, int]:
    found = dict.fromkeys(ceph, 0)
    for kind in live.NOT_RAW:
        for image in _images(client, {'status': 'active', 'disk_format': kind,
                                      'visibility': 'all'}):
            for store in image_api.stores_of(image):
                if store in found:
                    found[store] += 1
    return {store: count for store, count in found.items() if count}
