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

"""GLC603"""

from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import policies
from glance_lifecycle.audit import finding
from glance_lifecycle.policy import document


class PolicyStores(check.Check):
    """The lifecycle policy names a store that does not exist.

    Imports that it decides are refused.

    Correct the name, or add the store to ``enabled_backends`` on every host.
    """

    code = 'GLC603'
    severity = check.ERROR
    bad = ({'glance-api.conf': '[DEFAULT]\nenabled_backends = fast:file\n'
            '[glance_store]\ndefault_backend = fast\n'
            '[lifecycle]\npolicy_file = /etc/glance/lifecycle-policy.yaml\n',
            'lifecycle-policy.yaml': 'version: 1\nrules:\n  - name: a\n'
            '    place: {stores: [fast], later: [archive]}\n'},
           )
    good = ({'glance-api.conf': '[DEFAULT]\nenabled_backends = fast:file\n'
             '[glance_store]\ndefault_backend = fast\n'
             '[lifecycle]\npolicy_file = /etc/glance/lifecycle-policy.yaml\n',
             'lifecycle-policy.yaml': 'version: 1\nrules:\n  - name: a\n'
             '    place: {stores: [fast]}\n'},
            )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        found = policies.loaded(host) if host.stores else None
        if found is None:
            return
        shown = masking.value(policies.path(host))
        where = masking.value(host.directory.where(policies.path(host)))
        for path, place in _places(found):
            for store in (*(place.get('stores') or ()),
                          *(place.get('later') or ())):
                if store not in host.stores:
                    line = found.tree.place(path)[0]
                    yield self.found(
                        host, 'store %s' % masking.name(store),
                        'The lifecycle policy names the store %s, which is '
                        'not in enabled_backends.' % masking.name(store),
                        'Correct line %d of %s, or enabled_backends.' % (
                            line, shown), finding.Place(where, line),
                        host.setting('DEFAULT', 'enabled_backends'))


def _places(found: document.Document
            ) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    yield ('defaults',), found.defaults.get('place', {})
    for rule in found.rules:
        yield ('rules', rule.position), rule.wants.get('place', {})
