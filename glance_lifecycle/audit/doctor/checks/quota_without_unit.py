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

"""GLC727"""

from collections.abc import Iterator
import re

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class QuotaWithoutUnit(check.Check):
    """The quota of users is no size that Glance understands.

    ``user_storage_quota`` is a number, with B, KB, MB, GB or TB right behind
    it or nothing. glance-api starts with anything, and then every upload
    fails.

    Write it so. 1 KB has 1,024 bytes.
    """

    code = 'GLC727'
    severity = check.ERROR
    bad = ({'glance-api.conf': '[DEFAULT]\nuser_storage_quota = 500GiB\n'},
           {'glance-api.conf': '[DEFAULT]\nuser_storage_quota = none\n'},
           {'glance-api.conf': '[DEFAULT]\nuser_storage_quota = 500\n'})
    good = ({'glance-api.conf': '[DEFAULT]\nuser_storage_quota = 500GB\n'},
            {'glance-api.conf': '[DEFAULT]\nuser_storage_quota = 0\n'},
            {'glance-api.conf': '[DEFAULT]\nuse_keystone_limits = true\n'
             'user_storage_quota = none\n'})

    # No image is so small.
    _LEAST = 1 << 20
    _GOOD = re.compile(r'\d+([KMGT]?B)?')
    _NEARLY = re.compile(r'(\d{1,18})\s*([KMGT]?)i?B?', re.IGNORECASE)

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        found = host.value('DEFAULT', 'user_storage_quota')
        if not found or host.value('DEFAULT', 'use_keystone_limits'):
            return
        if self._GOOD.fullmatch(found):
            if found.rstrip('B').isdecimal() and 0 < int(
                    found.rstrip('B')[:20]) < self._LEAST:
                yield self.found(
                    host, '[DEFAULT] user_storage_quota',
                    'The quota of users is %s bytes: without a unit, it is '
                    'in bytes.' % found.rstrip('B'),
                    'Set user_storage_quota = %sGB in [DEFAULT].'
                    % found.rstrip('B'),
                    host.setting('DEFAULT', 'user_storage_quota'),
                    severity=check.WARNING)
            return
        nearly = self._NEARLY.fullmatch(found)
        yield self.found(
            host, '[DEFAULT] user_storage_quota',
            'user_storage_quota is no number with B, KB, MB, GB, TB or '
            'nothing behind it.',
            'Set user_storage_quota = %s in [DEFAULT].' % (
                '%s%sB' % (nearly[1], nearly[2].upper()) if nearly
                else 'NUMBER, with its unit right behind it'),
            host.setting('DEFAULT', 'user_storage_quota'))
