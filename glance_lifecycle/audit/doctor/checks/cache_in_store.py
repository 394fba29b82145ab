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

"""GLC744"""

from collections.abc import Iterator
import posixpath

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import directories
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import options
from glance_lifecycle.audit import finding


_DATADIR = 'filesystem_store_datadir'
_CONF = ('[DEFAULT]\nimage_cache_dir = %s\nenabled_backends = a:file\n'
         '[glance_store]\ndefault_backend = a\n[a]\n'
         'filesystem_store_datadir = /srv/images\n')


class CacheInStore(check.Check):
    """The cache of images is kept in the directory of a store.

    Both name a file after the image. What the cache removes, because it has
    enough or is told to, is then the image itself.

    Give the cache a directory of its own.
    """

    code = 'GLC744'
    severity = check.ERROR
    bad = ({'glance-api.conf': _CONF % '/srv/images/'},
           {'glance-api.conf': _CONF.replace('datadir = ', 'datadirs = ')
            % '/srv/images'},
           {'glance-api.conf': _CONF % '/var/lib/glance/'
            'os_glance_staging_store'},
           {'glance-api.conf': '[DEFAULT]\nimage_cache_dir = /srv/images\n'
            '[glance_store]\nstores = file\n'
            'filesystem_store_datadir = /srv/images\n'})
    good = ({'glance-api.conf': _CONF % '/srv/cache'},
            {'glance-api.conf': _CONF % '*********'})

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        cache = host.value('DEFAULT', 'image_cache_dir')
        places = [(one.store, one.path, one.setting)
                  for one in directories.places(host)] if cache else []
        if cache and host.multi_store:
            places += [(store, host.value(store, _DATADIR) or '',
                        host.setting(store, _DATADIR))
                       for store in options.RESERVED]
        for store, path, setting in places:
            if path and posixpath.normpath(path) == posixpath.normpath(cache):
                yield self.found(
                    host, '[DEFAULT] image_cache_dir',
                    'The directory of the cache is that of the store %s.'
                    % masking.name(store),
                    'Set image_cache_dir = /var/lib/glance/image-cache in '
                    '[DEFAULT].', host.setting('DEFAULT', 'image_cache_dir'),
                    setting)
