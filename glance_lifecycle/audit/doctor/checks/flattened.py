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

"""GLC825"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.audit import finding


class Flattened(check.ServiceCheck):
    """Volumes from snapshots are copied whole.

    ``rbd_flatten_volume_from_snapshot`` makes a full copy of what would be a
    clone. It frees the snapshot, and costs the time and the space of the whole
    volume.

    Remove it, unless snapshots must go before the volumes that were made of
    them.
    """

    code = 'GLC825'
    severity = check.INFO
    kind = services.CINDER
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'cinder.conf': ('[DEFAULT]\n'
            'enabled_backends = ceph\n'
            '[ceph]\n'
            'volume_driver = cinder.volume.drivers.rbd.RBDDriver\n'
            'rbd_pool = volumes\n'
            'rbd_user = cinder\n'
            'rbd_flatten_volume_from_snapshot = true\n')},
    )
    good = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'cinder.conf': ('[DEFAULT]\n'
            'enabled_backends = ceph\n'
            '[ceph]\n'
            'volume_driver = cinder.volume.drivers.rbd.RBDDriver\n'
            'rbd_pool = volumes\n'
            'rbd_user = cinder\n'
            'rbd_flatten_volume_from_snapshot = false\n')},
    )

    def service(self, host: hosts.Host, service: services.Service
                ) -> Iterator[finding.Finding]:
        for section in service.backends('.rbd.'):
            if service.value(section, 'rbd_flatten_volume_from_snapshot'):
                yield self.found(
                    service, '[%s] '
                    'rbd_flatten_volume_from_snapshot' % masking.value(
                        section), 'rbd_flatten_volume_from_snapshot is true.',
                    'Remove rbd_flatten_volume_from_snapshot from [%s].'
                    % masking.value(section),
                    service.setting(
                        section, 'rbd_flatten_volume_from_snapshot'))
