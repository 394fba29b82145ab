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

"""GLC914"""

from collections.abc import Iterator
from collections.abc import Sequence
import math

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class ClocksApart(check.LiveCheck):
    """The clocks of the services are apart.

    Tokens are not valid yet, or not any more, and certificates likewise. What
    an import may take until another may have its lock is counted by clocks,
    and so is what the worker finds old enough to be cleaned up.

    Let every host have its time from one source, with chrony or ntpd.
    """

    code = 'GLC914'
    bad = ({'live.json': '{"clocks": {"Keystone": 0.5, '
            '"http://192.0.2.1:9292": 0, "http://192.0.2.2:9292": -95}}'},)
    good = (
        # This computer's own is another matter.
        {'live.json': '{"clocks": {"Keystone": 3600, '
         '"http://192.0.2.1:9292": 3598}}'},
        {'live.json': '{"clocks": {"Keystone": 3600}}'},
    )

    def live(self, live: lives.Live, found: Sequence[hosts.Host]
             ) -> Iterator[finding.Finding]:
        clocks = {name: ahead for name, ahead in live.clocks.items()
                  if math.isfinite(ahead)}
        if not clocks:
            return
        first = max(clocks, key=lambda name: clocks[name])
        last = min(clocks, key=lambda name: clocks[name])
        apart = clocks[first] - clocks[last]
        if apart > _MOST:
            yield self.found(
                (), 'the clocks', 'That of %s is %d s ahead of that of %s, by '
                'the Date of their answers.' % (
                    masking.value(first), apart, masking.value(last)),
                'Run "chronyc tracking" on both hosts.')


# Seconds; a Date has whole ones.
_MOST = 30
