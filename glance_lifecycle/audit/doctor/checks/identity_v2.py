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

"""GLC736"""

from collections.abc import Iterator
import re

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class IdentityV2(check.Check):
    """An address of Keystone is that of its version 2.

    Keystone has had none since Queens. What the service asks there is answered
    with "not found".

    Write the address without the version, or with /v3.
    """

    code = 'GLC736'
    severity = check.ERROR
    bad = ({'glance-api.conf': '[keystone_authtoken]\n'
            'auth_url = https://keystone.example:5000/v2.0\n'},
           {'glance-api.conf': '[barbican]\n'
            'auth_endpoint = http://192.0.2.1:5000/v2.0/\n'})
    good = ({'glance-api.conf': '[keystone_authtoken]\n'
             'auth_url = https://keystone.example:5000/v3\n'},
            {'glance-api.conf': '[keystone_authtoken]\n'
             'auth_url = *********/v2.0\n'})

    _NAMES = frozenset((
        'auth_url', 'auth_endpoint', 'cinder_store_auth_address',
        'swift_store_auth_address'))
    _OLD = re.compile(r'/v2(\.0)?/?\Z')

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for setting in host.settings():
            if setting.name in self._NAMES and host.option(setting) and (
                    not masking.hidden(setting.value)) and self._OLD.search(
                        setting.value):
                # Swift's own first version is asked at other addresses.
                yield self.found(
                    host, '[%s] %s' % (masking.name(setting.section),
                                       setting.name),
                    'The address ends with the version 2 of Keystone.',
                    'Write %s = %s.' % (setting.name, masking.value(
                        self._OLD.sub('/v3', setting.value))), setting)
