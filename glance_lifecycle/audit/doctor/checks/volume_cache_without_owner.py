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

"""GLC823"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.audit import finding


class VolumeCacheWithoutOwner(check.ServiceCheck):
    """The cache of volumes is never used.

    Cinder keeps the cached volumes in a project of its own. Without
    ``cinder_internal_tenant_project_id`` and
    ``cinder_internal_tenant_user_id``, nothing is cached, and only a debug
    line says so.

    Set both in ``[DEFAULT]``.
    """

    code = 'GLC823'
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
            'image_volume_cache_enabled = true\n')},
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
            'image_volume_cache_enabled = true\n'
            '[DEFAULT]\n'
            'cinder_internal_tenant_project_id = 1\n'
            'cinder_internal_tenant_user_id = 2\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'cinder.conf': ('[DEFAULT]\n'
            'enabled_backends = ceph\n'
            '[ceph]\n'
            'volume_driver = cinder.volume.drivers.rbd.RBDDriver\n'
            'rbd_pool = volumes\n'
            'rbd_user = cinder\n')},
    )

    _NAMES = ('cinder_internal_tenant_project_id',
              'cinder_internal_tenant_user_id')

    def service(self, host: hosts.Host, service: services.Service
                ) -> Iterator[finding.Finding]:
        missing = [name for name in self._NAMES
                   if not service.value('DEFAULT', name)]
        for section in service.value('DEFAULT', 'enabled_backends') or ():
            if missing and service.value(
                    section, 'image_volume_cache_enabled'):
                yield self.found(
                    service, '[%s] image_volume_cache_enabled' % masking.value(
                        section),
                    'It is true, and [DEFAULT] lacks '
                    '%s.' % ' and '.join(missing),
                    'Set %s in [DEFAULT] of '
                    'cinder.conf.' % ' and '.join(missing),
                    service.setting(section, 'image_volume_cache_enabled'))
