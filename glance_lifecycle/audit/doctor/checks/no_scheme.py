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

"""GLC731"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class NoScheme(check.Check):
    """An address of the API, or of Keystone, is no URL.

    Without "http://" or "https://", other hosts cannot pass requests on,
    clients cannot follow what the API calls its own address, and Glance cannot
    ask Keystone: every request with a token fails.

    Write all of it.
    """

    code = 'GLC731'
    severity = check.ERROR
    bad = ({'glance-api.conf': '[DEFAULT]\n'
            'worker_self_reference_url = 192.0.2.1:9292\n'},
           {'glance-api.conf': '[DEFAULT]\npublic_endpoint = images.example\n'
            },
           {'glance-api.conf': '[keystone_authtoken]\n'
            'auth_url = keystone.example\n'})
    good = ({'glance-api.conf': '[DEFAULT]\n'
             'public_endpoint = https://images.example/image\n'
             'worker_self_reference_url = $public_endpoint\n'},
            {'glance-api.conf': '[DEFAULT]\npublic_endpoint = *********\n'})

    _NAMES = (('DEFAULT', 'worker_self_reference_url'),
              ('DEFAULT', 'public_endpoint'),
              ('keystone_authtoken', 'auth_url'),
              ('oslo_limit', 'auth_url'))

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for section, name in self._NAMES:
            setting = host.setting(section, name)
            if setting is None or masking.hidden(setting.value):
                continue
            found = host.value(section, name)
            if found and not found.lower().startswith(
                    ('http://', 'https://')):
                yield self.found(
                    host, '[%s] %s' % (section, name), '%s does not begin '
                    'with http:// or https://.' % name, 'Write "https://" or '
                    '"http://" before the value of %s.' % name,
                    setting)
