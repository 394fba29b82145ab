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

"""GLC747"""

from collections.abc import Iterator
from collections.abc import Set
import itertools

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import near
from glance_lifecycle.audit.doctor import protections
from glance_lifecycle.audit.doctor import rules
from glance_lifecycle.audit import finding

_PROTECTED = ('[DEFAULT]\nproperty_protection_file = p.conf\n'
              'property_protection_rule_format = policies\n')
_SECTION = '[.*]\ncreate = !\nread = %s\nupdate = !\ndelete = !\n'
# Of a file; more is told once these are corrected.
_MOST = 100


class RuleUndefined(check.Check):
    """A policy refers to a rule that nobody has written.

    oslo.policy takes the rule "default" in the place of one that it does not
    find, and Glance's own "default" lets everybody: with
    ``"modify_image": "rule:owner"``, every user may change every image that is
    seen. It is the same with the policies that a property protection file
    names. Where ``[oslo_policy] policy_default_rule`` names no rule, or the
    policy file has a "default" of its own, others are let. Where no policy
    file is at hand, what a property protection file names is told as
    "unknown".

    Correct the name behind "rule:", or write the rule.
    """

    code = 'GLC747'
    severity = check.ERROR
    bad = ({'glance-api.conf': '\n', 'policy.yaml':
            '"admin_required": "role:admin"\n'
            '"publicize_image": "rule:admin_requird"\n'},
           {'glance-api.conf': '\n', 'policy.yaml':
            '"modify_image": "rule:owner"\n"default": "role:admin"\n'},
           {'glance-api.conf': _PROTECTED, 'p.conf': _SECTION % 'nosuchrule',
            'policy.yaml': '"service": "role:service"\n'})
    good = ({'glance-api.conf': '\n', 'policy.yaml':
             '"admins": "role:admin or rule:context_is_admin"\n'
             '"publicize_image": "not (rule:admins)"\n'},
            {'glance-api.conf': _PROTECTED, 'p.conf': _SECTION % 'service',
             'policy.yaml': '"service": "role:service"\n'},
            # There, a section may name one of oslo.policy's own.
            {'glance-api.conf': _PROTECTED, 'p.conf': _SECTION % '@'},
            # It was not gathered.
            {'glance-api.conf': _PROTECTED},
            {'glance-api.conf': _PROTECTED.replace('policies', 'roles'),
             'p.conf': _SECTION % 'nosuchrole'})

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        found = rules.of(host)
        known = rules.NAMES | found.rules.keys()
        if found.broken:
            # What is missing may be there.
            return
        undefined = ((rule, name) for rule in found.rules.values()
                     for name in sorted(rules.references(rule) - known))
        for rule, name in itertools.islice(undefined, _MOST):
            meant = near.closest(name, known)
            yield self.found(
                host, masking.name(rule.name),
                _evidence(name, found.instead()),
                'Write rule:%s.' % masking.name(meant) if meant else
                'Write the rule %s, or refer to another one.'
                % masking.name(name), rule.place)
        more = sum(1 for _ in undefined)
        if more:
            yield self.found(
                host, '*', 'There are no rules for %d more references.' % more,
                'Correct these first.')
        yield from self._protections(host, found, known)

    def _protections(self, host: hosts.Host, found: rules.Rules,
                     known: Set[str]) -> Iterator[finding.Finding]:
        if host.value('DEFAULT',
                      'property_protection_rule_format') != 'policies':
            return
        named: dict[str, list[protections.Permission]] = {}
        for one in itertools.islice(protections.of(host), _MOST):
            if one.text not in known and one.text not in ('', '@', '!') and (
                    ',' not in one.text and not masking.hidden(one.text)):
                named.setdefault(one.text, []).append(one)
        for name, every in named.items():
            meant = near.closest(name, known)
            yield self.found(
                host, every[0].place.option,
                _evidence(name, found.instead()) if found.rules else
                'No policy file is at hand, and only there may be a rule "%s".'
                % masking.name(name),
                'Write %s.' % masking.name(meant) if meant else
                'Write the rule %s into the policy file, or name another one.'
                % masking.name(name), *(one.place for one in every),
                # A policy file may not have been gathered.
                severity=None if found.rules else check.UNKNOWN)


def _evidence(name: str, instead: tuple[str, bool]) -> str:
    other, everybody = instead
    return 'There is no rule "%s": %s.' % (
        masking.name(name),
        'the rule "%s" counts in its place%s' % (
            masking.name(other), ', and lets everybody' if everybody else '')
        if other else 'it lets nobody')
