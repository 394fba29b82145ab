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

"""GLC747"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import near
from glance_lifecycle.audit.doctor import rules
from glance_lifecycle.audit import finding


class RuleUndefined(check.Check):
    """A policy refers to a rule that nobody has written.

    oslo.policy takes a rule that it does not find for one that refuses
    everybody.

    Correct the name behind "rule:", or write the rule.
    """

    code = 'GLC747'
    severity = check.ERROR
    bad = ({'glance-api.conf': '\n', 'policy.yaml':
            '"admin_required": "role:admin"\n'
            '"publicize_image": "rule:admin_requird"\n'},)
    good = ({'glance-api.conf': '\n', 'policy.yaml':
             '"admins": "role:admin or rule:context_is_admin"\n'
             '"publicize_image": "not (rule:admins)"\n'},)

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        found = rules.of(host)
        known = rules.NAMES | found.rules.keys()
        if found.broken:
            # What is missing may be there.
            return
        for rule in found.rules.values():
            for name in sorted(rules.references(rule) - known):
                meant = near.closest(name, known)
                yield self.found(
                    host, masking.name(rule.name),
                    'There is no rule "%s".' % masking.name(name),
                    'Write rule:%s.' % masking.name(meant) if meant else
                    'Write the rule %s, or refer to another one.'
                    % masking.name(name), rule.place)
