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

"""GLC728"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import rules
from glance_lifecycle.audit import finding


class PoliciesNotRead(check.Check):
    """There is a file with policies, and Glance reads another one.

    oslo.policy reads the file that ``[oslo_policy] policy_file`` names,
    policy.yaml unless it is set; to 2025.2 it took policy.json for that. If
    there is none, all policies are at their defaults, and nothing says so.

    Name the file that is there, or move it.
    """

    code = 'GLC728'
    bad = (
        {'glance-api.conf': '[oslo_policy]\npolicy_file = policy.json\n',
         'policy.yaml': '"publicize_image": "role:admin"\n'},
        {'glance-api.conf': '[oslo_policy]\n'
         'policy_file = /etc/glance/policies.yaml\n',
         'policy.yaml': '"publicize_image": "role:admin"\n'},
        {'glance-api.conf': '\n',
         'policy.json': '{"publicize_image": "role:admin"}\n'},
    )
    good = (
        {'glance-api.conf': '[oslo_policy]\npolicy_file = policy.json\n',
         'policy.json': '{"publicize_image": "role:admin"}\n'},
        {'glance-api.conf': '[oslo_policy]\npolicy_file = policy.json\n'},
        {'glance-api.conf': '[oslo_policy]\npolicy_file = *********\n',
         'policy.yaml': '"publicize_image": "role:admin"\n'},
    )

    _USUAL = ('policy.yaml', 'policy.json')

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        setting = host.setting('oslo_policy', 'policy_file')
        named = rules.file_name(host)
        there = [one for one in self._USUAL if not host.policies.lacks(one)]
        if host.policies.lacks(named) and there:
            yield self.found(
                host, '[oslo_policy] policy_file',
                'Glance reads %s, which is not there, and not %s, which is.'
                % (masking.value(named), there[0]),
                'Set policy_file = %s in [oslo_policy], or rename the file.'
                % there[0], setting,
                finding.Place(host.policies.shown(there[0])))
