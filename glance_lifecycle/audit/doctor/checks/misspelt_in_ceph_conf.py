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

"""GLC837"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import near
from glance_lifecycle.audit import finding


class MisspeltInCephConf(check.Check):
    """ceph.conf has an option that is nearly another one.

    Ceph ignores what it does not know. Without ``mon_host``, a client does not
    find the cluster; without ``keyring``, it looks for its key elsewhere.

    Correct the name.
    """

    code = 'GLC837'
    bad = ({'glance-api.conf': '\n', 'ceph.conf':
            '[global]\nmon_hosts = 192.0.2.1\n'},
           {'glance-api.conf': '\n', 'ceph.conf':
            '[client.glance]\nkey ring = /etc/ceph/x.keyring\n'})
    good = ({'glance-api.conf': '\n', 'ceph.conf':
             '[global]\nmon host = 192.0.2.1\nmon-initial-members = a\n'
             'keyring = /etc/ceph/$cluster.$name.keyring\n'
             'keyfile = /etc/ceph/x\n[mon.a]\nmon addr = 192.0.2.1\n'},)

    _KNOWN = ('mon_host', 'keyring', 'fsid')
    # Ceph has these as well, or had them.
    _OTHERS = frozenset(('mon_host_override', 'key', 'keyfile', 'mon_addr'))

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for conf in host.beside.cephs_at_hand:
            for section, name in conf.options:
                meant = None if name in self._KNOWN or (
                    name in self._OTHERS) else near.closest(name, self._KNOWN)
                if meant:
                    yield self.found(
                        host, '[%s] %s' % (masking.name(section),
                                           masking.name(name)),
                        'Ceph has no such option: it is called %s.' % meant,
                        'Rename it to %s.' % meant, conf.place(name, section))
