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

"""GLC410"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class BothFilters(check.Check):
    """Hosts, ports or schemes that are excluded, and are not.

    Where a list of what web-download may ask is set, Glance does not look at
    the list of what it must not. The ports and the schemes that are allowed
    have defaults, so what is excluded of them never counts.

    Keep one: what is allowed is the safer.
    """

    code = 'GLC410'
    bad = (
        {'glance-api.conf': ('[import_filtering_opts]\n'
            'allowed_hosts = [a.example]\n'
            'disallowed_hosts = [b.example]\n')},
        {'glance-api.conf': ('[import_filtering_opts]\n'
            'disallowed_ports = [22]\n')},
    )
    good = (
        {'glance-api.conf': ('[import_filtering_opts]\n'
            'disallowed_hosts = [b.example]\n')},
        {'glance-api.conf': ('[import_filtering_opts]\n'
            'allowed_ports = []\n'
            'disallowed_ports = [22]\n')},
    )

    _SECTION = 'import_filtering_opts'

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for name in ('hosts', 'ports', 'schemes'):
            out = host.setting(self._SECTION, 'disallowed_' + name)
            if out is not None and host.value(
                    self._SECTION, 'disallowed_' + name) and host.value(
                        self._SECTION, 'allowed_' + name):
                yield self.found(
                    host, '[%s] disallowed_%s' % (self._SECTION, name),
                    'allowed_%s is set as well, or has a default, and '
                    'disallowed_%s is ignored.' % (name, name),
                    'Remove disallowed_%s, or set allowed_%s = '
                    '[].' % (name, name),
                    out, host.setting(self._SECTION, 'allowed_' + name))
