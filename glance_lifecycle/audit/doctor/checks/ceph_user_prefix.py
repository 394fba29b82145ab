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

"""GLC223"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import ini
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.audit import finding


_CONF = ('[DEFAULT]\nenabled_backends = a:rbd\n[glance_store]\n'
         'default_backend = a\n[a]\nrbd_store_user = %s\n')


class CephUserPrefix(check.Check):
    """The name of a user of Ceph begins with "client.".

    Ceph's library puts "client." before it by itself. So the service connects
    as client.client.glance, which no cluster knows.

    Write the name without it.
    """

    code = 'GLC223'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': _CONF % 'client.glance'},
        {'glance-api.conf': _CONF % 'glance', 'nova.conf':
         '[libvirt]\nimages_type = rbd\nrbd_user = client.nova\n'},
        {'glance-api.conf': _CONF % 'glance', 'cinder.conf':
         '[DEFAULT]\nenabled_backends = x\n[x]\nrbd_user = client.cinder\n'},
    )
    good = ({'glance-api.conf': _CONF % 'glance', 'nova.conf':
             '[libvirt]\nrbd_user = nova\n'},
            {'glance-api.conf': _CONF % '*********'})

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for store, driver in host.stores.items():
            if driver == 'rbd':
                yield from self._judged(host, store, 'rbd_store_user',
                                        host.setting(store, 'rbd_store_user'))
        for one in host.beside.services:
            sections = ['libvirt'] if one.kind == services.NOVA else (
                one.sections())
            for section in sections:
                yield from self._judged(one, section, 'rbd_user',
                                        one.setting(section, 'rbd_user'))

    def _judged(self, where: check.Where, section: str, name: str,
                setting: ini.Setting | None) -> Iterator[finding.Finding]:
        if setting is not None and setting.value.startswith('client.') and (
                not masking.hidden(setting.value)):
            user = masking.value(setting.value.removeprefix('client.'))
            yield self.found(
                where, '[%s] %s' % (masking.name(section), name),
                'The name of the user begins with "client.".',
                'Write %s = %s.' % (name, user or 'NAME'), setting)
