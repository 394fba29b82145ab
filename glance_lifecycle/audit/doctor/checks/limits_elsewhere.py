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

"""GLC920"""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit import finding


class LimitsElsewhere(check.LiveCheck):
    """Limits are registered for another service or region than is asked for.

    Glance asks Keystone for the limits of the service *and* the region of the
    endpoint that ``[oslo_limit]`` names. One that is registered without a
    region, or for another, counts as 0: uploads and imports are refused.

    Register the limits for that service and region.
    """

    code = 'GLC920'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': '[DEFAULT]\nuse_keystone_limits = true\n'
         '[oslo_limit]\nendpoint_id = e1\n',
         'live.json': '{"endpoints": [{"interface": "public", "region": '
         '"R", "url": "https://image", "id": "e1", "service": "s1"}], '
         '"registered": [{"name": "image_size_total", "service": "s1", '
         '"region": "", "default": 1000}]}'},
    )
    good = (
        {'glance-api.conf': '[DEFAULT]\nuse_keystone_limits = true\n'
         '[oslo_limit]\nendpoint_id = e1\n',
         'live.json': '{"endpoints": [{"interface": "public", "region": '
         '"R", "url": "https://image", "id": "e1", "service": "s1"}], '
         '"registered": [{"name": "image_size_total", "service": "s1", '
         '"region": "R", "default": 1000}]}'},
        {'glance-api.conf': '[DEFAULT]\nuse_keystone_limits = true\n'
         '[oslo_limit]\nendpoint_id = e2\n',
         'live.json': '{"endpoints": [{"interface": "public", "region": '
         '"R", "url": "https://image", "id": "e1", "service": "s1"}], '
         '"registered": [{"name": "image_size_total", "service": "s1", '
         '"region": "", "default": 1000}]}'},
    )

    def live(self, live: lives.Live, found: Sequence[hosts.Host]
             ) -> Iterator[finding.Finding]:
        for host in found if live.registered else ():
            with contextlib.suppress(hosts.Hidden):
                yield from self._host(host, live)

    def _host(self, host: hosts.Host, live: lives.Live
              ) -> Iterator[finding.Finding]:
        named = host.value('oslo_limit', 'endpoint_id')
        asked = [one for one in live.endpoints or ()
                 if one.id and one.id == named and one.region]
        if not host.value('DEFAULT', 'use_keystone_limits') or not asked:
            return
        endpoint = asked[0]
        registered = live.registered or ()
        there = {one.name for one in registered
                 if (one.service, one.region) == (
                     endpoint.service, endpoint.region)}
        elsewhere = sorted({one.name for one in registered} - there)
        if elsewhere:
            yield self.found(
                host, '[oslo_limit] endpoint_id',
                'Not registered for service %s in region %s, but elsewhere: '
                '%s.' % (endpoint.service, endpoint.region,
                         ', '.join(elsewhere)),
                'Run: openstack registered limit create --service %s '
                '--region %s --default-limit LIMIT %s.' % (
                    endpoint.service, endpoint.region, elsewhere[0]),
                host.setting('oslo_limit', 'endpoint_id'),
                host.setting('DEFAULT', 'use_keystone_limits'))
