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

"""GLC607"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor.checks import staging_in_memory
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class StateInMemory(check.Check):
    """The journals of imports lie in a temporary directory.

    What an import wrote before its process died is found by its journal, and
    removed. /tmp and /run are emptied when the host starts, and so what was
    written stays in the stores for ever.

    Set ``[lifecycle] state_dir`` to a directory that is kept.
    """

    code = 'GLC607'
    bad = ({'glance-api.conf': '[lifecycle]\nstate_dir = /run/glance\n'},)
    good = ({'glance-api.conf': '[lifecycle]\n'
             'state_dir = /srv/glance/lifecycle\n'},
            )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        value = host.value('lifecycle', 'state_dir') or ''
        if staging_in_memory.temporary(host, value):
            yield self.found(
                host, '[lifecycle] state_dir',
                'Journals are kept in %s, a temporary directory.'
                % masking.value(value),
                'Set state_dir = /var/lib/glance/lifecycle in [lifecycle].',
                host.setting('lifecycle', 'state_dir'))
