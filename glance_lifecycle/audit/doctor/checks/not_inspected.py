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

"""GLC812"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.audit import finding


class NotInspected(check.ServiceCheck):
    """Nova does not look into images before qemu does.

    An image may name a file of the compute as its backing file or as where its
    data are, and a server then reads that file (CVE-2024-32498). Nova has the
    option since it looks.

    Remove it. If an image is refused that is good, correct its
    ``disk_format``.
    """

    code = 'GLC812'
    severity = check.ERROR
    kind = services.NOVA
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('[workarounds]\n'
            'disable_deep_image_inspection = true\n')},
    )
    good = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('[workarounds]\n'
            'disable_deep_image_inspection = false\n')},
    )

    def service(self, host: hosts.Host, service: services.Service
                ) -> Iterator[finding.Finding]:
        if service.value('workarounds', 'disable_deep_image_inspection'):
            yield self.found(
                service, '[workarounds] disable_deep_image_inspection',
                'disable_deep_image_inspection is true.',
                'Remove disable_deep_image_inspection from [workarounds].',
                service.setting(
                    'workarounds', 'disable_deep_image_inspection'))
