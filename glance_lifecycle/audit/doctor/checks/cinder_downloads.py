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

"""GLC821"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import clones
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.audit import finding


class CinderDownloads(check.ServiceCheck):
    """Cinder keeps volumes in Ceph, and cannot see where images are.

    Where ``show_image_direct_url`` does not show it, Cinder asks for the
    locations as a service, and needs credentials of its own for that;
    ``show_multiple_locations`` alone does not help Cinder. Without, it only
    logs a warning, and each volume is downloaded and written whole.

    Set ``auth_type`` and credentials in ``[glance]`` of cinder.conf. Their
    user needs the roles service and admin: without admin, it finds no private
    image of others, and volumes of these fail. With Glance 31, set
    ``send_service_user_token`` in ``[service_user]`` instead. Either is better
    than to show locations to everybody.
    """

    code = 'GLC821'
    kind = services.CINDER
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'enabled_backends = fast:rbd\n'
            '[glance_store]\n'
            'default_backend = fast\n'
            '[fast]\n'
            'rbd_store_user = glance\n'
            'rbd_store_pool = images\n'),
         'cinder.conf': ('[DEFAULT]\n'
            'enabled_backends = ceph\n'
            '[ceph]\n'
            'volume_driver = cinder.volume.drivers.rbd.RBDDriver\n'
            'rbd_pool = volumes\n'
            'rbd_user = cinder\n')},
    )
    good = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'enabled_backends = fast:rbd\n'
            'show_image_direct_url = true\n'
            '[glance_store]\n'
            'default_backend = fast\n'
            '[fast]\n'
            'rbd_store_user = glance\n'
            'rbd_store_pool = images\n'),
         'cinder.conf': ('[DEFAULT]\n'
            'enabled_backends = ceph\n'
            '[ceph]\n'
            'volume_driver = cinder.volume.drivers.rbd.RBDDriver\n'
            'rbd_pool = volumes\n'
            'rbd_user = cinder\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'enabled_backends = fast:rbd\n'
            '[glance_store]\n'
            'default_backend = fast\n'
            '[fast]\n'
            'rbd_store_user = glance\n'
            'rbd_store_pool = images\n'),
         'cinder.conf': ('[DEFAULT]\n'
            'enabled_backends = ceph\n'
            '[ceph]\n'
            'volume_driver = cinder.volume.drivers.rbd.RBDDriver\n'
            'rbd_pool = volumes\n'
            'rbd_user = cinder\n'
            # One for each release of Glance.
            '[glance]\n'
            'auth_type = password\n'
            '[service_user]\n'
            'send_service_user_token = true\n')},
    )

    def service(self, host: hosts.Host, service: services.Service
                ) -> Iterator[finding.Finding]:
        if clones.in_ceph(service) and clones.stores(host) and (
                not clones.cinder_sees(host, service)):
            section, name = clones.AS_SERVICE[host.release < 32]
            yield self.found(
                service, '[%s] %s' % (section, name),
                'Volumes are in Ceph, images have no direct_url, and Cinder '
                'does not ask for locations as a service.',
                'Set send_service_user_token = True in [service_user] of '
                'cinder.conf, with the credentials of a user with the role '
                'service.' if host.release < 32 else
                'Set auth_type in [glance] of cinder.conf, with the '
                'credentials of a user with the roles service and admin.',
                service.setting(section, name),
                service.setting('DEFAULT', 'enabled_backends'))
