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

"""GLC711"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import rules
from glance_lifecycle.audit import finding


class PoliciesBroken(check.Check):
    """A policy file that Glance cannot use.

    oslo.policy reads a mapping of names and rules. Of anything else, every
    request fails with an internal error. A lifecycle policy is another kind of
    file, and must not have the name of Glance's own.

    Correct the file. ``oslopolicy-validator --namespace glance`` tells more.
    """

    code = 'GLC711'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'policy.yaml': ('- publicize_image\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'policy.yaml': ('version: 1\n'
            'rules: []\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'policy.yaml': ('"a": "b\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'policy.yaml': ('a: &a role:admin\n'
            'b: *a\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'policy.yaml': ('"a":\n'
            '\t"role:admin"\n')},
    )
    good = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'policy.yaml': ('"publicize_image": "role:admin"\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'policy.yaml': ('# "publicize_image": "role:admin"\n')},
        # As Ansible writes it.
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'policy.yaml': ('--- # Managed.\n\n  # None.\n...\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'lifecycle-policy.yaml': ('version: 1\n')},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for one in rules.of(host).broken:
            yield self.found(
                host, one.path, one.reason if not one.lifecycle else
                'It is not a policy of Glance: it looks like a lifecycle '
                'policy.',
                'Move it to /etc/glance/lifecycle-policy.yaml, and name that '
                'in [lifecycle] policy_file.' if one.lifecycle else
                'Correct the file.', finding.Place(one.path, one.line),
                severity=None if one.certain else check.UNKNOWN)
