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

"""GLC420"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import uwsgi
from glance_lifecycle.audit import finding


class NoNeedApp(check.Check):
    """uWSGI goes on when glance-api cannot be loaded.

    Without ``need-app``, a mistake in glance-api.conf leaves a uWSGI that
    listens, looks well to systemd and to a balancer that only connects, and
    answers each request with "Internal Server Error".

    Set it for the uWSGI of glance-api.
    """

    code = 'GLC420'
    severity = check.INFO
    bad = ({'glance-uwsgi.ini': '[uwsgi]\nhttp-socket = :9292\n'},)
    good = ({'glance-uwsgi.ini': '[uwsgi]\nneed-app = true\n'},
            # It may stand in the other file.
            {'glance-uwsgi.ini': '[uwsgi]\ninclude = base.ini\n'})

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for found in uwsgi.of(host):
            if not found.on('need-app') and not found.unknown('need-app'):
                yield self.found(
                    host, '[uwsgi] need-app', 'need-app is not set.',
                    'Set need-app = true in [uwsgi].',
                    found.place('need-app'))
