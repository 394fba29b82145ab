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

"""GLC822"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.audit import finding


class CinderNotVerified(check.ServiceCheck):
    """Cinder does not verify signatures of images.

    A volume that is made of a signed image is then whatever was downloaded.
    Cinder verifies by default, images that are signed.

    Remove the option.
    """

    code = 'GLC822'
    kind = services.CINDER
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'cinder.conf': ('[DEFAULT]\n'
            'verify_glance_signatures = disabled\n')},
    )
    good = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'cinder.conf': ('[DEFAULT]\n'
            'verify_glance_signatures = enabled\n')},
    )

    def service(self, host: hosts.Host, service: services.Service
                ) -> Iterator[finding.Finding]:
        if service.value('DEFAULT', 'verify_glance_signatures') == 'disabled':
            yield self.found(
                service, '[DEFAULT] verify_glance_signatures',
                'verify_glance_signatures is disabled.',
                'Remove verify_glance_signatures from cinder.conf.',
                service.setting('DEFAULT', 'verify_glance_signatures'))
