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

"""GLC804"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import clones
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.audit import finding


class DisksNotInCeph(check.ServiceCheck):
    """Images are in Ceph, and the disks of a compute are not.

    Every compute then downloads each image once, and keeps it in its cache.
    That may be as you want it: disks on the host are fast. Then images gain
    nothing from being raw, and qcow2 is smaller to download.

    If the disks may be in Ceph, set ``images_type = rbd``: a server then
    starts from a clone.
    """

    code = 'GLC804'
    severity = check.INFO
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
            'images_type = qcow2\n')},
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
            'debug = false\n'),
         'nova.conf': ('[libvirt]\n'
            'images_type = qcow2\n')},
    )

    def service(self, host: hosts.Host, service: services.Service
                ) -> Iterator[finding.Finding]:
        setting = service.setting('libvirt', 'images_type')
        if setting is not None and clones.stores(host) and service.value(
                'libvirt', 'images_type') in ('raw', 'flat', 'qcow2', 'lvm'):
            yield self.found(
                service, '[libvirt] images_type',
                'Glance has a store in Ceph, and images_type is not rbd.',
                'Set images_type = rbd in [libvirt] of nova.conf, if disks '
                'may be in Ceph.', setting)
