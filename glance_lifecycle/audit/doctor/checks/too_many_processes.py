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

"""GLC414"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import uwsgi
from glance_lifecycle.audit import finding

_MIB = 1 << 20
_INI = '[uwsgi]\nprocesses = %d\n'


class TooManyProcesses(check.Check):
    """The processes of glance-api do not fit into the memory of the host.

    Each has 200 MiB or more once it has served requests, and so has each
    import that runs. Where that is more than there is, the kernel kills one of
    them: an upload, or an import. Looked at only with ``--this-host``.

    Run fewer processes with more threads.
    """

    code = 'GLC414'
    bad = ({'glance-uwsgi.ini': _INI % 64,
            'this-host.json': '{"memory": 8589934592}'},)
    good = (
        {'glance-uwsgi.ini': _INI % 8,
         'this-host.json': '{"memory": 8589934592}'},
        {'glance-uwsgi.ini': _INI % 64, 'this-host.json': '{}'},
        {'glance-uwsgi.ini': _INI % 64},
    )

    _EACH = 200 * _MIB

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        memory = host.here.memory if host.here else 0
        for found in uwsgi.of(host) if memory else ():
            processes = found.number('processes', 'workers', 'p') or 1
            if processes * self._EACH > memory:
                yield self.found(
                    host, '[uwsgi] processes',
                    '%d processes need %d MiB, and the host has %d MiB.' % (
                        processes, processes * self._EACH // _MIB,
                        memory // _MIB),
                    'Set processes = %d in [uwsgi].' % max(
                        2, memory // self._EACH // 4),
                    found.place('processes', 'workers', 'p'))
