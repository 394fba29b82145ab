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

"""GLC808"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import clones
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.audit import finding


class NovaCephUser(check.ServiceCheck):
    """Nova keeps its disks in Ceph, and does not say as whom.

    Without ``rbd_user``, librados connects as client.admin, which a compute
    should not have the key of; without ``rbd_secret_uuid``, libvirt gives qemu
    no key, and no server starts in a cluster that asks for one.

    Set both in ``[libvirt]``.
    """

    code = 'GLC808'
    kind = services.NOVA
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'enabled_backends = fast:rbd\n'
            'show_image_direct_url = true\n'
            '[glance_store]\n'
            'default_backend = fast\n'
            '[fast]\n'
            'rbd_store_user = glance\n'
            'rbd_store_pool = images\n'),
         'nova.conf': ('[libvirt]\n'
            'images_type = rbd\n'
            'rbd_user = nova\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'enabled_backends = fast:rbd\n'
            'show_image_direct_url = true\n'
            '[glance_store]\n'
            'default_backend = fast\n'
            '[fast]\n'
            'rbd_store_user = glance\n'
            'rbd_store_pool = images\n'),
         'nova.conf': ('[libvirt]\n'
            'images_type = rbd\n')},
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
         'nova.conf': ('[libvirt]\n'
            'images_type = rbd\n'
            'images_rbd_pool = vms\n'
            'rbd_user = nova\n'
            'rbd_secret_uuid = 1\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'enabled_backends = fast:rbd\n'
            'show_image_direct_url = true\n'
            '[glance_store]\n'
            'default_backend = fast\n'
            '[fast]\n'
            'rbd_store_user = glance\n'
            'rbd_store_pool = images\n'),
         'nova.conf': ('[libvirt]\n'
            'images_type = rbd\n'
            'rbd_user = nova\n'),
         'ceph.conf': ('[global]\n'
            'auth client required = none\n')},
    )

    def service(self, host: hosts.Host, service: services.Service
                ) -> Iterator[finding.Finding]:
        if not clones.in_ceph(service):
            return
        conf = service.ceph_conf(service.value(
            'libvirt', 'images_rbd_ceph_conf') or '')
        if conf is not None and conf.value('auth_client_required') == 'none':
            return
        for name in ('rbd_user', 'rbd_secret_uuid'):
            if not service.value('libvirt', name):
                yield self.found(
                    service, '[libvirt] %s' % name,
                    'images_type is rbd, and %s is not set.' % name,
                    'Set %s in [libvirt] of nova.conf.' % name,
                    service.setting('libvirt', 'images_type'))
