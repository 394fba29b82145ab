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

"""GLC705"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import credentials
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class LimitsIncomplete(check.Check):
    """Quotas of Keystone are asked for, and Glance cannot ask.

    With ``use_keystone_limits``, each upload and import asks Keystone for the
    limits of Glance's endpoint. Without an endpoint, or without credentials,
    each of them fails.

    Set what is named in ``[oslo_limit]``: the id of Glance's endpoint
    (``openstack endpoint list --service glance``), and a user with the role
    reader on the system.
    """

    code = 'GLC705'
    severity = check.ERROR
    bad = ({'glance-api.conf': '[DEFAULT]\nuse_keystone_limits = true\n'},
           {'glance-api.conf': '[DEFAULT]\nuse_keystone_limits = true\n'
            '[oslo_limit]\nauth_url = http://192.0.2.1/identity\n'},
           {'glance-api.conf': '[DEFAULT]\nuse_keystone_limits = true\n'
            '[oslo_limit]\nendpoint_id = 1\n'
            'auth_url = http://192.0.2.1/identity\nauth_type = password\n'
            'username = glance\npassword = s3cr3t\n'},
           )
    good = (
        {'glance-api.conf': '[DEFAULT]\nuse_keystone_limits = true\n'
         '[oslo_limit]\nendpoint_id = 1\n'
         'auth_url = http://192.0.2.1/identity\nauth_type = password\n'
         'username = glance\npassword = s3cr3t\nsystem_scope = all\n'
         'user_domain_id = default\n'},
        {'glance-api.conf': '[DEFAULT]\nuse_keystone_limits = true\n'
         '[oslo_limit]\nendpoint_service_type = image\n'
         'auth_section = keystone_authtoken\n'},
        {'glance-api.conf': '[DEFAULT]\nuse_keystone_limits = false\n'},
    )

    #: One of each line must be there.
    _NEEDED = (('endpoint_id', 'endpoint_service_type',
                'endpoint_service_name'),
               ('auth_type', 'auth_section'),
               ('auth_url', 'auth_section', 'endpoint_override'))

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        if not host.value('DEFAULT', 'use_keystone_limits'):
            return
        missing = [names[0] for names in self._NEEDED if not any(
            host.setting('oslo_limit', name) for name in names)]
        if not credentials.has(host, 'oslo_limit', 'auth_section'):
            missing += credentials.lacking(host, 'oslo_limit')
        if missing:
            yield self.found(
                host, '[oslo_limit] %s' % missing[0],
                'use_keystone_limits is true, and [oslo_limit] lacks %s.'
                % ' and '.join(missing),
                'Set %s in [oslo_limit].' % ' and '.join(missing),
                host.setting('DEFAULT', 'use_keystone_limits'))
