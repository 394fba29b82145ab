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

"""GLC729"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import expression
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import rules
from glance_lifecycle.audit import finding


class RuleBroken(check.Check):
    """A policy that oslo.policy cannot understand.

    It logs that once, and then refuses everybody, administrators, too.

    Write checks such as ``role:admin`` or ``rule:NAME``, with "and", "or" or
    "not" and brackets between them.
    """

    code = 'GLC729'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': '\n', 'policy.yaml':
         '"delete_image": "role:admin or"\n'},
        {'glance-api.conf': '\n', 'policy.yaml': '"get_images": "admin"\n'},
        {'glance-api.conf': '\n', 'policy.yaml':
         '"get_images": "(role:a or role:b"\n'},
        {'glance-api.conf': '\n', 'policy.yaml':
         '"get_images": "role:a role:b"\n'},
        {'glance-api.conf': '\n', 'policy.yaml': '"get_images": "no"\n'},
    )
    good = (
        {'glance-api.conf': '\n', 'policy.yaml':
         '"get_images": "not (role:a or rule:b) and project_id:%(x)s"\n'
         '"a": "@"\n"b": "!"\n"c": ""\n"d": []\n"e": no\n"f": ~\n'
         '"add_image": "role:admin AND (project_id:x or True:%(y)s)"\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        found = rules.of(host)
        for rule in found.rules.values():
            problem = expression.problem(rule.text or '')
            if problem:
                name = masking.name(rule.name)
                yield self.found(
                    host, name, 'The rule of "%s" is not understood: %s.' % (
                        name, problem),
                    'Correct the rule of %s; for example, write '
                    '"role:admin".' % name, rule.place)
