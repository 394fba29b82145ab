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

"""GLC602"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import policies
from glance_lifecycle.audit import finding
from glance_lifecycle.policy import shadow

_MOST = 20


class PolicyShadowed(check.Check):
    """A rule of the lifecycle policy does not do what it says.

    It can never match, or rules before it have decided already all that it
    wants, or it asks for something that is known only at import.

    Move the rule, or correct its conditions. "openstack image lifecycle policy
    explain" says which rule decided for an image.
    """

    code = 'GLC602'
    bad = ({'glance-api.conf': '[lifecycle]\n'
            'policy_file = /etc/glance/lifecycle-policy.yaml\n',
            'lifecycle-policy.yaml': 'version: 1\nrules:\n'
            '  - name: all\n    protect: {protected: true}\n'
            '  - name: some\n    match: {tags: golden}\n'
            '    protect: {protected: false}\n'},
           )
    good = ({'glance-api.conf': '[lifecycle]\n'
             'policy_file = /etc/glance/lifecycle-policy.yaml\n',
             'lifecycle-policy.yaml': 'version: 1\nrules:\n'
             '  - name: some\n    match: {tags: golden}\n'
             '    protect: {protected: true}\n'},
            )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        found = policies.loaded(host)
        if found is None:
            return
        shown = masking.value(policies.path(host))
        where = masking.value(host.directory.where(policies.path(host)))
        for problem in shadow.warnings(found)[:_MOST]:
            yield self.found(
                host, policies.FULL_NAME, '%s, %s: %s.' % (
                    shown, masking.name(problem.where),
                    masking.value(problem.message).rstrip('.')),
                'Look at line %d of %s.' % (problem.line, shown),
                finding.Place(where, problem.line))
