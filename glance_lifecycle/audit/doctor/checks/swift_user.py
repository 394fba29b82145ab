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

"""GLC219"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding

_CONF = ('[DEFAULT]\nenabled_backends = a:swift\n[glance_store]\n'
         'default_backend = a\n[a]\n'
         'swift_store_auth_address = https://keystone.example/v3\n'
         'swift_store_key = s3cr3t\nswift_store_user = %s\n')


class SwiftUser(check.Check):
    """The user of a Swift store is not PROJECT:USER.

    glance_store splits it at its only colon. Without one, or with two, each
    upload and each download fails with "Badly formed tenant:user".

    Write the project before the user.
    """

    code = 'GLC219'
    severity = check.ERROR
    bad = ({'glance-api.conf': _CONF % 'glance'},
           {'glance-api.conf': _CONF % 'a:b:c'})
    good = (
        {'glance-api.conf': _CONF % 'service:glance'},
        {'glance-api.conf': _CONF % 'glance'
         + 'swift_store_application_credential_id = 1\n'
         'swift_store_application_credential_secret = s3cr3t\n'},
        {'glance-api.conf': _CONF % 'glance'
         + 'swift_store_config_file = /etc/glance/swift.conf\n'},
        {'glance-api.conf': _CONF % '*********'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for store, driver in host.stores.items():
            if driver != 'swift' or any(
                    host.setting(store, 'swift_store_' + name) for name in (
                        'config_file', 'application_credential_id')):
                continue
            user = host.value(store, 'swift_store_user')
            if user and user.count(':') != 1:
                yield self.found(
                    host, 'store %s' % masking.name(store),
                    'swift_store_user of the store %s must be PROJECT:USER, '
                    'and has %s.' % (
                        masking.name(store), '%d colons' % user.count(':')
                        if ':' in user else 'no colon'),
                    'Set swift_store_user = PROJECT:USER in [%s].'
                    % masking.name(store),
                    host.setting(store, 'swift_store_user'))
