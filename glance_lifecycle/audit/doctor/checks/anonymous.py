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

"""GLC742"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class Anonymous(check.Check):
    """Everybody may read, without a token.

    With ``allow_anonymous_access``, whoever reaches the API sees all public
    images, and downloads them.

    Remove the option, unless this is a mirror for everybody.
    """

    code = 'GLC742'
    bad = ({'glance-api.conf': '[DEFAULT]\nallow_anonymous_access = true\n'},)
    good = ({'glance-api.conf': '[DEFAULT]\n'
             'allow_anonymous_access = false\n'},)

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        if host.value('DEFAULT', 'allow_anonymous_access'):
            yield self.found(
                host, '[DEFAULT] allow_anonymous_access',
                'Public images can be read without a token.',
                'Remove allow_anonymous_access from [DEFAULT].',
                host.setting('DEFAULT', 'allow_anonymous_access'))
