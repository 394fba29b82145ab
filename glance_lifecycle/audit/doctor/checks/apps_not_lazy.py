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

"""GLC409"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import uwsgi
from glance_lifecycle.audit import finding


class AppsNotLazy(check.Check):
    """glance-api is loaded once, and then forked.

    Without ``lazy-apps``, uWSGI loads glance-api in its first process and
    forks the others. Its threads are gone in them, and connections to the
    database and to Ceph are shared: requests hang, or get answers of others.

    Set it for the uWSGI of glance-api.
    """

    code = 'GLC409'
    bad = ({'glance-uwsgi.ini': '[uwsgi]\nenable-threads = true\n'
            'processes = 4\n'},)
    good = (
        {'glance-uwsgi.ini': '[uwsgi]\nprocesses = 4\nlazy_apps = true\n'},
        {'glance-uwsgi.ini': '[uwsgi]\nenable-threads = true\n'},
        # It may stand in the other file.
        {'glance-uwsgi.ini': '[uwsgi]\nprocesses = 4\nini = base.ini\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for found in uwsgi.of(host):
            if (found.number('processes', 'workers') or 1) > 1 and not any(
                    found.on(name) for name in ('lazy-apps', 'lazy')
            ) and not found.unknown('lazy-apps', 'lazy'):
                yield self.found(
                    host, '[uwsgi] lazy-apps',
                    'uWSGI has several processes, and lazy-apps is not set.',
                    'Set lazy-apps = true in [uwsgi].',
                    found.place('processes', 'workers'))
