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

"""GLC745"""

from collections.abc import Iterator
import re

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class OriginWithPath(check.Check):
    """A web page's origin has more than its scheme, host and port.

    Browsers send the origin without a "/" at its end, and oslo.middleware
    compares the whole: with a "/", it is never the same, and the page, such as
    an upload in Horizon, is refused.

    Write it without.
    """

    code = 'GLC745'
    bad = ({'glance-api.conf': '[cors]\n'
            'allowed_origin = https://a.example/,https://b.example\n'},
           {'glance-api.conf': '[cors]\n'
            'allowed_origin = https://a.example/dashboard\n'})
    good = ({'glance-api.conf': '[cors]\n'
             'allowed_origin = https://a.example,https://b.example:8443\n'},
            {'glance-api.conf': '[cors]\nallowed_origin = *\n'},
            {'glance-api.conf': '[cors]\nallowed_origin =\n'})

    _MORE = re.compile(r'(https?://[^/]+)/', re.IGNORECASE)

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for origin in host.value('cors', 'allowed_origin') or ():
            found = self._MORE.match(str(origin))
            if found:
                yield self.found(
                    host, '[cors] allowed_origin', 'An origin ends with "/", '
                    'or has a path.', 'Write %s.' % masking.value(found[1]),
                    host.setting('cors', 'allowed_origin'))
