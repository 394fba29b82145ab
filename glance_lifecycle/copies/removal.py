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

"""One copy of an image dropped by Glance, after all was asked about it.

Glance itself drops it, so that its policy counts, and ours. What speaks
against it, ``dropping`` knows; here is where that is looked up.
"""

from __future__ import annotations

from typing import Any
from typing import TYPE_CHECKING
import urllib.parse

from openstack import exceptions as sdk_exceptions

from glance_lifecycle.audit import image_api
from glance_lifecycle.copies import dropping
from glance_lifecycle.copies import known
from glance_lifecycle.dependents import base
from glance_lifecycle.dependents import loading

if TYPE_CHECKING:
    from glance_lifecycle.copies import facade

_PROVIDER = 'rbd_children'

_ELSEWHERE = 'not looked at: no configuration of glance-api here'


def look(resource: Any, host: facade.Copies | None) -> list[known.Copy]:
    """All copies of an image, as far as can be seen from here.

    :param resource: an ``openstack.image.v2.image.Image``
    :param host: None where this is no host of glance-api
    """
    if host is None:
        return [known.Copy(store, detail=_ELSEWHERE)
                for store in image_api.stores_of(resource.properties or {})]
    return host.look()


def plan(client: Any, resource: Any, store: str,
         host: facade.Copies | None, ceph: base.Ceph | None = None, *,
         ceph_timeout: float = 10.0) -> dropping.Plan:
    """What dropping that copy means; changes nothing.

    :param client: the image proxy of an openstacksdk connection
    :param ceph: how to log in; None for as the stores do
    :raises LifecycleError: it cannot be told
    """
    properties = resource.properties or {}
    return dropping.plan(
        resource.id, resource.name or '', store,
        properties.get('os_glance_import_task'), look(resource, host),
        _clones(client, resource, store, host, ceph, ceph_timeout),
        None if host is None else host.against(store))


def drop(client: Any, plan: dropping.Plan) -> None:
    """Let Glance drop it, as far as its policy lets this user.

    :raises ServiceError: it does not
    """
    with image_api.asking('drop the copy in store %s' %
                          plan.destroyed.store):
        sdk_exceptions.raise_from_response(client.delete(
            '/stores/%s/%s' % (urllib.parse.quote(
                plan.destroyed.store, safe=''), plan.image_id)))


def _clones(client: Any, resource: Any, store: str,
            host: facade.Copies | None, ceph: base.Ceph | None,
            timeout: float) -> base.Answer:
    """What was cloned from this very copy."""
    if store not in image_api.stores_of(resource.properties or {}):
        return base.Answer(_PROVIDER, True)
    clusters = {'': ceph or base.Ceph()}
    if host is not None:
        url = next((c.url for c in host.image.copies if c.store == store),
                   None)
        if ceph is None:
            clusters = host.ceph_clusters()
    else:
        with image_api.asking('tell where image %s is' % resource.id):
            kinds = image_api.store_kinds(client) or {}
            if kinds.get(store, 'rbd') != 'rbd':
                return base.Answer(_PROVIDER, True)
            url = _location(client, resource, store)
    if url is None:
        return base.Answer(
            _PROVIDER, False, 'Glance does not show where it is stored. Run '
            'it on a host of glance-api')
    provider = loading.providers([_PROVIDER], None, base.Settings(
        ceph=clusters, ceph_timeout=timeout))[0]
    return provider.ask(base.Image(
        resource.id, locations=(base.Location(url, store),)))


def _location(client: Any, resource: Any, store: str) -> str | None:
    """Where it is, if this user is shown that.

    https://docs.openstack.org/api-ref/image/v2/#show-image-locations
    """
    locations = resource.locations
    if locations is None:
        response = client.get('/images/%s/locations' % resource.id)
        locations = response.json() if response.status_code == 200 else []
    for location in locations:
        if (location.get('metadata') or {}).get('store') == store:
            return str(location.get('url') or '') or None
    return None
