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

"""GLC815"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.audit import finding


class AnyCertificate(check.ServiceCheck):
    """Nova verifies signatures with any certificate.

    The image itself names the certificate that its signature is verified with.
    Without a list of those to trust, everybody can sign an image with one of
    their own.

    Set ``enable_certificate_validation``, and the ids that you trust in
    ``default_trusted_certificate_ids``.
    """

    code = 'GLC815'
    kind = services.NOVA
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('[glance]\n'
            'verify_glance_signatures = true\n')},
    )
    good = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('[glance]\n'
            'verify_glance_signatures = true\n'
            'enable_certificate_validation = true\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('[glance]\n'
            'verify_glance_signatures = false\n')},
    )

    def service(self, host: hosts.Host, service: services.Service
                ) -> Iterator[finding.Finding]:
        verified = service.value('glance', 'verify_glance_signatures')
        if verified and service.value(
                'glance', 'enable_certificate_validation') is False:
            yield self.found(
                service, '[glance] enable_certificate_validation',
                'verify_glance_signatures is true, and '
                'enable_certificate_validation is '
                'not.', 'Set enable_certificate_validation = True and '
                'default_trusted_certificate_ids in [glance] of nova.conf.',
                service.setting('glance', 'verify_glance_signatures'))
