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

"""GLC703"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class WebDownloadAnywhere(check.Check):
    """Users may have Glance download from any host.

    With web-download, glance-api fetches what a user names, from where it
    stands: also from hosts that users cannot reach, on the ports 80 and 443.

    Name the hosts in ``allowed_hosts``, or those that must not be asked in
    ``disallowed_hosts``, or leave web-download out of
    ``enabled_import_methods``.
    """

    code = 'GLC703'
    severity = check.INFO
    bad = ({'glance-api.conf': '[DEFAULT]\n'
            'enabled_import_methods = [web-download]\n'},)
    good = (
        {'glance-api.conf': '[DEFAULT]\n'
         'enabled_import_methods = [web-download]\n'
         '[import_filtering_opts]\nallowed_hosts = [images.example]\n'},
        {'glance-api.conf': '[DEFAULT]\n'
         'enabled_import_methods = [glance-direct]\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        setting = host.setting('DEFAULT', 'enabled_import_methods')
        # Who has not chosen has not been asked either: only a choice is said.
        if setting is None or 'web-download' not in (
                host.value('DEFAULT', 'enabled_import_methods') or ()):
            return
        section = 'import_filtering_opts'
        if not any(host.value(section, name)
                   for name in ('allowed_hosts', 'disallowed_hosts')):
            yield self.found(
                host, '[%s] allowed_hosts' % section,
                'web-download is enabled, and [%s] limits no hosts.' % section,
                'Set allowed_hosts = [HOST, HOST] in [%s] of '
                'glance-image-import.conf.'
                % section, setting)
