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


"""Conditions on an image: what ``match`` says, compiled.

Three answers: it holds, it does not, or it cannot be told because a fact is
not known (Kleene's logic). No condition looks at more than one fact, but for
``any``, ``all`` and ``not``.
"""

import abc
from collections.abc import Mapping
import dataclasses
import fnmatch
import functools
import re
from typing import Any

from glance_lifecycle.policy import facts as policy_facts
from glance_lifecycle.policy import units

Facts = policy_facts.Facts

_MULTIPLE = ('tags', 'importer_roles')
_SIZES = ('size', 'virtual_size')


class Condition(abc.ABC):
    """Something that an image meets or does not."""

    @abc.abstractmethod
    def holds(self, facts: Facts) -> bool | None:
        """None if that cannot be told."""

    @abc.abstractmethod
    def why_not(self, facts: Facts) -> str:
        """A sentence for an image that does not meet it, or may not."""


@dataclasses.dataclass(frozen=True)
class All(Condition):
    parts: tuple[Condition, ...]

    def holds(self, facts: Facts) -> bool | None:
        answer: bool | None = True
        for part in self.parts:
            held = part.holds(facts)
            if held is False:
                return False
            if held is None:
                answer = None
        return answer

    def why_not(self, facts: Facts) -> str:
        """The first that surely fails, or else the first in doubt."""
        for wanted in (False, None):
            for part in self.parts:
                if part.holds(facts) is wanted:
                    return part.why_not(facts)
        return ''

    def __str__(self) -> str:
        return ' and '.join(map(_bracketed, self.parts)) or 'every image'


@dataclasses.dataclass(frozen=True)
class AnyOf(Condition):
    parts: tuple[Condition, ...]

    def holds(self, facts: Facts) -> bool | None:
        answer: bool | None = False
        for part in self.parts:
            held = part.holds(facts)
            if held:
                return True
            if held is None:
                answer = None
        return answer

    def why_not(self, facts: Facts) -> str:
        return ', and '.join(part.why_not(facts) for part in self.parts)

    def __str__(self) -> str:
        return ' or '.join(map(_bracketed, self.parts))


@dataclasses.dataclass(frozen=True)
class Not(Condition):
    part: Condition

    def holds(self, facts: Facts) -> bool | None:
        held = self.part.holds(facts)
        return None if held is None else not held

    def why_not(self, facts: Facts) -> str:
        if self.part.holds(facts) is None:
            return self.part.why_not(facts)
        return 'it is excluded by: not (%s)' % self.part

    def __str__(self) -> str:
        return 'not (%s)' % self.part


@dataclasses.dataclass(frozen=True)
class OneOf(Condition):
    """The fact is one of these values, or has one of them."""

    fact: str
    values: frozenset[str | bool]

    @functools.cached_property
    def _multiple(self) -> bool:
        return self.fact in _MULTIPLE

    def holds(self, facts: Facts) -> bool | None:
        found = getattr(facts, self.fact)
        if found is None:
            return None
        if self._multiple:
            return not self.values.isdisjoint(found)
        return found in self.values

    def why_not(self, facts: Facts) -> str:
        found = getattr(facts, self.fact)
        if found is None:
            return _unknown(self.fact)
        if self.fact in _MULTIPLE:
            return '%s has none of %s' % (self.fact, text(self.values))
        return '%s is %s, not %s' % (self.fact, text(found),
                                     text(self.values))

    def __str__(self) -> str:
        return '%s %s %s' % (self.fact, 'has' if self.fact in _MULTIPLE
                             else 'is', text(self.values))


@dataclasses.dataclass(frozen=True)
class Like(Condition):
    """The fact matches one of these patterns."""

    fact: str
    patterns: tuple[str, ...]

    @functools.cached_property
    def _regex(self) -> re.Pattern[str]:
        return globs(self.patterns)

    def holds(self, facts: Facts) -> bool | None:
        found = getattr(facts, self.fact)
        if found is None:
            return None
        return self._regex.match(found) is not None

    def why_not(self, facts: Facts) -> str:
        found = getattr(facts, self.fact)
        if found is None:
            return _unknown(self.fact)
        return '%s is %s, which is not like %s' % (
            self.fact, text(found), text(self.patterns))

    def __str__(self) -> str:
        return '%s is like %s' % (self.fact, text(self.patterns))


@dataclasses.dataclass(frozen=True)
class Between(Condition):
    """The fact, a number, lies between these, both included."""

    fact: str
    low: int | None
    high: int | None

    def holds(self, facts: Facts) -> bool | None:
        found = getattr(facts, self.fact)
        if found is None:
            return None
        return ((self.low is None or found >= self.low)
                and (self.high is None or found <= self.high))

    def why_not(self, facts: Facts) -> str:
        found = getattr(facts, self.fact)
        if found is None:
            return _unknown(self.fact)
        if self.low is not None and found < self.low:
            return '%s is %s, less than %s' % (
                self.fact, self._text(found), self._text(self.low))
        return '%s is %s, more than %s' % (
            self.fact, self._text(found), self._text(self.high or 0))

    def _text(self, value: int) -> str:
        return (units.size_text(value) if self.fact in _SIZES
                else units.duration_text(value))

    def __str__(self) -> str:
        bounds = [(word, limit) for word, limit in (
            ('at least', self.low), ('at most', self.high))
            if limit is not None]
        return ' and '.join('%s is %s %s' % (self.fact, word,
                                             self._text(limit))
                            for word, limit in bounds)


