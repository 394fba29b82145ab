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

"""GLC707"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import rules
from glance_lifecycle.audit import finding


class AnybodyPublishes(check.Check):
    """Anybody may make an image public.

    A public image is in the list of every project. Whoever may publish can put
    one there that is called like yours, and servers are booted from it.

    Leave ``publicize_image`` to ``rule:context_is_admin``, its default.
    """

    code = 'GLC707'
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'policy.yaml': ('"publicize_image": ""\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'policy.yaml': (
            '"publicize_image": "rule:context_is_admin or role:member"\n')},
        {'glance-api.conf': '\n',
         'policy.yaml': '"publicize_image": "rule:default"\n'},
    )
    good = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'policy.yaml': ('"publicize_image": "role:admin"\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'policy.yaml': (
            '"publicize_image": "role:member and role:publisher"\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n')},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        found = rules.of(host)
        if found.anybody('publicize_image', users=True):
            yield self.found(
                host, 'publicize_image',
                'The policy lets every user make images public.',
                'Remove publicize_image from the policy file, or set it to '
                'rule:context_is_admin.', found.rules['publicize_image'].place)
