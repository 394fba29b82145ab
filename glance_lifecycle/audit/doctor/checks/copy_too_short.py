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

"""GLC807"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.audit import finding


class CopyTooShort(check.ServiceCheck):
    """Nova does not wait until an image is copied.

    It asks every ``images_rbd_glance_copy_poll_interval`` seconds, and gives
    up after ``images_rbd_glance_copy_timeout``: 15 and 600 by default. Then
    the server fails, while Glance goes on copying.

    Let it wait as long as your largest image takes: its size in MiB, divided
    by what a copy reaches in MiB/s.
    """

    code = 'GLC807'
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
            'images_rbd_pool = vms\n'
            'rbd_user = nova\n'
            'rbd_secret_uuid = 1\n'
            'images_rbd_glance_store_name = fast\n'
            'images_rbd_glance_copy_timeout = 10\n')},
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
            'rbd_secret_uuid = 1\n'
            'images_rbd_glance_store_name = fast\n')},
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
            'images_rbd_glance_copy_timeout = 10\n')},
    )

    def service(self, host: hosts.Host, service: services.Service
                ) -> Iterator[finding.Finding]:
        if not service.value('libvirt', 'images_rbd_glance_store_name'):
            return
        wait = service.value('libvirt', 'images_rbd_glance_copy_timeout')
        every = service.value(
            'libvirt', 'images_rbd_glance_copy_poll_interval')
        if None not in (wait, every) and wait < max(60, 2 * every):
            yield self.found(
                service, '[libvirt] images_rbd_glance_copy_timeout',
                'Nova waits for a copy for %d seconds, and asks every %d.' % (
                    wait, every),
                'Set images_rbd_glance_copy_timeout = 600 in [libvirt].',
                service.setting('libvirt', 'images_rbd_glance_copy_timeout'),
                service.setting(
                    'libvirt', 'images_rbd_glance_copy_poll_interval'))
