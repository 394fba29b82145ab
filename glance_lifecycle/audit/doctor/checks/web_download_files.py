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

"""GLC720"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding

_FILTER = '[import_filtering_opts]\n'
_WEB = '[DEFAULT]\nenabled_import_methods = [web-download]\n'


class WebDownloadFiles(check.Check):
    """Users may have Glance fetch from more than web servers.

    ``web-download`` opens what the user names, if its scheme is allowed. A
    ``file`` is a path on the host of glance-api itself; ``ftp`` is not held to
    the address that the filter has looked at, as http and https are. With an
    empty list of ports, every port of every host that it reaches can be asked.

    Allow http and https, and the ports 80 and 443, as Glance does by itself.
    """

    code = 'GLC720'
    bad = (
        {'glance-api.conf': _WEB + _FILTER + 'allowed_schemes = [file]\n'},
        {'glance-api.conf': _WEB + _FILTER + 'allowed_schemes = []\n'},
        {'glance-api.conf': _WEB + _FILTER + 'allowed_ports = []\n'},
    )
    good = (
        {'glance-api.conf': _WEB + _FILTER + 'allowed_schemes = [https]\n'},
        {'glance-api.conf': _WEB + _FILTER + 'allowed_ports = []\n'
         'allowed_hosts = [images.example]\n'},
        {'glance-api.conf': '[DEFAULT]\n'
         'enabled_import_methods = [glance-direct]\n'
         + _FILTER + 'allowed_schemes = [file]\n'},
    )

    _SECTION = 'import_filtering_opts'

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        if 'web-download' not in (
                host.value('DEFAULT', 'enabled_import_methods') or ()):
            return
        for name, usual in (('schemes', ('http', 'https')),
                            ('ports', ('80', '443'))):
            allowed = host.value(self._SECTION, 'allowed_' + name)
            denied = host.value(self._SECTION, 'disallowed_' + name)
            others = [one for one in allowed or () if name == 'schemes'
                      and one not in usual]
            every = allowed == [] and not denied and (
                name == 'schemes' or not host.value(
                    self._SECTION, 'allowed_hosts'))
            if others or every:
                yield self.found(
                    host, '[%s] allowed_%s' % (self._SECTION, name),
                    'Users may have any %s fetched.' % name if every else
                    'Users may have %s fetched.' % ', '.join(
                        map(masking.name, others[:5])),
                    'Set allowed_%s = [%s] in [%s].' % (
                        name, ', '.join(usual), self._SECTION),
                    host.setting(self._SECTION, 'allowed_' + name))
