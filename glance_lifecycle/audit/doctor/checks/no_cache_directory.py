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

"""GLC706"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class NoCacheDirectory(check.Check):
    """Images are to be cached, and nothing says where.

    The flavors of ``[paste_deploy]`` with "caching" or "cachemanagement" begin
    with a cache. Without ``image_cache_dir``, glance-api does not start.

    Set it to a directory of this host, on a disk and not in memory.
    """

    code = 'GLC706'
    severity = check.ERROR
    bad = ({'glance-api.conf': '[paste_deploy]\n'
            'flavor = keystone+cachemanagement\n'},)
    good = (
        {'glance-api.conf': '[DEFAULT]\nimage_cache_dir = /srv/cache\n'
         '[paste_deploy]\nflavor = keystone+caching\n'},
        {'glance-api.conf': '[paste_deploy]\nflavor = keystone\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        flavor = host.setting('paste_deploy', 'flavor')
        if flavor is not None and 'cach' in flavor.value and (
                host.setting('DEFAULT', 'image_cache_dir') is None):
            yield self.found(
                host, '[DEFAULT] image_cache_dir',
                'flavor is %s, and image_cache_dir is not set.'
                % host.shown(flavor),
                'Set image_cache_dir = /var/lib/glance/image-cache in '
                '[DEFAULT] of glance-api.conf, or another flavor.', flavor)
