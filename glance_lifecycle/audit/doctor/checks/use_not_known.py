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


"""GLC616"""

from collections.abc import Iterator
import re

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import credentials
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import policies
from glance_lifecycle.audit.doctor import rules
from glance_lifecycle.audit import finding

_CONF = ('[lifecycle]\npolicy_file = /etc/glance/p.yaml\n'
         '[lifecycle_protection]\n')
_POLICY = ('version: 1\nrules:\n  - name: a\n'
           '    protect: {keep_while_in_use: %s}\n')
_RULE = '"delete_image": "role:admin and lifecycle:delete"\n'


class UseNotKnown(check.Check):
    """Images are to be kept while they are in use, and nobody can ask.

    With ``keep_while_in_use`` in the lifecycle policy and ``lifecycle:delete``
    in Glance's, Nova and Cinder are asked what uses an image before it is
    deleted, with the credentials of ``[lifecycle_protection]``. Without them,
    no image that the rule is about can be deleted, whether it is in use or
    not, but by users with a role in ``may_delete``.

    Set ``auth_type`` and what belongs to it, or an ``auth_section``.
    """

    code = 'GLC616'
    severity = check.ERROR
    bad = ({'glance-api.conf': _CONF, 'p.yaml': _POLICY % 'true',
            'policy.yaml': _RULE},)
    good = (
        {'glance-api.conf': _CONF, 'p.yaml': _POLICY % 'false',
         'policy.yaml': _RULE},
        {'glance-api.conf': _CONF, 'p.yaml': _POLICY % 'true'},
        {'glance-api.conf': _CONF + 'auth_section = keystone_authtoken\n',
         'p.yaml': _POLICY % 'true', 'policy.yaml': _RULE},
        {'glance-api.conf': _CONF + 'providers = rbd_children\n',
         'p.yaml': _POLICY % 'true', 'policy.yaml': _RULE},
    )

    _SECTION = 'lifecycle_protection'
    _ASKED = re.compile(r'\blifecycle:delete')
    # These ask the API of another service.
    _PROVIDERS = frozenset(('servers', 'volumes'))

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        found = policies.loaded(host)
        if found is None or not any(
                wants.get('protect', {}).get('keep_while_in_use')
                for wants in (found.defaults,
                              *(one.wants for one in found.rules))):
            return
        asking = [rule for rule in rules.of(host).rules.values()
                  if self._ASKED.search(rule.text or '')]
        if asking and self._PROVIDERS.intersection(
                host.value(self._SECTION, 'providers') or ()) and not any(
                    credentials.has(host, self._SECTION, name)
                    for name in ('auth_type', 'auth_section')):
            yield self.found(
                host, '[%s] auth_type' % self._SECTION,
                'The lifecycle policy has keep_while_in_use, and [%s] has no '
                'auth_type.' % self._SECTION,
                'Set auth_type = password, auth_url, username, password, '
                'project_name and their domains in [%s].' % self._SECTION,
                asking[0].place, host.setting('lifecycle', 'policy_file'))
