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

"""GLC811"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import clones
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.audit import finding


class UsersFormatKept(check.ServiceCheck):
    """Computes keep images in the format of their users.

    Without ``force_raw_images``, the file that servers are backed by is the
    qcow2 that a user made, and qemu reads its headers on the compute. It saves
    space in the cache, and costs reads.

    Leave it, if images come from people you trust; else remove it, or have
    imports make images raw.
    """

    code = 'GLC811'
    severity = check.INFO
    kind = services.NOVA
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('[DEFAULT]\n'
            'force_raw_images = no\n')},
    )
    good = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('[DEFAULT]\n'
            'force_raw_images = true\n')},
    )

    def service(self, host: hosts.Host, service: services.Service
                ) -> Iterator[finding.Finding]:
        if service.value('DEFAULT', 'force_raw_images') is False and (
                not clones.in_ceph(service)):
            yield self.found(
                service, '[DEFAULT] '
                'force_raw_images', 'force_raw_images is false.',
                'Remove force_raw_images from nova.conf.',
                service.setting('DEFAULT', 'force_raw_images'))
