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

"""GLC723"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class NotVerifiedTls(check.Check):
    """Glance does not look who answers as Keystone, or as the key manager.

    With ``insecure``, or ``verify_ssl`` off, any certificate will do. Who is
    on the way gets the password of Glance, decides which tokens are valid, and
    which certificates signatures are verified with.

    Remove the option, and name the CA with ``cafile``.
    """

    code = 'GLC723'
    bad = (
        {'glance-api.conf': '[keystone_authtoken]\ninsecure = true\n'},
        {'glance-api.conf': '[barbican]\nverify_ssl = false\n'},
    )
    good = (
        {'glance-api.conf': '[keystone_authtoken]\ninsecure = false\n'
         'cafile = /etc/ssl/ca.pem\n'},
        {'glance-api.conf': '[barbican]\nverify_ssl = true\n'},
        {'glance-api.conf': '[keystone_authtoken]\ninsecure = *********\n'},
    )

    _WRONG = {'insecure': True, 'verify_ssl': False}

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        sections = dict.fromkeys(
            (one.section, one.name) for one in host.settings()
            if one.name in self._WRONG)
        for section, name in sections:
            setting = host.setting(section, name)
            if setting is None or masking.hidden(setting.value):
                continue
            if host.value(section, name) is self._WRONG[name]:
                yield self.found(
                    host, '[%s] %s' % (masking.name(section), name),
                    'The certificates of whom [%s] is about are not verified.'
                    % masking.name(section),
                    'Remove %s from [%s], and set cafile.' % (
                        name, masking.name(section)), setting)
