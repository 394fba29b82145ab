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

"""GLC416"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import clones
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import units
from glance_lifecycle.audit.doctor import uwsgi
from glance_lifecycle.audit import finding

_CONF = ('[DEFAULT]\nenabled_backends = a:rbd\n[glance_store]\n'
         'default_backend = a\n[a]\nrbd_store_user = glance\n')
_UNIT = 'etc/systemd/system/glance-api.service'


class FewFiles(check.Check):
    """glance-api may not open as many files as Ceph needs.

    Ceph's library holds a connection to each OSD that it talks to, in each
    process, beside those of users and of the database. Where the limit is
    reached, requests fail or hang; librbd waits for a socket without a word.

    Let the unit have LimitNOFILE=65536.
    """

    code = 'GLC416'
    bad = (
        {'glance-api.conf': _CONF, _UNIT: '[Service]\nLimitNOFILE=1024\n'},
        {'glance-api.conf': _CONF,
         'glance-uwsgi.ini': '[uwsgi]\nmax-fd = 1024\n'},
    )
    good = (
        {'glance-api.conf': _CONF, _UNIT: '[Service]\nLimitNOFILE=65536\n'},
        {'glance-api.conf': _CONF, _UNIT:
         '[Service]\nLimitNOFILE=infinity\n'},
        {'glance-api.conf': '[DEFAULT]\ndebug = false\n',
         _UNIT: '[Service]\nLimitNOFILE=1024\n'},
    )

    _ENOUGH = 4096

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        if not clones.stores(host):
            return
        limits = [(unit.number('LimitNOFILE'), 'LimitNOFILE',
                   unit.place('LimitNOFILE')) for unit in units.of(host)]
        limits += [(found.number('max-fd'), 'max-fd', found.place('max-fd'))
                   for found in uwsgi.of(host)]
        for limit, name, place in limits:
            if limit is not None and limit < self._ENOUGH:
                yield self.found(
                    host, name, 'glance-api may open %d files.' % limit,
                    'Set %s=65536.' % name, place)
