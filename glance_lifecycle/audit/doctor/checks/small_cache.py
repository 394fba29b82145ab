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

"""GLC748"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class SmallCache(check.Check):
    """The cache may hold less than one image.

    ``image_cache_max_size`` is in bytes. The pruner removes all that is above
    it, so that each image is fetched again.

    Write it in bytes, as large as some of the images that are asked for most.
    """

    code = 'GLC748'
    bad = ({'glance-api.conf': '[DEFAULT]\nimage_cache_dir = /srv/cache\n'
            'image_cache_max_size = 10\n[paste_deploy]\n'
            'flavor = keystone+caching\n'},)
    good = ({'glance-api.conf': '[DEFAULT]\nimage_cache_dir = /srv/cache\n'
             'image_cache_max_size = 10737418240\n[paste_deploy]\n'
             'flavor = keystone+caching\n'},
            {'glance-api.conf': '[DEFAULT]\nimage_cache_max_size = 10\n'})

    _LEAST = 64 << 20

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        size = host.value('DEFAULT', 'image_cache_max_size')
        if size is not None and size < self._LEAST and 'cach' in (
                host.value('paste_deploy', 'flavor') or ''):
            yield self.found(
                host, '[DEFAULT] image_cache_max_size',
                'The cache may have %d bytes.' % size,
                'Set image_cache_max_size in [DEFAULT], in bytes: 10 GiB are '
                '10737418240.', host.setting('DEFAULT',
                                             'image_cache_max_size'))
