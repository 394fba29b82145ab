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

"""GLC922"""

from collections.abc import Iterator
from collections.abc import Sequence

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class ServiceDown(check.LiveCheck):
    """A service of Nova or Cinder that makes copies of images is down.

    Nova and Cinder say so of one that has not reported for a time, by default
    a minute. Servers and volumes on that host are not made, their images'
    dependents are not seen there, and images are not fetched before they are
    needed.

    See its log; or disable what is not to come back.
    """

    code = 'GLC922'
    bad = ({'live.json': '{"daemons": [{"binary": "nova-compute", "host": '
            '"c1", "up": false, "enabled": true}]}'},)
    good = ({'live.json': '{"daemons": [{"binary": "nova-compute", "host": '
             '"c1", "up": true, "enabled": true}, {"binary": '
             '"cinder-volume", "host": "v1@ceph", "up": false, "enabled": '
             'false}]}'},)

    def live(self, live: lives.Live, found: Sequence[hosts.Host]
             ) -> Iterator[finding.Finding]:
        for binary in sorted({one.binary for one in live.daemons}):
            every = [one for one in live.daemons
                     if one.binary == binary and one.enabled]
            down = [one.host for one in every if not one.up]
            if down:
                yield self.found(
                    (), masking.name(binary), '%d of %d are down: %s%s.' % (
                        len(down), len(every), ', '.join(
                            map(masking.name, sorted(down)[:_MOST])),
                        ', ...' if len(down) > _MOST else ''),
                    'See the log of %s on that host.' % masking.name(binary))


_MOST = 8
