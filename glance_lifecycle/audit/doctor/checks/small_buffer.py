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

"""GLC412"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import uwsgi
from glance_lifecycle.audit import finding


class SmallBuffer(check.Check):
    """uWSGI takes no request with long headers.

    All headers of a request must fit into ``buffer-size``, which is 4096 bytes
    unless it is set. With a token of Keystone as JWS, one of a service beside
    it, or a long list of properties in the address, they do not: uWSGI drops
    the request, and glance-api logs nothing.

    Set 65535, as DevStack does.
    """

    code = 'GLC412'
    severity = check.INFO
    bad = ({'glance-uwsgi.ini': '[uwsgi]\nhttp-socket = :9292\n'},
           {'glance-uwsgi.ini': '[uwsgi]\nbuffer-size = 4096\n'})
    good = ({'glance-uwsgi.ini': '[uwsgi]\nbuffer-size = 65535\n'},
            # It may stand in the other file.
            {'glance-uwsgi.ini': '[uwsgi]\ninclude = base.ini\n'})

    _ENOUGH = 16_384

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for found in uwsgi.of(host):
            size = found.number('buffer-size') if (
                'buffer-size' in found.options) else 4096
            if size is not None and size < self._ENOUGH and (
                    not found.unknown('buffer-size')):
                yield self.found(
                    host, '[uwsgi] buffer-size',
                    'The headers of a request may have %d bytes.' % size,
                    'Set buffer-size = 65535 in [uwsgi].',
                    found.place('buffer-size'))
