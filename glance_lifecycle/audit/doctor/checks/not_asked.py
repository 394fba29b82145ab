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

"""GLC901"""

from collections.abc import Iterator
from collections.abc import Sequence

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit import finding


class NotAsked(check.LiveCheck):
    """A running service could not be asked.

    What it would have said is not judged. The user may lack the right to ask:
    usage is of the user's own project, and the kinds of stores are shown to an
    administrator. Or the service does not answer, and that is what to look at
    first.

    Ask again as an administrator; if the service fails, see its log.
    """

    code = 'GLC901'
    severity = check.UNKNOWN
    bad = ({'live.json': '{"unknown": ["The Image service did not list its '
            'stores: it cannot be asked (ConnectFailure)."]}'},)
    good = ({'live.json': '{"methods": ["glance-direct"]}'},)

    def live(self, live: lives.Live, found: Sequence[hosts.Host]
             ) -> Iterator[finding.Finding]:
        for sentence in live.unknown:
            yield self.found(
                (), 'the running services', sentence, 'Ask again as an '
                'administrator, or look at the log of that service.')
