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

"""GLC714"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class TwoQuotas(check.Check):
    """A quota for all users that is not looked at.

    With ``use_keystone_limits``, the limits are those that Keystone has for
    each project, and ``user_storage_quota`` has no effect.

    Register ``image_size_total`` as a limit in Keystone, and remove the
    option.
    """

    code = 'GLC714'
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'use_keystone_limits = true\n'
            'user_storage_quota = 100GB\n')},
    )
    good = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'user_storage_quota = 100GB\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'use_keystone_limits = true\n')},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        quota = host.setting('DEFAULT', 'user_storage_quota')
        if quota is not None and host.value(
                'DEFAULT', 'use_keystone_limits') and host.value(
                    'DEFAULT', 'user_storage_quota') not in (None, '0', ''):
            yield self.found(
                host, '[DEFAULT] user_storage_quota',
                'use_keystone_limits is true, so user_storage_quota is '
                'ignored.',
                'Remove user_storage_quota, and register image_size_total in '
                'Keystone.', quota,
                host.setting('DEFAULT', 'use_keystone_limits'))
