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

"""GLC834"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class KeyMayAll(check.Check):
    """The key of Glance may do anything in Ceph.

    With ``allow *``, whoever has the key of Glance can read and delete all
    pools, also those of disks and volumes.

    Limit it: ``ceph auth caps client.glance mon 'profile rbd' osd 'profile rbd
    pool=images'``.
    """

    code = 'GLC834'
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'ceph.conf': ('[client.glance]\n'
            'caps_osd = "allow *"\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'etc/ceph/ceph.client.glance.keyring': ('[client.glance]\n'
            'key = s3cr3t\ncaps mon = "allow *"\n')},
    )
    good = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'ceph.conf': ('[client.glance]\n'
            'caps osd = "profile rbd pool=images"\n')},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        # What a key may stands in its keyring, as "ceph auth get" writes it.
        for conf in (*host.beside.cephs_at_hand, *host.beside.keyrings):
            for (section, name), (value, line) in conf.options.items():
                if section.startswith('client.') and (
                        section != 'client.admin') and (
                            name in ('caps_osd', 'caps_mon')) and (
                                value == 'allow *'):
                    yield self.found(
                        host, '[%s] %s' % (masking.value(section), name),
                        'It is "allow *".',
                        'Set "profile rbd" for mon, and "profile rbd '
                        'pool=POOL" for osd, with "ceph auth caps".',
                        finding.Place(conf.path, line, '[%s] %s' % (
                            masking.value(section), name)))
