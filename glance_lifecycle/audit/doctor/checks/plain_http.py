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

"""GLC911"""

from collections.abc import Iterator
from collections.abc import Sequence

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class PlainHttp(check.LiveCheck):
    """Tokens and images cross the network unencrypted.

    The endpoint of Keystone is https, and that of the Image service, of the
    same interface and region, is plain http. Each request to it has the token
    that was so carefully fetched, and whoever reads it may use it for all
    services; whoever can change the data on its way changes the image.

    Put TLS before glance-api, and correct the endpoint.
    """

    code = 'GLC911'
    bad = ({'live.json': '{"endpoints": [{"interface": "public", "region": '
            '"R", "url": "http://image"}], "catalogue": [{"interface": '
            '"public", "region": "R", "url": "https://keys", "kind": '
            '"identity"}]}'},)
    good = (
        {'live.json': '{"endpoints": [{"interface": "public", "region": '
         '"R", "url": "https://image"}, {"interface": "internal", "region": '
         '"R", "url": "http://image"}], "catalogue": [{"interface": '
         '"public", "region": "R", "url": "https://keys", "kind": '
         '"identity"}]}'},
        # As devstack has it.
        {'live.json': '{"endpoints": [{"interface": "public", "region": '
         '"R", "url": "http://192.0.2.1/image"}], "catalogue": '
         '[{"interface": "public", "region": "R", "url": '
         '"http://192.0.2.1/identity", "kind": "identity"}]}'},
    )

    def live(self, live: lives.Live, found: Sequence[hosts.Host]
             ) -> Iterator[finding.Finding]:
        encrypted = {
            (one.region, one.interface) for one in live.catalogue or ()
            if one.kind == 'identity' and one.url.startswith('https:')}
        for one in live.endpoints or ():
            if one.url.startswith('http:') and (
                    (one.region, one.interface) in encrypted):
                yield self.found(
                    (), 'the %s endpoint of region %s' % (
                        one.interface, one.region or '(none)'),
                    'It is %s, while that of Keystone is https.'
                    % masking.value(one.url), 'Put TLS before glance-api, '
                    'and run: openstack endpoint set --url https://... %s.'
                    % (one.id or 'ENDPOINT'))
