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


"""What is legal in a document, and surely not meant.

Sound, not complete: a rule that is reported can never decide, of images whose
facts are all known; of a rule that is not reported, nothing is said.
"""

from collections.abc import Iterator
from typing import Any

from glance_lifecycle.policy import document as documents
from glance_lifecycle.policy import facts as policy_facts
from glance_lifecycle.policy import hygiene
from glance_lifecycle.policy import match

# An image has several of these at a time.
_MULTIPLE = ('tags', 'importer_roles')
_WILD = frozenset('*?[]')

_Condition = match.Condition


def warnings(document: documents.Document) -> list[documents.Problem]:
    """In the order of the document."""
    found: list[documents.Problem] = []
    for rule in document.rules:
        path = ('rules', rule.position)
        if never(rule.match):
            found.append(document.tree.problem(
                path, 'the rule can never match: its conditions contradict '
                'each other', warning=True))
            continue
        found += [document.tree.problem(path, text, warning=True)
                  for text in _shadowed(document, rule)]
        found += [document.tree.problem(path, text, warning=True)
                  for text in (*_at_import_only(rule), *_by_age(rule))]
    for name, store in document.hygiene.items():
        found += [document.tree.problem(
            (hygiene.SECTION, 'stores', name), text, warning=True)
            for text in hygiene.warnings(store)]
    return sorted(found)


def _shadowed(document: documents.Document, rule: documents.Rule
              ) -> Iterator[str]:
    by: dict[str, str] = {}
    for earlier in document.rules[:rule.position]:
        shared = [s for s in rule.wants if s in earlier.wants
                  and s not in by]
        if shared and implies(rule.match, earlier.match):
            by |= dict.fromkeys(shared, earlier.name)
    if len(by) == len(rule.wants):
        yield ('the rule can never decide anything: whatever it matches is '
               'decided by %s before' % ', '.join(dict.fromkeys(by.values())))
        return
    for section, name in by.items():
        yield ('its %s can never decide: whatever it matches is decided by '
               '%s before' % (section, name))


def _at_import_only(rule: documents.Rule) -> Iterator[str]:
    facts = sorted(set(_facts(rule.match)).intersection(
        policy_facts.AT_IMPORT))
    lasting = [s for s in rule.wants if s not in ('require', 'convert')]
    if facts and lasting:
        yield ('it matches on %s, which nobody knows once the image is '
               'imported: what it wants of %s is then neither kept up nor '
               'shown as drift' % (' and '.join(facts), ', '.join(lasting)))


def _by_age(rule: documents.Rule) -> Iterator[str]:
    retain = rule.wants.get('retain', {})
    if 'family' in retain and 'age' in _facts(rule.match):
        yield ('it matches on age, so that images of other ages are not of '
               'its families: newer ones do not count')


def _facts(condition: Any) -> Iterator[str]:
    if isinstance(condition, (match.All, match.AnyOf)):
        for part in condition.parts:
            yield from _facts(part)
    elif isinstance(condition, match.Not):
        yield from _facts(condition.part)
    else:
        yield getattr(condition, 'fact', '')


def implies(b: _Condition, a: _Condition) -> bool:
    """Whether each image that meets b meets a."""
    if a == b or never(b):
        return True
    if isinstance(a, match.All):
        return all(implies(b, part) for part in a.parts)
    if isinstance(b, match.AnyOf):
        return all(implies(part, a) for part in b.parts)
    if isinstance(a, match.AnyOf) and any(
            implies(b, part) for part in a.parts):
        return True
    if isinstance(b, match.All):
        return any(implies(part, a) for part in b.parts)
    if isinstance(a, match.Not):
        return excludes(b, a.part) or (
            isinstance(b, match.Not) and implies(a.part, b.part))
    return _implies_one(b, a)


def excludes(b: _Condition, a: _Condition) -> bool:
    """Whether each image that meets b does not meet a."""
    if never(b):
        return True
    if isinstance(a, match.All):
        return any(excludes(b, part) for part in a.parts)
    if isinstance(a, match.AnyOf):
        return all(excludes(b, part) for part in a.parts)
    if isinstance(b, match.All):
        return any(excludes(part, a) for part in b.parts)
    if isinstance(b, match.AnyOf):
        return all(excludes(part, a) for part in b.parts)
    if isinstance(a, match.Not):
        return implies(b, a.part)
    if isinstance(b, match.Not):
        return implies(a, b.part)
    return _excludes_one(b, a)


