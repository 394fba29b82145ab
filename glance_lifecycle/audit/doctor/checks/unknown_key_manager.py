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

"""GLC740"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import near
from glance_lifecycle.audit import finding


class UnknownKeyManager(check.Check):
    """The key manager is nearly one that castellan has.

    castellan has barbican and vault, and takes others by the name of an entry
    point or a class. What it does not find fails when the first signature is
    verified, and not before.

    Correct the name.
    """

    code = 'GLC740'
    severity = check.ERROR
    bad = ({'glance-api.conf': '[key_manager]\nbackend = barbicn\n'},)
    good = ({'glance-api.conf': '[key_manager]\nbackend = vault\n'},
            {'glance-api.conf': '[key_manager]\nbackend = castellan.'
             'key_manager.barbican_key_manager.BarbicanKeyManager\n'},
            {'glance-api.conf': '[key_manager]\nbackend = files\n'})

    _KNOWN = ('barbican', 'vault')

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        found = host.value('key_manager', 'backend')
        meant = near.closest(str(found).lower(), self._KNOWN, 0.75) if (
            found) else None
        if meant and found not in self._KNOWN:
            yield self.found(
                host, '[key_manager] backend',
                'castellan has no such key manager.',
                'Write backend = %s in [key_manager].' % meant,
                host.setting('key_manager', 'backend'))
