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

"""GLC424"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import units
from glance_lifecycle.audit.doctor import uwsgi
from glance_lifecycle.audit import finding

_UNIT = 'etc/systemd/system/glance-api.service'
_MIB = 1 << 20


class LittleMemory(check.Check):
    """glance-api may not have the memory that it needs.

    ``MemoryMax=`` is for all that the unit runs together: each process of
    glance-api has about 200 MiB, and so has each import; what is staged in a
    tmpfs counts as well. The kernel kills one of them when it is reached.
    ``limit-as`` of uWSGI and ``LimitAS=`` bound address space, of which Ceph's
    library alone takes more than 1 GiB.

    Raise the limit, or remove it.
    """

    code = 'GLC424'
    bad = (
        {_UNIT: '[Service]\nMemoryMax=256M\n'},
        {_UNIT: '[Service]\nMemoryMax=1G\n',
         'glance-uwsgi.ini': '[uwsgi]\nprocesses = 8\n'},
        {'glance-uwsgi.ini': '[uwsgi]\nlimit-as = 512\n'},
    )
    good = (
        {_UNIT: '[Service]\nMemoryMax=4G\n',
         'glance-uwsgi.ini': '[uwsgi]\nprocesses = 8\n'},
        {_UNIT: '[Service]\nMemoryMax=infinity\n'},
        {_UNIT: '[Service]\nMemoryMax=50%\n'},
        {'glance-uwsgi.ini': '[uwsgi]\nlimit-as = 4096\n'},
    )

    _EACH = 200 * _MIB
    _ADDRESSES = 2048 * _MIB

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        told = list(uwsgi.of(host))
        # And an import.
        processes = 1 + max((found.number('processes', 'workers') or 1
                             for found in told), default=1)
        limits = []
        for unit in units.of(host):
            limits += [(name, unit.number(name), least, unit.place(name))
                       for name, least in (
                           ('MemoryMax', processes * self._EACH),
                           ('MemoryLimit', processes * self._EACH),
                           ('LimitAS', self._ADDRESSES))]
        limits += [('limit-as', (found.number('limit-as') or 0) * _MIB,
                    self._ADDRESSES, found.place('limit-as'))
                   for found in told]
        for name, limit, least, place in limits:
            if limit and limit < least:
                yield self.found(
                    host, name, '%s is %d MiB, and %d MiB are needed.' % (
                        masking.name(name), limit // _MIB, least // _MIB),
                    'Raise %s to %d MiB or more.' % (name, least // _MIB),
                    place)
