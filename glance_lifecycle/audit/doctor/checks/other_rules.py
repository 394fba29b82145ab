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

"""GLC746"""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import compared
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import rules
from glance_lifecycle.audit import finding


_CONF = '[DEFAULT]\ndebug = false\n'


class OtherRules(check.Check):
    """Hosts of one API have different policies.

    Who may do what is then up to the host that the balancer chose.

    Put the same files on every host.
    """

    code = 'GLC746'
    bad = ({'a/glance-api.conf': _CONF, 'b/glance-api.conf': _CONF,
            'c/glance-api.conf': _CONF,
            'a/policy.yaml': '"publicize_image": "role:admin"\n',
            'b/policy.yaml': '"publicize_image": "role:admin"\n',
            'c/policy.yaml': '"publicize_image": "role:x"\n'},
           {'a/glance-api.conf': _CONF, 'b/glance-api.conf': _CONF,
            'a/policy.yaml': '"publicize_image": "role:admin"\n'})
    good = ({'a/glance-api.conf': _CONF, 'b/glance-api.conf': _CONF,
             'a/policy.yaml': '"publicize_image": "role:admin"\n',
             'b/policy.yaml': '# as everywhere\npublicize_image: role:admin\n'
             },
            # It was not gathered.
            {'a/glance-api.conf': _CONF, 'b/glance-api.conf': _CONF})

    def cloud(self, found: Sequence[hosts.Host]
              ) -> Iterator[finding.Finding]:
        if len(found) < 2:
            return
        known = {}
        for host in found:
            with contextlib.suppress(hosts.Hidden):
                read = rules.of(host)
                if not read.broken:
                    known[host] = read.rules
        groups = compared.differing(list(known), lambda host: {
            name: rule.text or '' for name, rule in known[host].items()})
        if groups:
            some = compared.fewest(groups)
            names = sorted({name for host in some for name in known[host]}
                           or {name for each in known.values()
                               for name in each})
            yield self.found(
                some, masking.name(names[0]), '%s has other policies than the '
                'others, or none.' % compared.names(some),
                'Put the same policy file on every host.', *(
                    rule.place for host in found if host in known
                    for rule in list(known[host].values())[:1]))
