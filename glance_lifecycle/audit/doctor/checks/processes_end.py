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

"""GLC419"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import uwsgi
from glance_lifecycle.audit import finding


class ProcessesEnd(check.Check):
    """uWSGI ends processes of glance-api by itself, and their imports.

    After a number of requests or seconds, with some memory, or when there is
    little to do, a process ends or is begun anew. Imports run in threads that
    uWSGI knows nothing of: it counts a process idle that is importing. They
    are given the mercy of a reload, and then killed.

    Remove these options for the uWSGI of glance-api, or have the worker import
    with ``[lifecycle_transfer] run_in = worker``.
    """

    code = 'GLC419'
    bad = tuple({'glance-uwsgi.ini': '[uwsgi]\n%s = 100\n' % one} for one in (
        'max-requests', 'max-worker-lifetime', 'cheaper', 'reload-on-rss'))
    good = (
        {'glance-uwsgi.ini': '[uwsgi]\nmax-requests = 0\n'},
        {'glance-uwsgi.ini': '[uwsgi]\nmax-requests = 100\n',
         'glance-api.conf': '[lifecycle_transfer]\nrun_in = worker\n'},
    )

    _NAMES = ('max-requests', 'max-worker-lifetime', 'reload-on-as',
              'reload-on-rss', 'evil-reload-on-as', 'evil-reload-on-rss',
              'cheaper', 'idle')

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        if host.value('lifecycle_transfer', 'run_in') == 'worker':
            return
        for found in uwsgi.of(host):
            for name in self._NAMES:
                if found.number(name):
                    yield self.found(
                        host, '[uwsgi] %s' % name,
                        'With %s = %d, uWSGI ends processes that import.' % (
                            name, found.number(name) or 0),
                        'Remove %s from [uwsgi], or set run_in = worker in '
                        '[lifecycle_transfer], where a worker runs.' % name,
                        found.place(name))
