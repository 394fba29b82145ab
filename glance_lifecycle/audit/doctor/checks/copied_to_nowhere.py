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

"""GLC805"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import clones
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.audit import finding


class CopiedToNowhere(check.ServiceCheck):
    """Nova has images copied to a store that Glance does not have.

    Before it boots from an image that its cluster lacks, Nova asks Glance to
    copy it to ``images_rbd_glance_store_name`` (since Victoria). If there is
    no such store, or it is not in Ceph, the copy fails, and with it the
    server.

    Name a store of ``enabled_backends`` that is in Nova's own cluster.
    """

    code = 'GLC805'
    severity = check.ERROR
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
            'images_rbd_glance_store_name = slow\n')},
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
            'rbd_secret_uuid = 1\n')},
    )

    def service(self, host: hosts.Host, service: services.Service
                ) -> Iterator[finding.Finding]:
        name = service.value('libvirt', 'images_rbd_glance_store_name')
        if name and clones.in_ceph(service) and host.stores and (
                host.stores.get(name) != 'rbd'):
            yield self.found(
                service, '[libvirt] images_rbd_glance_store_name',
                'Glance has no store in Ceph of the name '
                '"%s".' % masking.value(name),
                'Set images_rbd_glance_store_name to one of: %s.' % (', '.join(
                    map(masking.value, clones.stores(host)[:5])) or '(none)'),
                service.setting('libvirt', 'images_rbd_glance_store_name'))
