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


"""GLC750"""

from collections.abc import Iterator
import re

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import rules
from glance_lifecycle.audit import finding


class TargetUnknown(check.Check):
    """A policy compares with what an image does not have.

    In ``project_id:%(tenant)s``, "tenant" is looked for in the image. Glance
    calls it project_id, or owner. Where the image does not have it, the check
    lets nobody, and owners cannot do what they could; where somebody has set a
    property of that name, it decides.

    Write ``project_id:%(project_id)s``.
    """

    code = 'GLC750'
    severity = check.ERROR
    bad = ({'glance-api.conf': '\n', 'policy.yaml':
            '"delete_image": "role:admin or project_id:%(tenant)s"\n'},
           {'glance-api.conf': '\n', 'policy.yaml':
            '"owner": "tenant:%(tenant_id)s"\n'
            '"modify_image": "rule:owner"\n'})
    good = ({'glance-api.conf': '\n', 'policy.yaml':
             '"delete_image": "role:admin or project_id:%(owner)s"\n'
             '"get_image": "project_id:%(project_id)s"\n'},)

    _WRONG = re.compile(r'%\((tenant|tenant_id|project)\)s')

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for rule in rules.of(host).rules.values():
            found = self._WRONG.search(rule.text or '')
            if found:
                name = masking.name(rule.name)
                yield self.found(
                    host, name, 'The rule of "%s" has %s, and an image has no '
                    '%s.' % (name, found[0], found[1]),
                    'Write project_id:%(project_id)s.', rule.place)
