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

"""GLC431"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import uwsgi
from glance_lifecycle.audit import finding


class OtherApplication(check.Check):
    """uWSGI is told to run what Glance does not have.

    The application is glance.wsgi.api. The script glance-wsgi-api is gone
    since Glance 32: what is left of an older one may work for a time, and a
    new installation has none. A module that Glance does not have answers every
    request with an internal error, or uWSGI does not start.

    Name the module.
    """

    code = 'GLC431'
    severity = check.ERROR
    bad = ({'glance-uwsgi.ini': '[uwsgi]\nmodule = glance.wsgi:application\n'},
           {'glance-uwsgi.ini': '[uwsgi]\n'
            'wsgi-file = /usr/bin/glance-wsgi-api\n'})
    good = ({'glance-uwsgi.ini': '[uwsgi]\n'
             'module = glance.wsgi.api:application\n'},
            {'glance-uwsgi.ini': '[uwsgi]\nwsgi = glance.wsgi.api\n'},
            {'glance-uwsgi.ini': '[uwsgi]\nmodule = *********\n'},
            {'glance-uwsgi.ini': '[uwsgi]\nmodule = our.own:application\n'})

    _FILES = ('wsgi-file', 'file')
    _MODULES = ('module', 'wsgi')
    _GOOD = ('glance.wsgi.api:application', 'glance.wsgi.api',
             'glance.common.wsgi_app:init_app()')

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for found in uwsgi.of(host):
            for name in (*self._FILES, *self._MODULES):
                value = found.text(name)
                gone = name in self._FILES and host.release > 31 and (
                    value.endswith('/glance-wsgi-api'))
                other = name in self._MODULES and value.startswith(
                    'glance.') and value not in self._GOOD
                if gone or other:
                    yield self.found(
                        host, '[uwsgi] %s' % name,
                        'Glance %d has no script glance-wsgi-api.'
                        % host.release if gone else
                        'Glance has no such application.',
                        'Write module = glance.wsgi.api:application instead.',
                        found.place(name),
                        severity=check.WARNING if gone else None)