def never(condition: _Condition) -> bool:
    """Whether no image can meet it."""
    if isinstance(condition, match.AnyOf):
        return all(map(never, condition.parts))
    if isinstance(condition, match.Not):
        return _always(condition.part)
    if isinstance(condition, match.Between):
        return (condition.low is not None and condition.high is not None
                and condition.low > condition.high)
    if not isinstance(condition, match.All):
        return False
    parts = condition.parts
    return any(map(never, parts)) or any(
        excludes(one, other) for number, one in enumerate(parts)
        for other in parts[:number])


def _always(condition: _Condition) -> bool:
    if isinstance(condition, match.All):
        return all(map(_always, condition.parts))
    if isinstance(condition, match.AnyOf):
        return any(map(_always, condition.parts))
    return isinstance(condition, match.Not) and never(condition.part)


def _implies_one(b: _Condition, a: _Condition) -> bool:
    """Of two that are about one fact each."""
    if isinstance(a, match.PropertyPresent):
        # To be like something or to be something, it must be there.
        return a.present and isinstance(
            b, (match.PropertyIs, match.PropertyLike)) and a.name == b.name
    if _subject(a) != _subject(b):
        return False
    if isinstance(a, match.Between) and isinstance(b, match.Between):
        return ((a.low is None or (b.low is not None and b.low >= a.low))
                and (a.high is None
                     or (b.high is not None and b.high <= a.high)))
    if isinstance(b, (match.OneOf, match.PropertyIs)):
        if isinstance(a, (match.OneOf, match.PropertyIs)):
            return set(b.values) <= set(a.values)
        return isinstance(a, (match.Like, match.PropertyLike)) and all(
            match.globs(a.patterns).match(str(v)) for v in b.values)
    if isinstance(b, (match.Like, match.PropertyLike)) and isinstance(
            a, (match.Like, match.PropertyLike)):
        return all(any(_within(narrow, wide) for wide in a.patterns)
                   for narrow in b.patterns)
    return False


def _excludes_one(b: _Condition, a: _Condition) -> bool:
    for one, other in ((a, b), (b, a)):
        if isinstance(one, match.PropertyPresent) and not one.present:
            return _implies_one(other, match.PropertyPresent(one.name, True)
                                ) or other == match.PropertyPresent(
                                    one.name, True)
    subject = _subject(a)
    if subject != _subject(b) or subject[1] in _MULTIPLE:
        return False
    if isinstance(a, match.Between) and isinstance(b, match.Between):
        return any(high is not None and low is not None and high < low
                   for high, low in ((a.high, b.low), (b.high, a.low)))
    if isinstance(a, (match.Like, match.PropertyLike)) and isinstance(
            b, (match.Like, match.PropertyLike)):
        return all(_apart(one, other) for one in a.patterns
                   for other in b.patterns)
    for one, other in ((a, b), (b, a)):
        if isinstance(one, (match.OneOf, match.PropertyIs)):
            if isinstance(other, (match.OneOf, match.PropertyIs)):
                return one.values.isdisjoint(other.values)
            if isinstance(other, (match.Like, match.PropertyLike)):
                pattern = match.globs(other.patterns)
                return not any(pattern.match(str(v)) for v in one.values)
    return False


def _subject(condition: Any) -> tuple[str, str]:
    if isinstance(condition, (match.OneOf, match.Like, match.Between)):
        return 'fact', condition.fact
    return 'property', getattr(condition, 'name', '')


def _within(narrow: str, wide: str) -> bool:
    """Whether all that is like the one pattern is like the other."""
    if narrow == wide:
        return True
    if not _WILD.intersection(narrow):
        return match.globs((wide,)).match(narrow) is not None
    # Only a wide one with a single star, at an end or in the middle, is
    # understood: what stands before and after it must be there as it is.
    head, star, tail = wide.partition('*')
    if not star or _WILD.intersection(head + tail):
        return False
    return (narrow.startswith(head) and narrow.endswith(tail)
            and len(narrow) >= len(head) + len(tail)
            and not _WILD.intersection(narrow[:len(head)])
            and not _WILD.intersection(narrow[len(narrow) - len(tail):]))


def _apart(one: str, other: str) -> bool:
    """Whether nothing is like both patterns."""
    for literal, pattern in ((one, other), (other, one)):
        if not _WILD.intersection(literal):
            return match.globs((pattern,)).match(literal) is None
    heads = _head(one), _head(other)
    tails = _head(one[::-1])[::-1], _head(other[::-1])[::-1]
    return not (heads[0].startswith(heads[1])
                or heads[1].startswith(heads[0])) or not (
        tails[0].endswith(tails[1]) or tails[1].endswith(tails[0]))


def _head(pattern: str) -> str:
    """What stands before the first wildcard."""
    for number, character in enumerate(pattern):
        if character in _WILD:
            return pattern[:number]
    return pattern
