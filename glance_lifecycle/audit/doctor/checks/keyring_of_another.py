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

"""GLC838"""

from collections.abc import Iterator
import re

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class KeyringOfAnother(check.Check):
    """A user of Ceph is told to take the keyring of another one.

    A keyring has the key of the user by whose name it is looked up. In that of
    another user there is none, unless somebody put several keys into one
    file.

    Name the keyring of the user.
    """

    code = 'GLC838'
    bad = ({'glance-api.conf': '\n', 'ceph.conf': '[client.glance]\n'
            'keyring = /etc/ceph/ceph.client.cinder.keyring\n'},)
    good = ({'glance-api.conf': '\n', 'ceph.conf': '[client.glance]\n'
             'keyring = /etc/ceph/ceph.client.glance.keyring\n'
             '[client]\nkeyring = /etc/ceph/ceph.client.all.keyring\n'
             '[global]\nkeyring = /etc/ceph/$cluster.$name.keyring\n'},
            {'glance-api.conf': '\n', 'ceph.conf': '[client.glance]\n'
             'keyring = *********\n'})

    _NAMED = re.compile(r'\.(client\.[\w-]{1,80})\.keyring\Z')

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for conf in host.beside.cephs_at_hand:
            for (section, name), (value, _line) in conf.options.items():
                found = self._NAMED.search(value)
                if name != 'keyring' or found is None or (
                        not section.startswith('client.')) or (
                            found[1] == section or masking.hidden(value)):
                    continue
                user = masking.name(section)
                yield self.found(
                    host, '[%s] keyring' % user,
                    'The keyring of %s is that of %s.' % (user, found[1]),
                    'Name the keyring of %s, usually '
                    '/etc/ceph/ceph.%s.keyring.' % (user, user),
                    conf.place(name, section))
