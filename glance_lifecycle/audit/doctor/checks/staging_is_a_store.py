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

"""GLC302"""

from collections.abc import Iterator
import posixpath

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import directories
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import options
from glance_lifecycle.audit import finding


class StagingIsAStore(check.Check):
    """What is staged, or of tasks, lies in the directory of a store.

    A staged file has the id of its image as its name, and so has the file of
    an image in a store: the one overwrites, or deletes, the other. Glance's
    cleaner removes every file in the staging directory whose image is gone.

    Give staging a directory of its own, outside of all stores.
    """

    code = 'GLC302'
    severity = check.ERROR
    bad = ({'glance-api.conf': '[DEFAULT]\nenabled_backends = a:file\n'
            '[glance_store]\ndefault_backend = a\n'
            '[a]\nfilesystem_store_datadir = /srv/images\n'
            '[os_glance_staging_store]\n'
            'filesystem_store_datadir = /srv/images/\n'},
           {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:file\n'
            '[glance_store]\ndefault_backend = a\n'
            '[a]\nfilesystem_store_datadirs = /srv/a:200\n'
            'filesystem_store_datadirs = /srv/images:100\n'
            '[os_glance_staging_store]\n'
            'filesystem_store_datadir = /srv/images\n'},
           {'glance-api.conf': '[DEFAULT]\n'
            'node_staging_uri = file:///srv/images\n'
            '[glance_store]\nstores = file\n'
            'filesystem_store_datadir = /srv/images\n'},
           )
    good = ({'glance-api.conf': '[DEFAULT]\nenabled_backends = a:file\n'
             '[glance_store]\ndefault_backend = a\n'},
            {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:file\n'
             '[glance_store]\ndefault_backend = a\n'
             '[a]\nfilesystem_store_datadir = /srv/images\n'
             '[os_glance_staging_store]\n'
             'filesystem_store_datadir = /srv/staging\n'},
            {'glance-api.conf': '[DEFAULT]\n'
             'node_staging_uri = file:///srv/staging\n'
             '[glance_store]\nstores = file\n'
             'filesystem_store_datadir = /srv/images\n'},
            )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        if not host.multi_store:
            yield from self._single(host)
        name = 'filesystem_store_datadir'
        stores = list(directories.stores(host))
        used = {one.path for one in stores}
        for reserved in options.RESERVED if host.multi_store else ():
            own = posixpath.normpath(host.value(reserved, name) or '')
            before = directories.staging_of_old(host) if (
                reserved == options.STAGING) else ''
            better = before if before and before not in used else (
                '/var/lib/glance/' + reserved)
            for one in stores:
                if one.path == own:
                    yield self.found(
                        host, '[%s] %s' % (reserved, name),
                        'The directory of %s is that of the store %s.' % (
                            reserved, masking.name(one.store)),
                        'Set %s = %s in [%s].' % (name, better, reserved),
                        host.setting(reserved, name), one.setting)

    def _single(self, host: hosts.Host) -> Iterator[finding.Finding]:
        """Of the single store of old, which has no section for staging."""
        staging = directories.staging(host)
        for one in directories.places(host) if staging else ():
            if staging and one.path == staging.path:
                yield self.found(
                    host, staging.full_name,
                    'The directory of staging is that of the store %s.'
                    % masking.name(one.store),
                    'Set node_staging_uri = file:///var/lib/glance/staging '
                    'in [DEFAULT].', staging.setting, one.setting)
