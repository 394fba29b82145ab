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

"""GLC909"""

from collections.abc import Iterator
from collections.abc import Sequence

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit import finding


class EndpointAway(check.LiveCheck):
    """At an endpoint of the Image service, there is no glance-api.

    The catalogue of Keystone names an address where something else answers, or
    nobody. Who is sent there - by the interface that it uses, which for Nova
    and Cinder is often another than for users - has no images.

    Correct the endpoint, or what is behind it: the proxy, the web server, the
    path before ``/v2``. An address that only some networks reach is asked from
    where this command runs: run it on a host that is to reach it.
    """

    code = 'GLC909'
    severity = check.ERROR
    bad = (
        {'live.json': '{"answers": [{"url": "https://image", "by": "the '
         'public endpoint of region R", "catalogue": true}]}'},
        {'live.json': '{"answers": [{"url": "https://image", "by": "the '
         'public endpoint of region R", "catalogue": true, "away": "it '
         'cannot be asked (ConnectFailure)"}]}'},
    )
    good = (
        {'live.json': '{"answers": [{"url": "https://image", "by": "the '
         'public endpoint of region R", "catalogue": true, "versions": '
         '["v2.0", "v2.15"]}]}'},
        {'live.json': '{"answers": [{"url": "http://192.0.2.1:9292", "by": '
         '"--api-url", "away": "it cannot be asked (ConnectFailure)"}]}'},
    )

    def live(self, live: lives.Live, found: Sequence[hosts.Host]
             ) -> Iterator[finding.Finding]:
        for one in live.answers:
            if not one.catalogue or one.versions:
                continue
            if not one.away:
                yield self.found(
                    (), one.by, 'What answers at %s is no glance-api.'
                    % one.url, 'Correct %s, or what is behind it.' % one.by)
                continue
            # An internal one may be out of the reach of this computer.
            yield self.found(
                (), one.by, 'At %s: %s.' % (one.url, one.away),
                'If this computer should reach it, see what is behind it; '
                'else ask from a host that does.', severity=(
                    check.WARNING if ' public ' in one.by else check.INFO))
