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

"""GLC408"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import uwsgi
from glance_lifecycle.audit import finding


class ReloadMercy(check.Check):
    """A reload of glance-api ends imports that take longer.

    uWSGI waits so many seconds for its processes at a reload or a stop: 60 if
    it is told nothing, 80 in DevStack and kolla. An import of a large image
    takes longer, and is killed. What it wrote is removed, and its owner has to
    ask for it again.

    Let imports end before a reload, or have the worker do them with
    ``[lifecycle_transfer] run_in = worker``: it goes on. A larger
    ``worker-reload-mercy`` helps too, and makes each reload take as long.
    """

    code = 'GLC408'
    severity = check.INFO
    bad = ({'glance-uwsgi.ini': '[uwsgi]\nenable-threads = true\n'
            'worker-reload-mercy = 80\n'},
           {'glance-uwsgi.ini': '[uwsgi]\nenable-threads = true\n'})
    good = (
        {'glance-uwsgi.ini': '[uwsgi]\nenable-threads = true\n'
         'worker-reload-mercy = 3600\n'},
        {'glance-uwsgi.ini': '[uwsgi]\nworker-reload-mercy = 80\n',
         'glance-api.conf': '[lifecycle_transfer]\nrun_in = worker\n'},
        # It may stand in the other file.
        {'glance-uwsgi.ini': '[uwsgi]\ninclude = base.ini\n'},
    )

    _NAMES = ('worker-reload-mercy', 'reload-mercy')
    _DEFAULT = 60
    # Ten minutes: 1 TiB at the rate of a good disk takes longer.
    _ENOUGH = 600

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        if host.value('lifecycle_transfer', 'run_in') == 'worker':
            return
        for found in uwsgi.of(host):
            seconds = found.number(*self._NAMES) or self._DEFAULT
            if seconds < self._ENOUGH and not found.unknown(*self._NAMES):
                yield self.found(
                    host, '[uwsgi] %s' % self._NAMES[0],
                    'At a reload, an import is killed after %d seconds.'
                    % seconds,
                    'Set run_in = worker in [lifecycle_transfer], where a '
                    'worker runs, or worker-reload-mercy = 3600 in [uwsgi].',
                    found.place(*self._NAMES))
