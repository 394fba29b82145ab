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

"""GLC704"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class NoProtectionFile(check.Check):
    """The file of property protections is not there.

    glance-api does not start.

    Put the file into /etc/glance, or correct its name. A relative one is
    looked for beside glance-api.conf.
    """

    code = 'GLC704'
    severity = check.ERROR
    bad = ({'glance-api.conf': '[DEFAULT]\n'
            'property_protection_file = protections.conf\n'},)
    good = (
        {'glance-api.conf': '[DEFAULT]\n'
         'property_protection_file = protections.conf\n',
         'protections.conf': '[.*]\ncreate = admin\n'},
        {'glance-api.conf': '[DEFAULT]\n'
         'property_protection_file = *********\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        named = host.value('DEFAULT', 'property_protection_file')
        setting = host.setting('DEFAULT', 'property_protection_file')
        if named and setting is not None and host.directory.lacks(named):
            yield self.found(
                host, '[DEFAULT] property_protection_file',
                'There is no file %s.' % host.shown(setting),
                'Put it there, or correct property_protection_file.', setting)
