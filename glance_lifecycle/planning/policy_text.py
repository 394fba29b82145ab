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
go to the same stores. A document holds some thousands of names: those whose
move saves the most are in it, and it says how many are not.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import json
import re

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
_CONTROL = re.compile(r'[\x00-\x1f\x7f-\x9f]')

_Key = tuple[tuple[str, ...], str]


def document(cloud: clouds.Cloud, plan: layout.Plan,
             found: placement.Placement) -> str:
    """YAML, which ``policy validate`` passes."""
    moves = sorted((one for one in found.moves
                    if _can_be_named(one)), key=lambda one: -one.saved)
    rules, left = _rules(moves)
    summary = placement.summary(cloud, found)
    return '\n'.join([
        '# Made by "openstack image lifecycle advise".',
        '#', '# %s today, %s with this: %s to move.' % (
            words.cost(cloud, summary['cost_before']),
            words.cost(cloud, summary['cost']),
            words.count(summary['moves'], 'images')),
        *(_comment(summary['dearer']) if summary['dearer'] else ()),
        *(['# %d of these are not in it: a policy holds some thousands of '
           'names.' % left] if left else ()),
        '# The worker drops no copy that something was cloned from.',
        '', 'version: 1', '', 'defaults:', *_defaults(plan),
        *(['', 'rules:'] if rules else []), *_text(cloud, found, rules), ''])


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


def _can_be_named(move: placement.Move) -> bool:
    """Another format is another image: no rule makes one of the other."""
    return not move.placed.converted and (
        _CONTROL.search(move.placed.image.name) is None
        and _glob(move.placed.image.name).count('*') <= _MOST_STARS)


def _rules(moves: Iterable[placement.Move]
           ) -> tuple[list[tuple[_Key, list[placement.Move]]], int]:
    """Of the same stores and project together; and how many are left."""
    found: dict[_Key, list[placement.Move]] = {}
    full: list[tuple[_Key, list[placement.Move]]] = []
    names = left = 0
    for one in moves:
        key = (tuple(store.name for store in one.placed.stores),
               one.placed.image.project)
        if names >= _MOST_NAMES or (
                key not in found
                and len(found) + len(full) >= _MOST_RULES):
            left += 1
            continue
        names += 1
        rule = found.setdefault(key, [])
        rule.append(one)
        if len(rule) == _MOST_LISTED:
            full.append((key, found.pop(key)))
    return [*full, *found.items()], left


def _text(cloud: clouds.Cloud, found: placement.Placement,
          rules: list[tuple[_Key, list[placement.Move]]]) -> Iterator[str]:
    for number, ((stores, project), moves) in enumerate(rules, 1):
        saved = sum(one.saved for one in moves)
        yield ''
        yield from _comment('%s: %s %s. %s' % (
            words.count(len(moves), 'images'), 'saves' if saved >= 0 else
            'costs', words.cost(cloud, abs(saved)), placement.why(
                cloud, found, moves[0].placed)))
        yield '  - name: advised-%d' % number
        yield '    match:'
        if project:
            yield '      project: %s' % _quoted(project)
        yield '      name:'
        for name in dict.fromkeys(one.placed.image.name for one in moves):
            yield '        - %s' % _quoted(_glob(name))
        yield '    place:'
        yield '      stores: [%s]' % ', '.join(map(_quoted, stores))
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
