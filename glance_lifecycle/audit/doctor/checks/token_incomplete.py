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

"""GLC735"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import credentials
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import reading
from glance_lifecycle.audit import finding


_PASTE = '[paste_deploy]\nflavor = keystone\n[keystone_authtoken]\n'
_USER = ('auth_type = password\nauth_url = https://keystone.example\n'
         'username = glance\npassword = s3cr3t\nproject_name = service\n')


class TokenIncomplete(check.Check):
    """Glance cannot ask Keystone about tokens.

    keystonemiddleware needs ``auth_type`` and ``auth_url`` in
    ``[keystone_authtoken]``, and with a password the user, and the domains of
    the user and of the project. Without, every request is refused, or fails.

    Set what is named.
    """

    code = 'GLC735'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': _PASTE + _USER},
        {'glance-api.conf': _PASTE + 'www_authenticate_uri = http://k\n'},
        {'glance-api.conf': _PASTE + 'auth_type = password\n'
         'auth_url = https://keystone.example\n'},
    )
    good = (
        {'glance-api.conf': _PASTE + _USER + 'user_domain_id = default\n'
         'project_domain_name = Default\n'},
        {'glance-api.conf': _PASTE + _USER + 'default_domain_id = default\n'},
        {'glance-api.conf': _PASTE + 'auth_section = other\n'},
        {'glance-api.conf': _PASTE + 'auth_type = v3applicationcredential\n'
         'auth_url = https://keystone.example\n'},
        {'glance-api.conf': _PASTE + 'delay_auth_decision = true\n',
         'glance-api-paste.ini': '[filter:authtoken]\nauth_type = x\n'},
    )

    _SECTION = 'keystone_authtoken'

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        flavor = host.setting('paste_deploy', 'flavor')
        places = [place for section, place in host.sections()
                  if section == self._SECTION]
        if flavor is None or 'keystone' not in flavor.value or not places or (
                credentials.has(host, self._SECTION, 'auth_section')
                or self._in_paste(host)):
            return
        lacking = [name for name in ('auth_type', 'auth_url')
                   if not credentials.has(host, self._SECTION, name)]
        kind = host.setting(self._SECTION, 'auth_type')
        lacking += credentials.lacking(host, self._SECTION)
        if lacking:
            yield self.found(
                host, '[%s]' % self._SECTION, '[%s] lacks %s.' % (
                    self._SECTION, ' and '.join(lacking)),
                'Set %s in [%s].' % (' and '.join(lacking), self._SECTION),
                kind or places[0])

    def _in_paste(self, host: hosts.Host) -> bool:
        try:
            found = host.directory.data('glance-api-paste.ini') or b''
        except reading.Unreadable:
            return True
        return b'auth_type' in found or b'auth_plugin' in found
