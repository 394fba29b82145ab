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

"""GLC407"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import uwsgi
from glance_lifecycle.audit import finding


class NoThreads(check.Check):
    """uWSGI runs no threads of Python, and imports are threads.

    Without ``enable-threads``, Python runs only while a request does. An
    import begins, and stands still until the next request; images stay
    ``importing``.

    Set it for the uWSGI of glance-api.
    """

    code = 'GLC407'
    severity = check.ERROR
    bad = ({'glance-uwsgi.ini': '[uwsgi]\nmodule = glance.wsgi.api\n'},
           {'glance-uwsgi.ini': '[uwsgi]\nmodule = glance.wsgi.api\n'
            'enable-threads = false\n'},
           {'glance-uwsgi.ini': '[uwsgi]\ninclude = /etc/uwsgi/base.ini\n'
            'enable-threads = false\n'})
    good = (
        {'glance-uwsgi.ini': '[uwsgi]\nenable-threads = true\n'},
        {'uwsgi.ini': '[uwsgi]\nprocesses = 2\nthreads = 4\n'},
        {'glance-uwsgi.ini': '[other]\nx = 1\n'},
        # It may stand in the other file.
        {'glance-uwsgi.ini': '[uwsgi]\nini = /etc/uwsgi/base.ini\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for found in uwsgi.of(host):
            if not found.on('enable-threads') and (
                    (found.number('threads') or 0) < 2) and (
                        not found.unknown('enable-threads')):
                yield self.found(
                    host, '[uwsgi] enable-threads',
                    'uWSGI runs glance-api without threads.',
                    'Set enable-threads = true in [uwsgi].',
                    found.place('enable-threads'))
