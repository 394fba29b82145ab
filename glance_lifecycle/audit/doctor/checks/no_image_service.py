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

"""GLC910"""

from collections.abc import Iterator
from collections.abc import Sequence

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit import finding


class NoImageService(check.LiveCheck):
    """A region has servers or volumes, and no Image service.

    Nova and Cinder look for it in their own region, unless their files name
    another, or its address. So does everybody who uses the region.

    Create the endpoints of that region. If it shares the images of another,
    give it endpoints with the addresses of that one.
    """

    code = 'GLC910'
    severity = check.ERROR
    bad = (
        {'live.json': '{"endpoints": [], "catalogue": [{"interface": '
         '"public", "region": "R", "url": "https://compute", "kind": '
         '"compute"}]}'},
        {'live.json': '{"endpoints": [{"interface": "public", "region": '
         '"A", "url": "https://image"}], "catalogue": [{"interface": '
         '"public", "region": "B", "url": "https://volume", "kind": '
         '"block-storage"}]}'},
    )
    good = (
        {'live.json': '{"endpoints": [{"interface": "public", "region": '
         '"R", "url": "https://image"}], "catalogue": [{"interface": '
         '"public", "region": "R", "url": "https://compute", "kind": '
         '"compute"}]}'},
        {'live.json': '{"endpoints": [], "catalogue": [{"interface": '
         '"public", "region": "R", "url": "https://keys", "kind": '
         '"identity"}]}'},
    )

    def live(self, live: lives.Live, found: Sequence[hosts.Host]
             ) -> Iterator[finding.Finding]:
        if live.endpoints is None:
            return
        there = {one.region for one in live.endpoints}
        for region in sorted({
                one.region for one in live.catalogue or ()
                if one.kind in ('compute', 'block-storage')} - there):
            yield self.found(
                (), 'region %s' % (region or '(none)'),
                'In the catalogue, region %s has servers or volumes, and no '
                'endpoint of type image.' % (region or '(none)'),
                'Run: openstack endpoint create --region %s image public '
                'URL, and the same for internal.' % (region or 'REGION'),
                # Of two regions, one may have the images of both.
                severity=check.WARNING if there else check.ERROR)
