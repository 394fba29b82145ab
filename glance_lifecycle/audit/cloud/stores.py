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

"""The stores: what the Image API says of each -> those of the document."""

from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from openstack import exceptions as sdk_exceptions

from glance_lifecycle.audit.cloud import document
from glance_lifecycle.audit.cloud import images
from glance_lifecycle.audit import image_api
from glance_lifecycle.planning import cloud_checks

_KINDS = ('rbd', 'file', 's3', 'swift')

# What locations begin with, where Glance does not say of which kind a store
# is.
_SCHEMES = {'rbd': 'rbd', 'file': 'file', 's3': 's3', 's3+http': 's3',
            's3+https': 's3', 'swift': 'swift', 'swift+http': 'swift',
            'swift+https': 'swift', 'swift+config': 'swift'}

#: Bytes, of a store whose room nobody knows.
ROOM = 1024 ** 5

#: Of a GiB and month, where the operator gives no price: all disks cost the
#: same, so that what is stored more often is dearer.
PRICE = 1


def asked(client: Any) -> list[Mapping[str, Any]]:
    """What Glance says of its stores; none where they have no names.

    https://docs.openstack.org/api-ref/image/v2/#list-stores

    :raises LifecycleError: it cannot be asked
    """
    with image_api.asking('list its stores'):
        names = client.get('/info/stores')
        if names.status_code == 404:
            return []
        sdk_exceptions.raise_from_response(names)
        listed = {str(one['id']): one for one in names.json()['stores']}
        details = client.get('/info/stores/detail')
        if details.status_code in (403, 404):
            # For administrators only.
            return list(listed.values())
        sdk_exceptions.raise_from_response(details)
        return [{**listed.get(str(one['id']), {}), **one}
                for one in details.json()['stores']]


def items(found: Iterable[Mapping[str, Any]], note: document.Note
          ) -> list[document.Item]:
    """Those of the document, as far as Glance tells."""
    made: list[document.Item] = []
    for one in found:
        if len(made) == document.MOST_STORES:
            note('There are more than %d stores, and only so many are looked '
                 'at.' % document.MOST_STORES)
            break
        kind = one.get('type')
        item: document.Item = {'name': document.name(one['id'])}
        if kind is not None:
            item['kind'] = kind if kind in _KINDS else 'other'
        properties = one.get('properties')
        if isinstance(properties, Mapping):
            item |= _detailed(item.get('kind'), properties)
        if isinstance(one.get('weight'), int):
            item['weight'] = max(-10 ** 6, min(10 ** 6, one['weight']))
        made.append(item)
    return made


def _detailed(kind: object, properties: Mapping[str, Any]) -> document.Item:
    item: document.Item = {}
    if isinstance(properties.get('thin_provisioning'), bool):
        item['thin'] = document.read(properties['thin_provisioning'])
    fsid = str(properties.get('fsid') or '').lower()
    if kind == 'rbd' and is_fsid(fsid):
        item['fsid'] = fsid
    return item


def is_fsid(text: str) -> bool:
    """Whether the document takes it as one."""
    return 0 < len(text) <= 255 and text.isascii() and (
        text.replace('-', '').isalnum())


def default(found: Iterable[Mapping[str, Any]]) -> str:
    """Name of the default store; empty if Glance names none."""
    return next((document.name(one['id']) for one in found
                 if str(one.get('default')).lower() == 'true'), '')


def filled(stores: list[document.Item], catalogue: images.Catalogue,
           note: document.Note) -> None:
    """Fill in what locations of images say, and what nobody says.

    After all that is read, measured and given: this is the rest.
    """
    for store in stores:
        name = store['name']
        if 'kind' not in store:
            scheme = catalogue.schemes.get(name)
            store['kind'] = _SCHEMES.get(
                scheme.most_common(1)[0][0], 'other') if scheme else 'other'
            note('Glance tells the driver of store %s only to an '
                 'administrator. %s is taken for it.' % (name, store['kind']))
        if store['kind'] == 'rbd' and 'fsid' not in store:
            fsid = catalogue.fsid(name)
            if not is_fsid(fsid):
                fsid = 'unknown'
                note('The cluster of store %s is not known: no image shows '
                     'a location there. Run this on a host of glance-api, or '
                     'give "fsid".' % name)
            store['fsid'] = fsid
        _room(store, catalogue.held[name], note)
    unpriced = [store['name'] for store in stores
                if 'cost_per_gib_month' not in store]
    for store in stores:
        store.setdefault('cost_per_gib_month', document.assumed(PRICE))
    if unpriced:
        note('No service knows what stores cost. All disks are taken to cost '
             'the same, %d for a GiB and month, in store %s. Give '
             '"cost_per_gib_month" for each.' % (PRICE, ', '.join(unpriced)))


def _room(store: document.Item, held: int, note: document.Note) -> None:
    if 'free' not in store:
        store['free'] = document.assumed(ROOM)
        note('The room in store %s is not known, and is taken to be enough. '
             '%s' % (store['name'], (
                 'Run this on a host of glance-api, or give "capacity" and '
                 '"free".' if store['kind'] in ('rbd', 'file') else
                 'No store of this kind tells it: give "capacity" and '
                 '"free".')))
    if 'capacity' not in store:
        store['capacity'] = document.assumed(document.total(
            cloud_checks.plain(store['free']), held))
