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

"""The running services, asked by the user's own rights.

Only what is read is asked for, and nothing is changed. A question that is not
answered is noted, and the others are asked all the same.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import datetime
from typing import Any
from typing import TypeVar

from glance_lifecycle.audit.doctor import live
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import image_api
from glance_lifecycle import exceptions

T = TypeVar('T')

# Not "queued": a record may wait for its data for ever.
_WAITING = ('saving', 'uploading', 'importing', 'pending_delete')
_LONG = datetime.timedelta(hours=1)
_MOST = 1000
_PAGE = 250


class _Asked:
    """Each question once, and what went wrong."""

    def __init__(self) -> None:
        self.unknown: list[str] = []

    def answer(self, what: str, ask: Callable[[], T],
               service: str = 'Image') -> T | None:
        try:
            with image_api.asking(what, service):
                return ask()
        except exceptions.LifecycleError as error:
            self.unknown.append('%s.' % str(error).rstrip('.'))
        except (AttributeError, KeyError, TypeError, ValueError):
            self.unknown.append(
                'The %s service answered with what nobody understands, when '
                'it was asked to %s.' % (service, what))
        return None


def collect(connection: Any) -> live.Live:
    """What they say now.

    :param connection: of openstacksdk
    """
    asked = _Asked()
    image = _image(asked, connection)
    return dataclasses.replace(
        image,
        limits=asked.answer('list its limits', lambda: _limits(connection),
                            'Identity'),
        endpoints=asked.answer('show its catalogue', lambda: _endpoints(
            connection), 'Identity'), unknown=tuple(asked.unknown))


def _image(asked: _Asked, connection: Any) -> live.Live:
    # openstacksdk asks for the versions as soon as it is named.
    client = asked.answer('say which versions it has',
                          lambda: connection.image)
    if client is None:
        return live.Live()
    get = image_api.getter(client)
    stores = asked.answer('list its stores', lambda: _stores(client))
    ceph = [one.id for one in stores or () if one.kind == 'rbd']
    return live.Live(
        endpoint=asked.answer('show its address', lambda: str(
            client.get_endpoint()).rstrip('/')) or '',
        methods=asked.answer('show its import methods', lambda: tuple(
            get('/info/import', {})['import-methods']['value'])),
        stores=stores,
        usage=asked.answer('show the usage', lambda: _usage(client)),
        stuck=asked.answer('list the images', lambda: _stuck(get)),
        not_raw=asked.answer('list the images', lambda: _not_raw(
            get, ceph)) if ceph else {}, most=_MOST)


def _stores(client: Any) -> tuple[live.Store, ...]:
    kinds = image_api.store_kinds(client) or {}
    response = client.get('/info/stores')
    if response.status_code == 404:
        return ()
    response.raise_for_status()
    return tuple(live.Store(
        masking.name(str(one['id'])), _true(one.get('default')),
        _true(one.get('read-only')), str(kinds.get(one['id'], '')))
        for one in response.json()['stores'])


def _true(value: object) -> bool:
    """The Image API writes "true", and leaves out what is false."""
    return str(value).lower() == 'true'


def _usage(client: Any) -> dict[str, live.Usage]:
    response = client.get('/info/usage')
    if response.status_code == 404:
        return {}
    response.raise_for_status()
    return {masking.name(name): live.Usage(
        int(one['limit']), int(one['usage']))
        for name, one in response.json()['usage'].items()}


def _limits(connection: Any) -> tuple[str, ...]:
    return tuple(sorted({
        one.resource_name for one in connection.identity.registered_limits()
        if one.resource_name in live.LIMITS}))


def _endpoints(connection: Any) -> tuple[live.Endpoint, ...]:
    auth = connection.session.auth
    access = getattr(auth, 'get_access', None)
    if access is None:
        return ()
    found = access(connection.session).service_catalog.get_endpoints_data(
        service_type='image')
    return tuple(live.Endpoint(
        str(one.interface), masking.name(str(one.region_name or '')),
        masking.plain(str(one.url)))
        for each in found.values() for one in each)


def _images(get: image_api.Get, query: Mapping[str, Any]
            ) -> Iterator[Mapping[str, Any]]:
    """The first of them, ``_MOST`` at most."""
    marker: dict[str, str] = {}
    for _page in range(_MOST // _PAGE):
        answer = get('/images', {**query, 'limit': _PAGE, **marker})
        images = answer['images'] if answer else []
        yield from images
        if len(images) < _PAGE:
            return
        marker = {'marker': images[-1]['id']}


def _stuck(get: image_api.Get) -> dict[str, int]:
    before = datetime.datetime.now(datetime.UTC) - _LONG
    when = before.strftime('lt:%Y-%m-%dT%H:%M:%SZ')
    found = {status: sum(1 for _one in _images(get, {
        'status': status, 'updated_at': when, 'visibility': 'all'}))
        for status in _WAITING}
    return {status: count for status, count in found.items() if count}


def _not_raw(get: image_api.Get, ceph: list[str]) -> dict[str, int]:
    found = dict.fromkeys(ceph, 0)
    for kind in ('qcow2', 'vmdk', 'vdi', 'vhd', 'vhdx'):
        for image in _images(get, {'status': 'active', 'disk_format': kind,
                                   'visibility': 'all'}):
            for store in image_api.stores_of(image):
                if store in found:
                    found[store] += 1
    return {store: count for store, count in found.items() if count}
