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

"""GLC810"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import clones
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.audit import finding


class RawNotForced(check.ServiceCheck):
    """nova-compute does not start.

    With its disks in Ceph, Nova must make images raw, as qemu reads no other
    format there. It refuses ``force_raw_images = False`` (bug 1816686).

    Remove ``force_raw_images``.
    """

    code = 'GLC810'
    severity = check.ERROR
    kind = services.NOVA
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('[DEFAULT]\n'
            'force_raw_images = false\n'
            '[libvirt]\n'
            'images_type = rbd\n'
            'images_rbd_pool = vms\n'
            'rbd_user = nova\n'
            'rbd_secret_uuid = 1\n')},
    )
    good = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('[libvirt]\n'
            'images_type = rbd\n'
            'images_rbd_pool = vms\n'
            'rbd_user = nova\n'
            'rbd_secret_uuid = 1\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('[DEFAULT]\n'
            'force_raw_images = false\n')},
    )

    def service(self, host: hosts.Host, service: services.Service
                ) -> Iterator[finding.Finding]:
        if clones.in_ceph(service) and service.value(
                'DEFAULT', 'force_raw_images') is False:
            yield self.found(
                service, '[DEFAULT] force_raw_images',
                'images_type is rbd, and force_raw_images is false.',
                'Remove force_raw_images from nova.conf.',
                service.setting('DEFAULT', 'force_raw_images'),
                service.setting('libvirt', 'images_type'))
