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

"""GLC833"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class KeyInCephConf(check.Check):
    """A key stands in ceph.conf.

    That file is readable for everybody on the host, and is copied around. A
    keyring is for one user of the host.

    Put the key into a keyring that only its service can read, remove it here,
    and make a new one.
    """

    code = 'GLC833'
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'ceph.conf': ('[client.glance]\n'
            'key = AQ==\n')},
    )
    good = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'ceph.conf': ('[client.glance]\n'
            'keyring = /etc/ceph/ceph.client.glance.keyring\n')},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for conf in host.beside.cephs_at_hand:
            for (section, name), (value, line) in conf.options.items():
                if name == 'key' and value:
                    yield self.found(
                        host, '[%s] key' % masking.value(section),
                        'There is a key in the file.',
                        'Move it to a keyring, and make a new one with "ceph '
                        'auth rotate".',
                        finding.Place(conf.path, line, '[%s] '
                        'key' % masking.value(
                            section)))
