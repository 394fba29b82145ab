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

"""GLC905"""

from collections.abc import Iterator
from collections.abc import Sequence

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit import finding


class LimitsMissing(check.LiveCheck):
    """Limits are asked of Keystone, and none are registered there.

    With ``use_keystone_limits``, a limit that is not registered counts as 0:
    every upload and import of every project is refused with 413.

    Register the four limits, or unset the option.
    """

    code = 'GLC905'
    severity = check.ERROR
    bad = ({'glance-api.conf': '[DEFAULT]\nuse_keystone_limits = true\n',
            'live.json': '{"limits": ["image_size_total"]}'},)
    good = (
        {'glance-api.conf': '[DEFAULT]\nuse_keystone_limits = true\n',
         'live.json': '{"limits": ["image_size_total", "image_stage_total", '
         '"image_count_total", "image_count_uploading"]}'},
        {'glance-api.conf': '[DEFAULT]\nuse_keystone_limits = false\n',
         'live.json': '{"limits": []}'},
    )

    def live(self, live: lives.Live, found: Sequence[hosts.Host]
             ) -> Iterator[finding.Finding]:
        if live.limits is None:
            return
        missing = [one for one in lives.LIMITS if one not in live.limits]
        for host in found if missing else ():
            if host.value('DEFAULT', 'use_keystone_limits'):
                yield self.found(
                    host, '[DEFAULT] use_keystone_limits',
                    'Not registered in Keystone: %s.' % ', '.join(missing),
                    'Run: openstack registered limit create --service '
                    'glance --region REGION --default-limit LIMIT %s.'
                    % missing[0],
                    host.setting('DEFAULT', 'use_keystone_limits'))
