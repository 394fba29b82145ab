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

"""GLC819"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import clones
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.audit import finding


class RbdDownloadBlind(check.ServiceCheck):
    """Nova is to read images from Ceph by itself, and cannot see where they
    are.

    ``enable_rbd_download`` (since Victoria) takes the place of a download only
    for an image that shows its location. Without, Nova downloads from
    glance-api, and says nothing.

    Set ``show_image_direct_url`` in glance-api.conf, or remove the option.
    """

    code = 'GLC819'
    kind = services.NOVA
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'enabled_backends = fast:rbd\n'
            '[glance_store]\n'
            'default_backend = fast\n'
            '[fast]\n'
            'rbd_store_user = glance\n'
            'rbd_store_pool = images\n'),
         'nova.conf': ('[glance]\n'
            'enable_rbd_download = true\n')},
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
         'nova.conf': ('[glance]\n'
            'enable_rbd_download = true\n')},
    )

    def service(self, host: hosts.Host, service: services.Service
                ) -> Iterator[finding.Finding]:
        if service.value('glance', 'enable_rbd_download') and (
                clones.stores(host) and not clones.visible(host)):
            yield self.found(
                service, '[glance] enable_rbd_download',
                'enable_rbd_download is true, and neither %s '
                'is.' % ' nor '.join(
                    clones.SHOWN),
                'Set show_image_direct_url = True in [DEFAULT] of '
                'glance-api.conf.',
                service.setting('glance', 'enable_rbd_download'))
