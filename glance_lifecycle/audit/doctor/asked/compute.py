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

"""What Nova and Placement say."""

from collections.abc import Mapping
from typing import Any

from glance_lifecycle.audit.doctor.asked import collecting
from glance_lifecycle.audit.doctor import live
from glance_lifecycle.audit.doctor import masking

SERVICE = 'Compute'
PLACEMENT = 'Placement'

_MOST = 5000
_PAGE = 1000

# ``required`` came with this one.
# https://docs.openstack.org/api-ref/placement/#list-resource-providers
_VERSION = '1.18'


def daemons(client: Any, *binaries: str) -> tuple[live.Daemon, ...]:
    """Of Nova or Cinder, those with this name.

    https://docs.openstack.org/api-ref/compute/#list-compute-services
    https://docs.openstack.org/api-ref/block-storage/v3/#list-all-cinder-services
    """
    data = collecting.get(client, '/os-services')
    return tuple(live.Daemon(
        str(one['binary']), masking.name(str(one['host'])),
        one['state'] == 'up', one['status'] == 'enabled')
        for one in data['services'][:_MOST] if one['binary'] in binaries)


def booted(client: Any) -> dict[str, int]:
    """Image -> servers that were made of it, of the newest servers."""
    found: dict[str, int] = {}
    marker: dict[str, str] = {}
    for _page in range(_MOST // _PAGE):
        data = collecting.get(client, '/servers/detail', {
            'all_tenants': 'true', 'limit': _PAGE, **marker})
        servers = data['servers'] if data else []
        for server in servers:
            # One that is booted from a volume has "".
            image = server['image']
            if isinstance(image, Mapping):
                name = masking.name(str(image['id']))
                found[name] = found.get(name, 0) + 1
        if not servers or not data.get('servers_links'):
            break
        marker = {'marker': str(servers[-1]['id'])}
    return found


def computes(client: Any) -> live.Computes:
    """By the formats of images that they take.

    Nova's driver for libvirt takes raw images everywhere, and qcow2 unless
    [libvirt] images_type wants raw ones: LibvirtDriver.__init__() in
    nova/virt/libvirt/driver.py.
    """
    return live.Computes(_with(client, 'COMPUTE_IMAGE_TYPE_QCOW2'),
                         _with(client, 'COMPUTE_IMAGE_TYPE_RAW'))


def _with(client: Any, trait: str) -> tuple[str, ...]:
    data = collecting.get(
        client, '/resource_providers', {'required': trait}, headers={
            'OpenStack-API-Version': 'placement %s' % _VERSION})
    return tuple(masking.name(str(one['name']))
                 for one in data['resource_providers'][:_MOST])
