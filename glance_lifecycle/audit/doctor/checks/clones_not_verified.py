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

"""GLC813"""

from collections.abc import Iterator
import contextlib

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import clones
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class ClonesNotVerified(check.Check):
    """Signatures are verified, and not those of clones.

    Nova and Cinder compare an image with its signature while they download it.
    A clone in Ceph is not downloaded: it is used as it is, whatever the option
    says.

    Verify where the fast path cannot pass by: at the import, with ``required =
    always`` in ``[lifecycle_signing]``.
    """

    code = 'GLC813'
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
            'images_rbd_pool = vms\n'
            'rbd_user = nova\n'
            'rbd_secret_uuid = 1\n'
            '[glance]\n'
            'verify_glance_signatures = true\n')},
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
            'rbd_user = cinder\n'
            '[DEFAULT]\n'
            'verify_glance_signatures = enabled\n')},
    )
    good = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'enabled_backends = fast:rbd\n'
            'show_image_direct_url = true\n'
            '[glance_store]\n'
            'default_backend = fast\n'
            '[fast]\n'
            'rbd_store_user = glance\n'
            'rbd_store_pool = images\n'
            '[lifecycle_signing]\n'
            'required = always\n'),
         'nova.conf': ('[libvirt]\n'
            'images_type = rbd\n'
            'images_rbd_pool = vms\n'
            'rbd_user = nova\n'
            'rbd_secret_uuid = 1\n'
            '[glance]\n'
            'verify_glance_signatures = true\n')},
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
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        if not clones.stores(host) or not clones.visible(host) or host.value(
                'lifecycle_signing', 'required') == 'always':
            return
        for one in host.beside.services:
            section = 'glance' if one.kind == 'nova' else 'DEFAULT'
            with contextlib.suppress(hosts.Hidden):
                setting = one.setting(section, 'verify_glance_signatures')
                wanted = one.value(section, 'verify_glance_signatures')
                if setting is not None and clones.in_ceph(one) and (
                        wanted in (True, 'enabled')):
                    yield self.found(
                        one, '[%s] verify_glance_signatures' % section,
                        'Signatures are to be verified, and images in Ceph '
                        'are cloned without.', 'Set required = always in '
                        '[lifecycle_signing] of glance-api.conf.', setting)
