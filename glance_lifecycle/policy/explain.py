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


"""Which rule decided what, and why those before it did not: line by line."""

from collections.abc import Iterator
import dataclasses
import enum
import itertools

from glance_lifecycle.policy import decision as decisions
from glance_lifecycle.policy import document as documents
from glance_lifecycle.policy import drift
from glance_lifecycle.policy import generations
from glance_lifecycle.policy import match
from glance_lifecycle.policy import wants


class Result(enum.StrEnum):
    """What a line says of its rule.

    NO_MATCH: it does not match. UNKNOWN: it may match, a fact is not known.
    DECIDES: it has decided this. REFUSES: the image could not come in.
    DRIFT: the image is not as wanted.
    """

    NO_MATCH = 'does not match'
    UNKNOWN = 'cannot be told'
    DECIDES = 'decides'
    REFUSES = 'refuses'
    DRIFT = 'drift'


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One step.

    :ivar rule: its name, ``defaults``, an option, or ``built-in``
    :ivar detail: why, or what is wanted
    """

    section: str
    rule: str
    result: Result
    detail: str


def explain(policy: decisions.Policy, facts: decisions.Facts, *,
            existing: bool, view: generations.View | None = None
            ) -> Iterator[Line]:
    """The story of one Decision.

    :param existing: the image is one that is there: compare it, too; else
        say what would be refused
    :param view: of the family of that image; None where nobody has looked
    """
    decision = policy.decide(facts)
    for section in wants.SECTIONS:
        yield from _rules(policy, facts, decision, section)
        yield from _fields(decision, section)
        if section == 'convert':
            yield _format(decision)
    if view is not None:
        yield _family(decision, view)
    if existing:
        for item in drift.compare(facts, decision, view):
            yield Line(item.section, item.rule, Result.DRIFT,
                       '%s: wanted %s, found %s' % (
                           item.field, item.wanted, item.found))
    else:
        for violation in decision.violations:
            yield Line(_SECTION_OF.get(violation.reason, 'require'),
                       violation.rule, Result.REFUSES, '%s: %s' % (
                           violation.reason, violation.detail))


_SECTION_OF = {
    'store-unknown': 'place', 'visibility-not-allowed': 'visibility',
    'publisher-not-allowed': 'visibility', 'property-forbidden': 'metadata',
    'tag-forbidden': 'metadata'}


def _rules(policy: decisions.Policy, facts: decisions.Facts,
           decision: decisions.Decision, section: str) -> Iterator[Line]:
    rules = policy.document.rules if policy.document else ()
    for rule in rules:
        if section not in rule.wants:
            continue
        if rule.name == decision.rules[section]:
            yield Line(section, rule.name, Result.DECIDES,
                       'it is the first that matches: %s' % rule.match)
            return
        unknown = rule.match.holds(facts) is None
        yield Line(section, rule.name,
                   Result.UNKNOWN if unknown else Result.NO_MATCH,
                   rule.match.why_not(facts))


def _format(decision: decisions.Decision) -> Line:
    rule = decision.rules['convert']
    if rule in decision.unsure.get('convert', ()):
        return Line('convert', rule, Result.UNKNOWN,
                    'the kind of a target store is not known here')
    return Line('convert', decision.decided_by('convert', 'to_raw'),
                Result.DECIDES, 'stored as %s' % (
                    decision.disk_format or 'it is'))


def _family(decision: decisions.Decision, view: generations.View) -> Line:
    retain, key = decision.retain, view.key
    rule = decision.decided_by('retain', 'family')
    if key is None:
        return Line('retain', rule, Result.NO_MATCH, 'it is of no family: it '
                    'has no %s, or is a snapshot' % retain.family)
    said = 'its family is %s of project %s%s; %d newer ones can be used' % (
        match.text(key.value), match.text(key.project),
        ', ' + match.text(key.architecture) if key.architecture else '',
        view.newer)
    if view.replacement:
        said += ', the newest is %s' % match.text(view.replacement)
    if retain.keep_last is not None:
        said += '; it is %sof the last %d, which do not retire' % (
            '' if view.newer < retain.keep_last else 'not ',
            retain.keep_last)
    return Line('retain', rule, Result.DECIDES, said)


def _fields(decision: decisions.Decision, section: str) -> Iterator[Line]:
    """What is wanted, by who wants it."""
    outcome = decision.origins[section]
    found = [(outcome.origins[field.name], '%s: %s' % (
        field.name, wants.text(section, field.name, getattr(
            outcome.wants, field.name))))
        for field in dataclasses.fields(outcome.wants)
        if field.name not in wants.TRUST
        or getattr(outcome.wants, field.name) is not None]
    order = {outcome.rule: 0, documents.DEFAULTS: 1}
    found.sort(key=lambda item: order.get(
        item[0], 3 if item[0] == documents.BUILT_IN else 2))
    for origin, items in itertools.groupby(found, key=lambda item: item[0]):
        yield Line(section, origin, Result.DECIDES,
                   '; '.join(text for _, text in items))
