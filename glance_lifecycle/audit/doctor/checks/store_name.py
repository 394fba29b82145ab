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

"""GLC212"""

from collections.abc import Iterator
import re

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class StoreName(check.Check):
    """A store has the names of two.

    In ``enabled_backends``, a store without its driver is no mistake to
    oslo.config: ``fast,bulk:s3`` is one store, with the name "fast,bulk".
    Neither of the two that were meant is there.

    Write each store with its driver: ``fast:rbd,bulk:s3``.
    """

    code = 'GLC212'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = fast,bulk:s3\n'
         '[glance_store]\ndefault_backend = bulk\n'},
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:file b:rbd\n'
         '[glance_store]\ndefault_backend = a\n'},
    )
    good = ({'glance-api.conf': '[DEFAULT]\n'
             'enabled_backends = fast_1:file , bulk-2.b:http\n'
             '[glance_store]\ndefault_backend = fast_1\n'},
            )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for store, driver in host.stores.items():
            if re.search(r'[\s,:]', store.strip() + driver.strip()):
                shown = masking.name('%s:%s' % (store, driver))
                yield self.found(
                    host, 'store %s' % masking.name(store),
                    'enabled_backends has "%s", which is read as one store.'
                    % shown, 'Write each store as NAME:DRIVER, with commas '
                    'between them, such as fast:rbd,bulk:s3.',
                    host.setting('DEFAULT', 'enabled_backends'))
