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


"""What is wanted of one image: the Decision.

Pure: facts in, Decision out, no I/O. For each section the first rule that
matches and has that section decides it. What the rule does not say comes from
the ``defaults`` of the document, and then from the options.
"""

from collections.abc import Mapping
import dataclasses
from typing import Any

from glance_lifecycle.policy import checks
from glance_lifecycle.policy import document as documents
from glance_lifecycle.policy import facts as policy_facts
from glance_lifecycle.policy import wants

Facts = policy_facts.Facts
Defaults = policy_facts.Defaults
Violation = checks.Violation
CONVERTIBLE = policy_facts.CONVERTIBLE
GIB = checks.GIB

_NAMES = tuple(wants.SECTIONS)
_REQUIRE, _CONVERT, _PLACE, _PROTECT, _VISIBILITY, _METADATA, _CACHE, \
    _RETAIN = range(len(_NAMES))


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """What to do with one image.

    :ivar disk_format: the format to store
    :ivar violations: why it must be refused; empty if it may come in
    :ivar stores: those to write now, with what the user asked where the
        policy adds to it; empty if neither named any
    :ivar rules: section -> the rule that decided it, or ``defaults``
    :ivar unsure: section -> rules above the deciding one that may match: a
        fact that they ask for is not known
    :ivar digest: SHA-256 of the document, empty if there is none

    The others are the sections; ``decided_by()`` says who decided a field.
    """

    disk_format: str
    violations: tuple[Violation, ...]
    stores: tuple[str, ...]
    require: wants.Require
    convert: wants.Convert
    place: wants.Place
    protect: wants.Protect
    visibility: wants.Visibility
    metadata: wants.Metadata
    cache: wants.Cache
    retain: wants.Retain
    rules: Mapping[str, str]
    unsure: Mapping[str, tuple[str, ...]]
    digest: str
    origins: Mapping[str, checks.Outcome]

    def decided_by(self, section: str, field: str) -> str:
        """A rule's name, ``defaults``, ``[lifecycle] option`` or
        ``built-in``.
        """
        return self.origins[section].origins[field]


class Policy:
    """A document and the options, ready to decide.

    :ivar document: None where there is only the options
    :ivar watches_use: whether it matters how long an image was not used
    """

    def __init__(self, document: documents.Document | None = None,
                 defaults: Defaults = Defaults()) -> None:
        self.document = document
        self.defaults = defaults
        self.digest = document.digest if document else ''
        rules = document.rules if document else ()
        said = document.defaults if document else {}
        self._fallback = tuple(
            _outcome(section, defaults, said.get(section, {}),
                     documents.DEFAULTS, {}) for section in _NAMES)
        self._rules = tuple(
            (rule.name, rule.match.holds, tuple(
                (_NAMES.index(section), _outcome(
                    section, defaults, said.get(section, {}), rule.name,
                    fields)) for section, fields in rule.wants.items()))
            for rule in rules)
        self._deciding = len({
            section for rule in rules for section in rule.wants})

        retain = [self._fallback[_RETAIN], *(
            outcome for *_, outcomes in self._rules
            for index, outcome in outcomes if index == _RETAIN)]
        self.watches_use = any(each.wants.unused_for is not None
                               for each in retain)

    def decide(self, facts: Facts) -> Decision:
        chosen, unsure = self._choose(facts)
        place = chosen[_PLACE].wants
        stores = _stores(place, facts.stores)
        raw = _converts(chosen[_CONVERT].wants, place, stores, facts)
        if raw is None:
            unsure['convert'] = (*unsure.get('convert', ()),
                                 chosen[_CONVERT].rule)
        return Decision(
            disk_format='raw' if raw else facts.disk_format or '',
            violations=checks.violations(
                facts, chosen[_REQUIRE], chosen[_PLACE],
                chosen[_VISIBILITY], chosen[_METADATA]),
            stores=stores,
            require=chosen[_REQUIRE].wants, convert=chosen[_CONVERT].wants,
            place=place, protect=chosen[_PROTECT].wants,
            visibility=chosen[_VISIBILITY].wants,
            metadata=chosen[_METADATA].wants, cache=chosen[_CACHE].wants,
            retain=chosen[_RETAIN].wants,
            rules={name: outcome.rule
                   for name, outcome in zip(_NAMES, chosen)},
            unsure=unsure, digest=self.digest,
            origins=dict(zip(_NAMES, chosen)))

    def _choose(self, facts: Facts) -> tuple[
            list[checks.Outcome], dict[str, tuple[str, ...]]]:
        chosen = list(self._fallback)
        undecided = self._deciding
        done = 0
        unsure: dict[str, tuple[str, ...]] = {}
        for name, holds, outcomes in self._rules:
            held = holds(facts)
            if held is False:
                continue
            for index, outcome in outcomes:
                if done >> index & 1:
                    continue
                if held is None:
                    section = _NAMES[index]
                    unsure[section] = (*unsure.get(section, ()), name)
                else:
                    chosen[index] = outcome
                    done |= 1 << index
                    undecided -= 1
            if not undecided:
                break
        return chosen, unsure


def _outcome(section: str, options: Defaults, defaults: Mapping[str, Any],
             rule: str, said: Mapping[str, Any]) -> checks.Outcome:
    kind = wants.SECTIONS[section]
    origins = {field.name: wants.OPTIONS.get(
        (section, field.name), documents.BUILT_IN)
        for field in dataclasses.fields(kind)}
    origins |= dict.fromkeys(defaults, documents.DEFAULTS)
    origins |= dict.fromkeys(said, rule)
    return checks.Outcome(rule, kind(
        **{**wants.from_options(section, options), **defaults, **said}),
        origins)


def _stores(place: wants.Place, asked: tuple[str, ...]) -> tuple[str, ...]:
    if place.stores is None:
        return asked
    if place.combine == 'policy-only':
        return place.stores
    return tuple(dict.fromkeys((*place.stores, *asked)))


def _converts(convert: wants.Convert, place: wants.Place,
              stores: tuple[str, ...], facts: Facts) -> bool | None:
    """None if that depends on what is not known."""
    if (facts.container_format != 'bare'
            or facts.disk_format not in CONVERTIBLE
            or convert.to_raw == 'never'):
        return False
    if isinstance(convert.to_raw, str):
        return True
    kinds = facts.store_kinds or {}
    found = {kinds.get(store) for store in (*stores, *place.later)}
    if not found.isdisjoint(convert.to_raw):
        return True
    return None if None in found or not found else False
