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

"""GLC912"""

from collections.abc import Iterator
from collections.abc import Sequence

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit import finding


class HostAway(check.LiveCheck):
    """A glance-api that has an address of its own does not answer there.

    What was staged on a host is imported, and deleted, by that host alone: the
    others pass such requests on to its ``worker_self_reference_url``. Where
    nobody answers, or something else does, they fail.

    Start it, or correct the address.
    """

    code = 'GLC912'
    severity = check.ERROR
    bad = (
        {'live.json': '{"answers": [{"url": "http://192.0.2.1:9292", "by": '
         '"worker_self_reference_url of host a"}]}'},
        {'live.json': '{"answers": [{"url": "http://192.0.2.1:9292", "by": '
         '"--api-url", "away": "it answers with HTTP 503"}]}'},
    )
    good = (
        {'live.json': '{"answers": [{"url": "http://192.0.2.1:9292", "by": '
         '"--api-url", "versions": ["v2.0", "v2.15"]}]}'},
        {'live.json': '{"answers": [{"url": "https://image", "by": "the '
         'public endpoint of region R", "catalogue": true}]}'},
    )

    def live(self, live: lives.Live, found: Sequence[hosts.Host]
             ) -> Iterator[finding.Finding]:
        named = [one for one in live.answers if not one.catalogue]
        # A computer in another network reaches none of them.
        reached = any(not one.away or one.by == '--api-url' for one in named)
        for one in named:
            if one.away:
                yield self.found(
                    (), one.by, 'At %s: %s.' % (one.url, one.away),
                    'If this computer should reach it, start the glance-api; '
                    'else ask from a host of the cloud.', severity=(
                        check.WARNING if reached else check.INFO))
            elif not one.versions:
                yield self.found(
                    (), one.by, 'What answers at %s is no glance-api.'
                    % one.url, 'Correct the address.')
