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

"""GLC741"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class NoDatabase(check.Check):
    """Glance is not told where its database is.

    Without ``connection`` in ``[database]``, the service starts, and every
    request fails.

    Set it.
    """

    code = 'GLC741'
    severity = check.ERROR
    bad = ({'glance-api.conf': '[database]\nmax_retries = -1\n'
            '[keystone_authtoken]\nauth_type = password\n'},)
    good = ({'glance-api.conf': '[database]\nconnection = *********\n'
             '[keystone_authtoken]\nauth_type = password\n'},
            # A part of a configuration.
            {'glance-api.conf': '[keystone_authtoken]\nauth_type = x\n'},
            {'glance-api.conf': '[database]\nmax_retries = -1\n'})

    _SECTIONS = ('database', 'keystone_authtoken')

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        places = {section.lower(): place for section, place in host.sections()}
        if all(one in places for one in self._SECTIONS) and (
                host.setting('database', 'connection') is None):
            yield self.found(
                host, '[database] connection', '[database] has no connection.',
                'Set connection in [database]: '
                'mysql+pymysql://USER:PASSWORD@HOST/glance.',
                places['database'])
