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

"""GLC738"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class CacheWithoutKey(check.Check):
    """Tokens are to be protected in memcached, and there is no key.

    With ``memcache_security_strategy``, keystonemiddleware wants
    ``memcache_secret_key`` in ``[keystone_authtoken]``, and fails without.

    Set a key, the same on every host, or remove the strategy.
    """

    code = 'GLC738'
    severity = check.ERROR
    bad = ({'glance-api.conf': '[keystone_authtoken]\n'
            'memcache_security_strategy = ENCRYPT\n'
            'memcached_servers = 192.0.2.1:11211\n'},)
    good = ({'glance-api.conf': '[keystone_authtoken]\n'
             'memcache_security_strategy = ENCRYPT\n'
             'memcache_secret_key = *********\n'},
            {'glance-api.conf': '[keystone_authtoken]\n'
             'memcache_security_strategy = None\n'})

    _SECTION = 'keystone_authtoken'
    _NAME = 'memcache_security_strategy'

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        strategy = host.value(self._SECTION, self._NAME)
        key = host.setting(self._SECTION, 'memcache_secret_key')
        if strategy and str(strategy).lower() != 'none' and (
                key is None or not key.value):
            yield self.found(
                host, '[%s] memcache_secret_key' % self._SECTION,
                '%s is %s, and memcache_secret_key is not set.' % (
                    self._NAME, strategy),
                'Set memcache_secret_key in [%s].' % self._SECTION,
                host.setting(self._SECTION, self._NAME))
