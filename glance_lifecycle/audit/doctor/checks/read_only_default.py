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

"""GLC211"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class ReadOnlyDefault(check.Check):
    """The default store cannot be written.

    The driver http only reads what somebody else serves. Uploads and imports
    that name no other store fail.

    Make another store the default.
    """

    code = 'GLC211'
    severity = check.ERROR
    bad = ({'glance-api.conf': '[DEFAULT]\nenabled_backends = a:http,b:file\n'
            '[glance_store]\ndefault_backend = a\n'},
           )
    good = ({'glance-api.conf': '[DEFAULT]\nenabled_backends = a:http,b:file\n'
             '[glance_store]\ndefault_backend = b\n'},
            )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        name = host.value('glance_store', 'default_backend')
        if host.stores.get(name) == 'http':
            others = [masking.name(store) for store, driver
                      in host.stores.items() if driver != 'http']
            yield self.found(
                host, '[glance_store] default_backend',
                'The default store is of the driver http, which cannot be '
                'written.', 'Set default_backend in [glance_store] to one '
                'of: %s.' % ', '.join(others[:10]) if others else
                'Add a store to enabled_backends that can be written, and '
                'make it the default.',
                host.setting('glance_store', 'default_backend'))
