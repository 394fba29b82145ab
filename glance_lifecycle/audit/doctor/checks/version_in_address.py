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

"""GLC737"""

from collections.abc import Iterator
import re

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class VersionInAddress(check.Check):
    """An address of the API has the version at its end.

    What is asked for is put behind it, and begins with the version itself:
    other hosts then ask for /v2/v2/images, which is not there, and imports of
    what was staged on this host fail.

    Write the address without the version.
    """

    code = 'GLC737'
    severity = check.ERROR
    bad = ({'glance-api.conf': '[DEFAULT]\n'
            'worker_self_reference_url = http://192.0.2.1:9292/v2\n'},
           {'glance-api.conf': '[DEFAULT]\n'
            'public_endpoint = https://images.example/v2.17/\n'})
    good = ({'glance-api.conf': '[DEFAULT]\n'
             'worker_self_reference_url = http://192.0.2.1/image\n'},
            {'glance-api.conf': '[DEFAULT]\npublic_endpoint = *********/v2\n'})

    _NAMES = ('worker_self_reference_url', 'public_endpoint')
    _VERSION = re.compile(r'/v\d(\.\d{1,2})?/?\Z')

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for name in self._NAMES:
            found = host.value('DEFAULT', name)
            if found and self._VERSION.search(found):
                yield self.found(
                    host, '[DEFAULT] %s' % name,
                    'The address ends with a version of the API.',
                    'Write %s = %s.' % (name, masking.value(
                        self._VERSION.sub('', found))),
                    host.setting('DEFAULT', name))
