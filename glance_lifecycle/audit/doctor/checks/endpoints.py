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

"""GLC904"""

from collections.abc import Iterator
from collections.abc import Sequence

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit import finding


class Endpoints(check.LiveCheck):
    """The catalogue of Keystone leads clients of the Image service astray.

    An address that ends in ``/v2`` makes older clients ask for ``/v2/v2``.
    Without an internal endpoint, Nova and Cinder take the public one, or none.
    Of two endpoints of one interface in one region, clients take any.

    Correct the endpoints with ``openstack endpoint``.
    """

    code = 'GLC904'
    bad = (
        {'live.json': '{"endpoints": [{"interface": "public", "region": "R", '
         '"url": "https://image/v2"}, {"interface": "internal", '
         '"region": "R", "url": "http://image:9292"}]}'},
        {'live.json': '{"endpoints": [{"interface": "public", "region": "R", '
         '"url": "https://image"}]}'},
        {'live.json': '{"endpoints": [{"interface": "public", "region": "R", '
         '"url": "https://a"}, {"interface": "public", "region": "R", "url": '
         '"https://b"}, {"interface": "internal", "region": "R", '
         '"url": "http://image:9292"}]}'},
    )
    good = (
        {'live.json': '{"endpoints": [{"interface": "public", "region": "R", '
         '"url": "https://image"}, {"interface": "internal", "region": "R", '
         '"url": "http://image:9292"}]}'},
        {'live.json': '{"endpoints": []}'},
    )

    def live(self, live: lives.Live, found: Sequence[hosts.Host]
             ) -> Iterator[finding.Finding]:
        endpoints = live.endpoints or ()
        for one in endpoints:
            if one.url.rstrip('/').endswith(('/v1', '/v2')):
                yield self._wrong(one.region, 'The %s endpoint %s ends in a '
                                  'version.' % (one.interface, one.url),
                                  'Leave the version out of its address.')
        places = [(one.region, one.interface) for one in endpoints]
        for region, interface in sorted(set(places)):
            if places.count((region, interface)) > 1:
                yield self._wrong(
                    region, 'There are %d %s endpoints in region %s.' % (
                        places.count((region, interface)), interface,
                        region), 'Delete those that nothing answers at.')
        for region in sorted({one.region for one in endpoints}):
            if (region, 'internal') not in places:
                yield self._wrong(
                    region, 'Region %s has no internal endpoint.' % region,
                    'Create one with an address that Nova, Cinder and the '
                    'lifecycle worker reach.')

    def _wrong(self, region: str, evidence: str, remedy: str
               ) -> finding.Finding:
        return self.found((), 'image endpoints of region %s' % region,
                          evidence, remedy)
