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

"""One rule's wish against one request: a sentence why not, or None.

Pure: neither Glance nor the network.
"""

from collections.abc import Callable
from collections.abc import Iterator
import dataclasses
import datetime

from glance_lifecycle.enforcement import use_index
from glance_lifecycle.policy import checks
from glance_lifecycle.policy import decision as decisions
from glance_lifecycle.policy import match
from glance_lifecycle.policy import units
from glance_lifecycle.policy import wants

_KINDS = {'servers': 'servers', 'volumes': 'volumes',
          'rbd_children': 'clones in Ceph'}


@dataclasses.dataclass(frozen=True, slots=True)
class Subject:
    """The image that is to go.

    :ivar updated_at: when it last changed, with a time zone; None if that
        is not known
    """

    id: str
    protected: bool
    updated_at: datetime.datetime | None


def outcomes(policy: decisions.Policy, facts: decisions.Facts, section: str
             ) -> Iterator[checks.Outcome]:
    """The wishes that bind the image.

    That of the rule which decides; and of each rule above that may match,
    where a fact that it asks for is not known. Whatever any of them forbids
    is forbidden.
    """
    decision = policy.decide(facts)
    yield decision.origins[section]
    unsure = decision.unsure.get(section, ())
    if not unsure or policy.document is None:
        return
    defaults = policy.document.defaults.get(section, {})
    for rule in policy.document.rules:
        if rule.name in unsure:
            said = {**defaults, **rule.wants[section]}
            wanted = wants.SECTIONS[section](**said)
            yield checks.Outcome(rule.name, wanted, {
                field.name: rule.name for field in
                dataclasses.fields(wanted)})


def with_visibility(facts: decisions.Facts, visibility: str
                    ) -> decisions.Facts:
    return dataclasses.replace(facts, visibility=visibility)


def removal(outcome: checks.Outcome, image: Subject, roles: frozenset[str],
            use: Callable[[], use_index.Use], *, what: str,
            now: datetime.datetime | None = None) -> str | None:
    """Why it cannot be deleted, or lose a copy.

    :param roles: of the user, in lower case
    :param use: asked last, and only if it matters
    :param what: ``deleted``, for the sentence
    """
    protect: wants.Protect = outcome.wants
    if not protect.guarded or _among(roles, protect.may_delete):
        return None
    cannot = 'Image %s cannot be %s: ' % (image.id, what)
    return (_protected(outcome, image, roles, cannot)
            or _cooling(outcome, image, cannot,
                        now or datetime.datetime.now(datetime.UTC))
            or _used(outcome, use, cannot))


def _protected(outcome: checks.Outcome, image: Subject,
               roles: frozenset[str], cannot: str) -> str | None:
    protect: wants.Protect = outcome.wants
    if image.protected:
        # Its owner's own flag is Glance's business, and no flag of the
        # policy's; but it has to go before a cool-down can pass.
        if not protect.protected and not protect.cool_down:
            return None
        by = outcome.by('protected' if protect.protected else 'cool_down')
        return cannot + 'it is protected (%s). %s%s' % (
            by, _who_unprotects(protect), _then_wait(protect))
    if not protect.protected or _among(roles, protect.may_unprotect):
        return None
    return cannot + (
        '%s still protects it, although "protected" was unset. Only users '
        'with the role %s may delete it' % (
            _said(outcome.by('protected')), _or(protect.may_delete))
        + ('; with the role %s, once it is unprotected%s.' % (
            _or(protect.may_unprotect), _and_wait(protect))
           if protect.may_unprotect else '.'))


def _cooling(outcome: checks.Outcome, image: Subject, cannot: str,
             now: datetime.datetime) -> str | None:
    protect: wants.Protect = outcome.wants
    if not protect.cool_down or image.protected:
        return None
    # Whoever unsets the flag changes the image, so this needs no state; any
    # other change counts as well, to be safe.
    since = image.updated_at or now
    end = since + datetime.timedelta(seconds=protect.cool_down)
    if now >= end:
        return None
    return cannot + (
        'only %s after it was unprotected or changed otherwise (%s), that '
        'is, from %s on. Each change begins the time anew. Users with the '
        'role %s need not wait.' % (
            units.duration_text(protect.cool_down), outcome.by('cool_down'),
            end.strftime('%Y-%m-%d %H:%M:%S UTC'), _or(protect.may_delete)))


def _used(outcome: checks.Outcome, use: Callable[[], use_index.Use],
          cannot: str) -> str | None:
    protect: wants.Protect = outcome.wants
    if not protect.keep_while_in_use:
        return None
    found = use()
    if found.kinds:
        return cannot + (
            'it is in use by %s (%s). See "openstack image lifecycle '
            'dependents"; delete those first, or ask a user with the role '
            '%s.' % (' and '.join(_KINDS.get(kind, kind)
                                  for kind in found.kinds),
                     outcome.by('keep_while_in_use'),
                     _or(protect.may_delete)))
    if found.known:
        return None
    return cannot + (
        'whether it is in use cannot be told now, and it must not be (%s). '
        'Try again later; the operator finds the reason in the log of '
        'glance-api.' % outcome.by('keep_while_in_use'))


def deactivation(outcome: checks.Outcome, image_id: str,
                 roles: frozenset[str]) -> str | None:
    """Why it cannot be deactivated."""
    protect: wants.Protect = outcome.wants
    able = tuple(dict.fromkeys((*protect.may_delete,
                                *protect.may_unprotect)))
    if not protect.protected or _among(roles, able):
        return None
    return ('Image %s cannot be deactivated: it is protected (%s). Ask a '
            'user with the role %s.' % (
                image_id, outcome.by('protected'), _or(able)))


def publication(outcome: checks.Outcome, image_id: str,
                facts: decisions.Facts) -> str | None:
    """Why it cannot be as visible as ``facts`` have it.

    :param image_id: empty for an image that is yet to be created
    """
    wanted: wants.Visibility = outcome.wants
    visibility = facts.visibility or ''
    if wanted.permits(visibility, facts.project):
        return None
    cannot = '%s cannot be %s: ' % (
        'Image ' + image_id if image_id else 'The image', visibility)
    if visibility not in wanted.allowed:
        return cannot + 'only %s is allowed (%s).' % (
            ' or '.join(wanted.allowed), outcome.by('allowed'))
    return cannot + (
        'project %s is not among those that may publish images (%s). Ask the '
        'operator.' % (match.text(facts.project or 'none'),
                       outcome.by('publishers')))


def _among(roles: frozenset[str], able: tuple[str, ...]) -> bool:
    return not roles.isdisjoint(role.lower() for role in able)


def _or(roles: tuple[str, ...]) -> str:
    return ' or '.join(map(match.text, roles)) or '(nobody has it)'


def _who_unprotects(protect: wants.Protect) -> str:
    if not protect.protected:
        return 'Unset "protected" first.'
    return ('Who has the role %s may unset "protected".'
            % _or(protect.may_unprotect))


def _then_wait(protect: wants.Protect) -> str:
    if not protect.cool_down:
        return ''
    return (' It can be deleted %s later.'
            % units.duration_text(protect.cool_down))


def _and_wait(protect: wants.Protect) -> str:
    if not protect.cool_down:
        return ''
    return ' for ' + units.duration_text(protect.cool_down)


def _said(by: str) -> str:
    return 'the ' + by if by.startswith(('rule', 'defaults')) else by
