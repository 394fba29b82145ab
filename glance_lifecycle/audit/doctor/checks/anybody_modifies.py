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

"""GLC708"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import rules
from glance_lifecycle.audit import finding


class AnybodyModifies(check.Check):
    """Anybody may change or delete the images of others.

    An empty rule lets everybody, and so does ``rule:default``, unless the file
    defines "default". Of old, Glance looked at the owner as well;
    since it enforces the new defaults, the rule is all there is, and any user
    can delete a public image, or change its properties. Policy files that were
    written for releases before Wallaby have such rules.

    Remove these lines: the defaults are for the owner and the administrator.
    """

    code = 'GLC708'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'policy.yaml': ('"modify_image": ""\n'
            '"delete_image": "@"\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'policy.yaml': ('"default": ""\n'
            '"delete_image": "rule:default"\n')},
        # Glance's own default is the same.
        {'glance-api.conf': '\n',
         'policy.yaml': '"delete_image": "rule:default"\n'},
    )
    good = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'policy.yaml': ('"delete_image": "!"\n')},
        {'glance-api.conf': '\n', 'policy.yaml':
         '"delete_image": "rule:default"\n"default": "role:admin"\n'},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'policy.yaml': (
            '"delete_image": "role:admin or '
            '(role:member and project_id:%(project_id)s)"\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'policy.yaml': ('# nothing\n')},
    )

    _NAMES = ('modify_image', 'delete_image', 'upload_image', 'deactivate',
              'reactivate', 'communitize_image')

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        found = rules.of(host)
        names = [name for name in self._NAMES if found.anybody(name)]
        if names:
            yield self.found(
                host, names[0], 'The policy lets everybody do this to every '
                'image that is seen: %s.' % ', '.join(names),
                'Remove %s from the policy file.' % ', '.join(names),
                *(found.rules[name].place for name in names))
