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

"""GLC832"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class NoCephAuthentication(check.Check):
    """Ceph asks nobody who they are.

    Whoever reaches the network of the cluster can read and change every image,
    disk and volume.

    Remove the option: cephx is the default. The cluster must know the keys
    first.
    """

    code = 'GLC832'
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'ceph.conf': ('[global]\n'
            'auth_client_required = none\n')},
    )
    good = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'ceph.conf': ('[global]\n'
            'auth client required = cephx\n')},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for conf in host.beside.cephs_at_hand:
            if conf.value('auth_client_required').lower() == 'none':
                yield self.found(
                    host, 'auth client required',
                    'Clients need not say who they are.',
                    'Remove "auth client required" from the file, after each '
                    'client has its key.', conf.place('auth_client_required'))
