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

"""Copy-on-write in Ceph: what Nova and Cinder need for it.

Nova clones an image if its disks are in Ceph, it sees a location of the image,
and that is in the same cluster; Cinder likewise. As their drivers for RBD
decide, 2025.2 to 2026.2.
"""

from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import plugins
from glance_lifecycle.audit.doctor import service as services

SHOWN = ('show_image_direct_url', 'show_multiple_locations')
#: Of cinder.conf: with Glance 32 or newer, and with Glance 31.
AS_SERVICE = (('glance', 'auth_type'),
              ('service_user', 'send_service_user_token'))


def stores(host: hosts.Host) -> list[str]:
    """Glance's stores in Ceph."""
    return [store for store, driver in host.stores.items()
            if driver == 'rbd']


def visible(host: hosts.Host) -> bool:
    """Whether images show where they are.

    :raises Hidden: a report has taken it away
    """
    return any(host.value('DEFAULT', name) for name in SHOWN)


def cinder_sees(host: hosts.Host, service: services.Service) -> bool:
    """Whether Cinder sees where images are.

    It looks at locations where there is a direct_url, or where it asks as a
    service. To Glance 31 that is who brings a token of a service beside that
    of the user; since 32 the user who asks needs the role itself, and that
    takes credentials in [glance] of cinder.conf.

    :raises Hidden: a report has taken it away
    """
    return bool(host.value('DEFAULT', SHOWN[0]) or service.value(
        *AS_SERVICE[host.release < 32]))


def made_raw(host: hosts.Host) -> bool:
    """Whether an import makes images raw.

    :raises Hidden: a report has taken it away
    """
    enabled = plugins.enabled(host) or ()
    return plugins.OURS in enabled or (
        plugins.CONVERSION in enabled
        and host.value('image_conversion', 'output_format') == 'raw')


def in_ceph(service: services.Service) -> bool:
    """Whether Nova's disks, or volumes of Cinder, are in Ceph.

    :raises Hidden: a report has taken it away
    """
    if service.kind == services.NOVA:
        return bool(service.value('libvirt', 'images_type') == 'rbd')
    return bool(service.backends('.rbd.'))


def conf_names(service: services.Service) -> list[str]:
    """Of the ceph.conf that it reads."""
    if service.kind == services.NOVA:
        return [service.value('libvirt', 'images_rbd_ceph_conf') or '']
    return [service.value(one, 'rbd_ceph_conf') or ''
            for one in service.backends('.rbd.')]
