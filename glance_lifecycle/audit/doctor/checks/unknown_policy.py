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

"""GLC710"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import near
from glance_lifecycle.audit.doctor import rules
from glance_lifecycle.audit import finding

# Of one host: of a file that is none, there would be thousands.
_MOST = 100


class UnknownPolicy(check.Check):
    """A policy that Glance does not know.

    Nobody asks for it, and what was meant is at its default. oslo.policy says
    nothing.

    Correct the name, or remove the line.
    """

    code = 'GLC710'
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'policy.yaml': ('"publicise_image": "role:admin"\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'policy.d/x.yaml': ('"get_imagez": "role:admin"\n')},
    )
    good = (
        {'glance-api.conf': (
            '[DEFAULT]\nproperty_protection_rule_format = policies\n'),
         'policy.yaml': '"of_service": "role:x"\n'},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'policy.yaml': ('"admins": "role:admin"\n'
            '"publicize_image": "rule:admins"\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'policy.d/x.json': ('{"publicize_image": "role:admin"}\n')},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        found = rules.of(host)
        # Property protections can ask for rules of any name.
        others = host.value(
            'DEFAULT', 'property_protection_rule_format') == 'policies'
        named = found.named()
        unknown = sorted(found.rules.keys() - rules.NAMES - named)
        if len(unknown) > _MOST:
            yield self.found(
                host, '*', 'Glance knows no policies of %d more names.' % (
                    len(unknown) - _MOST), 'Correct these first.',
                severity=check.INFO)
        for name in unknown[:_MOST]:
            meant = near.closest(name, rules.NAMES)
            # Another one may be meant to refer to it: that is GLC747.
            if near.closest(name, named):
                continue
            if others and meant is None:
                continue
            shown = masking.name(name)
            yield self.found(
                host, shown, 'Glance knows no policy "%s".' % shown,
                'Write %s instead.' % meant if meant else 'Remove the line.',
                found.rules[name].place,
                severity=None if meant else check.INFO)
