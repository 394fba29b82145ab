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

"""GLC230"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import options
from glance_lifecycle.audit import finding


_CONF = ('[DEFAULT]\nenabled_backends = a:file\n[glance_store]\n'
         'default_backend = a\n[a]\nfilesystem_store_datadir = %s\n')


class NoAbsolutePath(check.Check):
    """Images are kept in a directory that is not named in full.

    The driver takes the value as a path, and no URL: "file:///srv" is a
    directory called "file:" where the service happens to have been started,
    and so is "~". Another start may find none of the images.

    Write the path from "/" on.
    """

    code = 'GLC230'
    severity = check.ERROR
    bad = ({'glance-api.conf': _CONF % 'file:///srv/images'},
           {'glance-api.conf': _CONF % '~/images'},
           {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:rbd\n'
            '[os_glance_staging_store]\nfilesystem_store_datadir = staging\n'},
           {'glance-api.conf': '[glance_store]\nstores = file\n'
            'filesystem_store_datadir = images\n'})
    good = ({'glance-api.conf': _CONF % '/srv/images'},
            {'glance-api.conf': _CONF % ''},
            {'glance-api.conf': _CONF % '*********'})

    _NAME = 'filesystem_store_datadir'

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        reserved = options.RESERVED if host.multi_store else ()
        for store, driver in (*host.places,
                              *((name, 'file') for name in reserved)):
            found = host.value(store, self._NAME) if driver == 'file' else ''
            if found and not found.startswith('/'):
                path = found.removeprefix('file://')
                yield self.found(
                    host, 'store %s' % masking.name(store),
                    'The directory of %s does not begin with "/".'
                    % masking.name(store),
                    'Write %s = %s in [%s].' % (
                        self._NAME, masking.value(path)
                        if path.startswith('/') else '/PATH',
                        masking.name(store)), host.setting(store, self._NAME))
