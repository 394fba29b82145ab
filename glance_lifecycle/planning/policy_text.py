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


"""The lifecycle policy that carries a placement out, with the money in it.

A policy matches names and projects, so that images of one name and project
go to the same stores: what is to go to several is not in it. A document holds
some thousands of names: those whose move saves the most are in it, and it says
how many are not.
"""

import collections
from collections.abc import Iterable
from collections.abc import Iterator
import json
import re
from typing import NamedTuple

from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import formats
from glance_lifecycle.planning import layout
from glance_lifecycle.planning import placement
from glance_lifecycle.planning import words

#: Of the document of a policy, and of a list in it.
_MOST_NAMES = 2000
_MOST_LISTED = 200
_MOST_RULES = 400
_MOST_STARS = 8
_LONGEST = 255
_CONTROL = re.compile(r'[\x00-\x1f\x7f-\x9f]')

# Names of the stores where it is to be; None: it would be another image.
_Target = tuple[str, ...] | None


class _Named(NamedTuple):
    """Images of one name and project, which go to the same stores."""

    name: str
    project: str
    stores: tuple[str, ...]
    moves: list[placement.Move]

    @property
    def saved(self) -> float:
        return sum(one.saved for one in self.moves)


_Rule = list[_Named]


def document(cloud: clouds.Cloud, plan: layout.Plan,
             found: placement.Placement) -> str:
    """YAML, which ``policy validate`` passes."""
    named = _named(found)
    rules = _rules(named)
    return '\n'.join([
        '# Made by "openstack image lifecycle advise".',
        '#', *_head(cloud, found, named, rules),
        '# The worker drops no copy that something was cloned from.',
        '', 'version: 1', '', 'defaults:', *_defaults(plan),
        *(['', 'rules:'] if rules else []), *_text(cloud, found, rules), ''])


def _head(cloud: clouds.Cloud, found: placement.Placement,
          named: list[_Named], rules: list[_Rule]) -> Iterator[str]:
    """What it saves, and what is not in it."""
    moves = [move for rule in rules for one in rule for move in one.moves]
    before = sum(map(placement.cost_before, cloud.images))
    after = before - sum(one.saved for one in moves)
    yield '# %s today, %s with this: %s to move.' % (
        words.cost(cloud, before), words.cost(cloud, after),
        words.count(len(moves), 'images'))
    dearer = placement.dearer_than(cloud, found, before, after, [
        one for one in moves if one.saved < 0])
    if dearer:
        yield from _comment(dearer)
    other = sum(one.placed.converted for one in found.moves)
    could = sum(len(one.moves) for one in named)
    for count, why in (
            (other, 'that takes another import'),
            (len(found.moves) - other - could, 'by name and project, no '
             'rule can say which'),
            (could - len(moves), 'a policy holds some thousands of names')):
        if count:
            yield '# %d more would move and %s not in it: %s.' % (
                count, 'is' if count == 1 else 'are', why)


def _defaults(plan: layout.Plan) -> list[str]:
    best = plan.default
    raw = 'never'
    if best.kind is formats.Format.RAW:
        raw = '{if_store_is: %s}' % best.store.kind if (
            best.store.kind != 'other') else 'always'
    # No "place": it would be of all that stays where it is, too.
    return ['  # Imports go to [glance_store] default_backend: make it %s.'
            % _plain(best.store.name),
            '  convert:', '    to_raw: %s' % raw]


def _can_be_named(name: str) -> bool:
    return bool(name) and _CONTROL.search(name) is None and (
        len(_glob(name)) <= _LONGEST
        and _glob(name).count('*') <= _MOST_STARS)


def _named(found: placement.Placement) -> list[_Named]:
    """What a rule can say, the most that is saved first.

    A rule also matches the images that stay, and those of every project where
    it names none.
    """
    moving: dict[tuple[str, str], list[placement.Move]] = {}
    for move in found.moves:
        image = move.placed.image
        moving.setdefault((image.in_glance, image.project), []).append(move)
    # Most have a name of their own.
    count = collections.Counter(one.image.in_glance for one in found.images)
    targets: dict[str, dict[str, set[_Target]]] = {}
    for placed in found.images:
        name = placed.image.in_glance
        if count[name] > 1:
            targets.setdefault(name, {}).setdefault(
                placed.image.project, set()).add(_target(placed))
    result = []
    for (name, project), moves in moving.items():
        projects = targets.get(name) or {
            project: {_target(moves[0].placed)}}
        matched = set().union(*projects.values()) if '' in projects else (
            projects[project])
        stores = next(iter(matched))
        if len(matched) == 1 and stores is not None and _can_be_named(name):
            result.append(_Named(name, project, stores, moves))
    return sorted(result, key=lambda one: -one.saved)


def _target(placed: layout.Placed) -> _Target:
    """Another format is another image: no rule makes one of the other."""
    return None if placed.converted else tuple(
        one.name for one in placed.stores)


def _rules(named: Iterable[_Named]) -> list[_Rule]:
    """Of the same stores and project together, as many as a policy holds."""
    found: dict[tuple[tuple[str, ...], str], _Rule] = {}
    full: list[_Rule] = []
    names = 0
    for one in named:
        key = one.stores, one.project
        if names >= _MOST_NAMES or (
                key not in found
                and len(found) + len(full) >= _MOST_RULES):
            continue
        names += 1
        rule = found.setdefault(key, [])
        rule.append(one)
        if len(rule) == _MOST_LISTED:
            full.append(found.pop(key))
    return [*full, *found.values()]


def _text(cloud: clouds.Cloud, found: placement.Placement,
          rules: list[_Rule]) -> Iterator[str]:
    for number, rule in enumerate(rules, 1):
        first = rule[0]
        saved = sum(one.saved for one in rule)
        yield ''
        yield from _comment('%s: %s %s. %s' % (
            words.count(sum(len(one.moves) for one in rule), 'images'),
            'saves' if saved >= 0 else 'costs',
            words.cost(cloud, abs(saved)), placement.why(
                cloud, found, first.moves[0].placed)))
        yield '  - name: advised-%d' % number
        yield '    match:'
        if first.project:
            yield '      project: %s' % _quoted(first.project)
        yield '      name:'
        for one in rule:
            yield '        - %s' % _quoted(_glob(one.name))
        yield '    place:'
        yield '      stores: [%s]' % ', '.join(map(_quoted, first.stores))
        yield '      copies: exact'
        yield '      combine: policy-only'


def _glob(name: str) -> str:
    """What matches this name, and no other."""
    return re.sub(r'([*?[])', r'[\1]', name)


def _quoted(text: str) -> str:
    """In the double quotes of YAML."""
    return ''.join(one if one.isprintable() else '\\U%08x' % ord(one)
                   for one in json.dumps(text, ensure_ascii=False))


def _plain(text: str) -> str:
    """Without what would end a comment."""
    return ''.join(one if one.isprintable() else ' ' for one in text)


def _comment(text: str) -> list[str]:
    plain = _plain(text)
    return ['  # ' + line for line in words.wrapped(plain, 74)]
