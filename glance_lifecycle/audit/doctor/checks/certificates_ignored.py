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

"""GLC814"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.audit import finding


class CertificatesIgnored(check.ServiceCheck):
    """Nova's options for certificates have no effect.

    ``enable_certificate_validation`` counts only with
    ``verify_glance_signatures``, and ``default_trusted_certificate_ids`` only
    with both.

    Set ``verify_glance_signatures``, or remove the others.
    """

    code = 'GLC814'
    kind = services.NOVA
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('[glance]\n'
            'enable_certificate_validation = true\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('[glance]\n'
            'default_trusted_certificate_ids = a,b\n')},
    )
    good = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('[glance]\n'
            'verify_glance_signatures = true\n'
            'enable_certificate_validation = true\n'
            'default_trusted_certificate_ids = a\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('[glance]\n'
            'num_retries = 3\n')},
    )

    def service(self, host: hosts.Host, service: services.Service
                ) -> Iterator[finding.Finding]:
        verified = service.value('glance', 'verify_glance_signatures')
        validated = service.value('glance', 'enable_certificate_validation')
        if validated and verified is False:
            name, missing = ('enable_certificate_validation',
                             'verify_glance_signatures')
        elif validated is False and service.value(
                'glance', 'default_trusted_certificate_ids'):
            name, missing = ('default_trusted_certificate_ids',
                             'enable_certificate_validation')
        else:
            return
        yield self.found(
            service, '[glance] %s' % name,
            '%s is set, and %s is not true.' % (name, missing),
            'Set %s = True in [glance] of nova.conf.' % missing,
            service.setting('glance', name),
            service.setting('glance', missing))
