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

"""GLC208"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class TwoDatadirs(check.Check):
    """A file store has a directory and a list of directories.

    The driver wants one or the other, and with both the store takes no
    images. ``filesystem_store_datadir`` has a default, so that it must be set
    to nothing where ``filesystem_store_datadirs`` is used.

    Write "filesystem_store_datadir =" in the section of the store.
    """

    code = 'GLC208'
    severity = check.ERROR
    bad = ({'glance-api.conf': '[DEFAULT]\nenabled_backends = a:file\n'
            '[glance_store]\ndefault_backend = a\n'
            '[a]\nfilesystem_store_datadirs = /srv/a:200\n'
            'filesystem_store_datadirs = /srv/b:100\n'},
           )
    good = ({'glance-api.conf': '[DEFAULT]\nenabled_backends = a:file\n'
             '[glance_store]\ndefault_backend = a\n'
             '[a]\nfilesystem_store_datadir =\n'
             'filesystem_store_datadirs = /srv/a:200\n'},
            )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for store, driver in host.stores.items():
            if driver == 'file' and host.value(
                    store, 'filesystem_store_datadirs') and host.value(
                        store, 'filesystem_store_datadir'):
                yield self.found(
                    host, 'store %s' % masking.name(store),
                    'The store %s has filesystem_store_datadir, if only by '
                    'default, and filesystem_store_datadirs.'
                    % masking.name(store),
                    'Write "filesystem_store_datadir =" in [%s], with '
                    'nothing behind "=", or remove '
                    'filesystem_store_datadirs.' % masking.name(store),
                    host.setting(store, 'filesystem_store_datadirs'),
                    host.setting(store, 'filesystem_store_datadir'))
