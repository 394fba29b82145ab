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


"""GLC749"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import expression
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import near
from glance_lifecycle.audit.doctor import rules
from glance_lifecycle.audit import finding

#: As glance_lifecycle.enforcement.guard has them.
ACTIONS = ('delete', 'delete_location', 'deactivate', 'publicize',
           'communitize')

_LONGEST = 10_000


class LifecycleRule(check.Check):
    """A policy asks for protection in a way that does not protect.

    ``lifecycle:delete`` and its like work only behind, or before, "and". With
    "or", whoever the other part lets is not asked at all; "not" turns nothing
    around. If the word behind the colon is none of them, everybody is refused.

    Write "(RULE) and lifecycle:delete", where RULE says whose image it is.
    """

    code = 'GLC749'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': '\n', 'policy.yaml':
         '"delete_image": "(role:admin or role:x) and lifecycle:deletion"\n'},
        {'glance-api.conf': '\n', 'policy.yaml':
         '"delete_image": "role:admin or lifecycle:delete"\n'},
        {'glance-api.conf': '\n', 'policy.yaml':
         '"delete_image": "role:admin or (role:x and lifecycle:delete)"\n'},
        {'glance-api.conf': '\n', 'policy.yaml':
         '"delete_image": "role:admin and not (lifecycle:delete)"\n'},
    )
    good = (
        {'glance-api.conf': '\n', 'policy.yaml':
         '"delete_image": "(role:admin or role:x) and lifecycle:delete"\n'
         '"publicize_image": "lifecycle:publicize and not role:x"\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for rule in rules.of(host).rules.values():
            text = rule.text or ''
            if 'lifecycle:' not in text or len(text) > _LONGEST:
                continue
            name = masking.name(rule.name)
            words = list(expression.words(text))
            asked = [word.partition(':')[2] for word in words
                     if word.startswith('lifecycle:')]
            for action in dict.fromkeys(asked):
                if action in ACTIONS:
                    continue
                meant = near.closest(action, ACTIONS, 0.7)
                yield self.found(
                    host, name, 'There is no lifecycle:%s: everybody is '
                    'refused.' % masking.name(action),
                    'Write lifecycle:%s.' % meant if meant else
                    'Write one of: %s.' % ', '.join(
                        'lifecycle:' + one for one in ACTIONS), rule.place)
            if _bypassed(words):
                yield self.found(
                    host, name, 'In the rule of "%s", "lifecycle:..." is in '
                    'an "or" or a "not": whoever the other part lets is not '
                    'asked.' % name,
                    'Write (RULE) and lifecycle:%s.' % (
                        masking.name(asked[0]) if asked else ACTIONS[0]),
                    rule.place, severity=check.WARNING)


def _bypassed(words: list[str]) -> bool:
    """Whether an "or" or "not" stands with the check, or around it."""
    # Of each bracket that is open: whether it is lost, and has the check.
    lost, has = [False], [False]
    before = ''
    for word in words:
        if word == '(':
            lost.append(before == 'not')
            has.append(False)
        elif word == ')' and len(lost) > 1:
            if lost.pop() and has[-1]:
                return True
            inner = has.pop()
            has[-1] = has[-1] or inner
        elif word == 'or':
            lost[-1] = True
        elif word.startswith('lifecycle:'):
            has[-1] = True
            if before == 'not':
                return True
        before = word
    return any(map(all, zip(lost, has, strict=True)))