@dataclasses.dataclass(frozen=True)
class PropertyIs(Condition):
    name: str
    values: frozenset[str]

    def holds(self, facts: Facts) -> bool | None:
        if facts.properties is None:
            return None
        return facts.properties.get(self.name) in self.values

    def why_not(self, facts: Facts) -> str:
        return _property_why(self.name, facts, 'not %s' % text(self.values))

    def __str__(self) -> str:
        return 'property %s is %s' % (self.name, text(self.values))


@dataclasses.dataclass(frozen=True)
class PropertyLike(Condition):
    name: str
    patterns: tuple[str, ...]

    @functools.cached_property
    def _regex(self) -> re.Pattern[str]:
        return globs(self.patterns)

    def holds(self, facts: Facts) -> bool | None:
        if facts.properties is None:
            return None
        found = facts.properties.get(self.name)
        return found is not None and self._regex.match(found) is not None

    def why_not(self, facts: Facts) -> str:
        return _property_why(self.name, facts, 'which is not like %s'
                             % text(self.patterns))

    def __str__(self) -> str:
        return 'property %s is like %s' % (self.name, text(self.patterns))


@dataclasses.dataclass(frozen=True)
class PropertyPresent(Condition):
    name: str
    present: bool

    def holds(self, facts: Facts) -> bool | None:
        if facts.properties is None:
            return None
        return (self.name in facts.properties) is self.present

    def why_not(self, facts: Facts) -> str:
        return _property_why(self.name, facts, 'and may not be set')

    def __str__(self) -> str:
        return 'property %s is %s' % (
            self.name, 'set' if self.present else 'not set')


def compiled(match: Mapping[str, Any]) -> All:
    """What ``match`` says, as valid by the schema."""
    parts: list[Condition] = []
    for key, value in match.items():
        parts += _COMPILERS.get(key, _one_of)(key, value)
    return All(tuple(parts))


def property_test(name: str, value: Any) -> Condition:
    """A condition on one property, also of ``require``."""
    if isinstance(value, Mapping):
        if 'pattern' in value:
            return PropertyLike(name, many(value['pattern']))
        return PropertyPresent(name, value['present'])
    return PropertyIs(name, frozenset(many(value)))


def many(value: Any) -> tuple[Any, ...]:
    """A list, or one that stands for itself."""
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


@functools.lru_cache(maxsize=1024)
def globs(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """Shell patterns as one regular expression, upper and lower case apart.

    No pattern backtracks: fnmatch makes each star's group atomic.
    """
    return re.compile('|'.join(map(fnmatch.translate, patterns)))


def text(value: object) -> str:
    """Values of strangers for a sentence: escaped, and not too long."""
    if isinstance(value, (frozenset, tuple, list)):
        shown = sorted(map(text, value))
        more = len(shown) - 8
        return ', '.join(shown[:8]) + (', and %d more' % more
                                       if more > 0 else '')
    if isinstance(value, bool):
        return str(value).lower()
    plain = ascii(str(value)[:80])[1:-1] + (
        '...' if len(str(value)) > 80 else '')
    return plain or '""'


def _one_of(key: str, value: Any) -> list[Condition]:
    return [OneOf(key, frozenset(many(value)))]


def _like(key: str, value: Any) -> list[Condition]:
    return [Like(key, many(value))]


def _range(key: str, value: Any) -> list[Condition]:
    parse = units.size if key in _SIZES else units.duration
    low, high = (parse(value[end]) if end in value else None
                 for end in ('min', 'max'))
    return [Between(key, low, high)]


def _properties(_key: str, value: Any) -> list[Condition]:
    return [property_test(name, test) for name, test in value.items()]


def _any(_key: str, value: Any) -> list[Condition]:
    return [AnyOf(tuple(compiled(each) for each in value))]


def _all(_key: str, value: Any) -> list[Condition]:
    return [compiled(each) for each in value]


def _not(_key: str, value: Any) -> list[Condition]:
    return [Not(compiled(value))]


_COMPILERS = {
    'name': _like, 'size': _range, 'virtual_size': _range, 'age': _range,
    'properties': _properties, 'any': _any, 'all': _all, 'not': _not}


def _unknown(fact: str) -> str:
    return '%s is not known here' % fact


def _property_why(name: str, facts: Facts, otherwise: str) -> str:
    if facts.properties is None:
        return _unknown('property ' + name)
    if name not in facts.properties:
        return 'property %s is not set' % name
    return 'property %s is %s, %s' % (
        name, text(facts.properties[name]), otherwise)


def _bracketed(part: Condition) -> str:
    if isinstance(part, (All, AnyOf)) and len(part.parts) > 1:
        return '(%s)' % part
    return str(part)
