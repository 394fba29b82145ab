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

"""GLC411"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import uwsgi
from glance_lifecycle.audit import finding


class NoChunkedInput(check.Check):
    """uWSGI's router does not take uploads of unknown size.

    Clients send the data of an image in chunks, without Content-Length. The
    HTTP router of uWSGI (``http``) passes them on only with
    ``http-chunked-input``; without it, it resets the connection, as seen with
    uWSGI 2.0.

    Set it for the uWSGI of glance-api.
    """

    code = 'GLC411'
    severity = check.ERROR
    bad = ({'glance-uwsgi.ini': '[uwsgi]\nhttp = :9292\n'},)
    good = (
        {'glance-uwsgi.ini': '[uwsgi]\nhttp = :9292\n'
         'http-chunked-input = true\n'},
        # uWSGI itself knows chunks.
        {'glance-uwsgi.ini': '[uwsgi]\nhttp-socket = :9292\n'},
        {'glance-uwsgi.ini': '[uwsgi]\nsocket = /run/glance.sock\n'},
        # It may stand in the other file.
        {'glance-uwsgi.ini': '[uwsgi]\nhttp = :9292\nini = base.ini\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for found in uwsgi.of(host):
            router = next((name for name in ('http', 'http-router', 'https')
                           if name in found.options), None)
            if router and not found.on('http-chunked-input') and (
                    not found.unknown('http-chunked-input')):
                yield self.found(
                    host, '[uwsgi] http-chunked-input',
                    'The HTTP router of uWSGI does not know chunked uploads.',
                    'Set http-chunked-input = true in [uwsgi].',
                    found.place(router))
