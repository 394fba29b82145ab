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

"""GLC229"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import ini
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.audit import finding


_CONF = ('[DEFAULT]\nenabled_backends = a:rbd\n[glance_store]\n'
         'default_backend = a\n[a]\nrbd_store_user = glance\n'
         'rbd_store_ceph_conf = %s\n')


class CephConfDirectory(check.Check):
    """Where the name of a ceph.conf is wanted, there is a directory.

    Ceph's library reads one file. It cannot read a directory, and the service
    cannot connect.

    Write the name of the file.
    """

    code = 'GLC229'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': _CONF % '/etc/ceph/'},
        {'glance-api.conf': _CONF % '/etc/ceph/ceph.conf', 'nova.conf':
         '[libvirt]\nimages_type = rbd\nimages_rbd_ceph_conf = /etc/ceph\n'},
    )
    good = ({'glance-api.conf': _CONF % '/etc/ceph/ceph.conf'},
            {'glance-api.conf': _CONF % ''})

    _NAMES = ('images_rbd_ceph_conf', 'rbd_ceph_conf')

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for store, driver in host.stores.items():
            if driver == 'rbd':
                yield from self._judged(
                    host, host.setting(store, 'rbd_store_ceph_conf'))
        for one in host.beside.services:
            for section in ['libvirt'] if one.kind == services.NOVA else (
                    one.sections()):
                for name in self._NAMES:
                    yield from self._judged(one, one.setting(section, name))

    def _judged(self, where: check.Where, setting: ini.Setting | None
                ) -> Iterator[finding.Finding]:
        if setting is not None and (setting.value.endswith('/')
                                    or setting.value == '/etc/ceph'):
            yield self.found(
                where, '[%s] %s' % (masking.name(setting.section),
                                    setting.name),
                'It names a directory, and not a file.',
                'Write %s = %s/ceph.conf.' % (
                    setting.name, masking.value(
                        setting.value.rstrip('/'))), setting)
