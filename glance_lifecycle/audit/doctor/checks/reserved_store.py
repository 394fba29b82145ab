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

"""GLC204"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class ReservedStore(check.Check):
    """A store has a name that Glance keeps for itself.

    Names that begin with ``os_glance_`` are for the directories of staging and
    of tasks. glance-api does not start with such a store.

    Give it another name. Images that are in it are known by the old one.
    """

    code = 'GLC204'
    severity = check.ERROR
    bad = ({'glance-api.conf': '[DEFAULT]\n'
            'enabled_backends = a:file,os_glance_staging_store:file\n'
            '[glance_store]\ndefault_backend = a\n'},
           )
    good = ({'glance-api.conf': '[DEFAULT]\nenabled_backends = a:file\n'
             '[glance_store]\ndefault_backend = a\n'
             '[os_glance_staging_store]\n'
             'filesystem_store_datadir = /srv/staging\n'},
            )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for store in host.stores:
            if store.startswith('os_glance_'):
                yield self.found(
                    host, 'store %s' % masking.name(store),
                    'The store %s has a name that Glance keeps for itself.'
                    % masking.name(store),
                    'Take it out of enabled_backends, or rename it.',
                    host.setting('DEFAULT', 'enabled_backends'))
