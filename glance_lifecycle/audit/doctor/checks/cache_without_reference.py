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

"""GLC730"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class CacheWithoutReference(check.Check):
    """The cache is kept in the database, and the host does not say its name.

    With ``centralized_db`` as ``image_cache_driver``, which is the default,
    each host writes what it has under its ``worker_self_reference_url``. Where
    the flavor has "cache" in its name and the URL is not set, glance-api does
    not start.

    Set it on each host to its own address.
    """

    code = 'GLC730'
    severity = check.ERROR
    bad = ({'glance-api.conf': '[DEFAULT]\nimage_cache_dir = /srv/cache\n'
            '[paste_deploy]\nflavor = keystone+cachemanagement\n'},)
    good = (
        {'glance-api.conf': '[DEFAULT]\nimage_cache_dir = /srv/cache\n'
         'worker_self_reference_url = http://192.0.2.1:9292\n'
         '[paste_deploy]\nflavor = keystone+cachemanagement\n'},
        {'glance-api.conf': '[DEFAULT]\nimage_cache_driver = sqlite\n'
         '[paste_deploy]\nflavor = keystone+cachemanagement\n'},
        {'glance-api.conf': '[paste_deploy]\nflavor = keystone\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        flavor = host.value('paste_deploy', 'flavor') or ''
        # As glance.sqlite_migration looks for it; "caching" has it not.
        if 'cache' in flavor and host.value(
                'DEFAULT', 'image_cache_driver') == 'centralized_db' and (
                    host.setting('DEFAULT', 'worker_self_reference_url')
                    is None):
            yield self.found(
                host, '[DEFAULT] worker_self_reference_url',
                'The cache is in the database, and '
                'worker_self_reference_url is not set.',
                'Set worker_self_reference_url = http://THIS-HOST:9292 in '
                '[DEFAULT] of glance-api.conf.',
                host.setting('paste_deploy', 'flavor'),
                host.setting('DEFAULT', 'image_cache_driver'))
