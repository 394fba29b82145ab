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


"""The policy document: bytes -> rules, or all that is wrong with them."""

from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import hashlib
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.policy import hygiene as stores
from glance_lifecycle.policy import match
from glance_lifecycle.policy import schema
from glance_lifecycle.policy import wants
from glance_lifecycle.policy import yaml_tree

Problem = yaml_tree.Problem

# An error's text ends up in a log line and in a Glance task.
_MOST_SHOWN = 5

# They name who decided, where no rule did.
DEFAULTS = 'defaults'
BUILT_IN = 'built-in'


class DocumentError(exceptions.ConfigurationError):
    """A document that is not used.

    :ivar problems: all of them
    """

    def __init__(self, *, problems: tuple[Problem, ...] = (),
                 detail: str = '') -> None:
        super().__init__(detail=detail or _listed(problems))
        self.problems = problems


@dataclasses.dataclass(frozen=True)
class Rule:
    """One named rule.

    :ivar wants: section -> field -> value; only what the rule says
    :ivar position: its place among the rules, from 0
    """

    name: str
    position: int
    match: match.All
    wants: Mapping[str, Mapping[str, Any]]
    description: str = ''


@dataclasses.dataclass(frozen=True)
class Document:
    """A document that is right.

    :ivar rules: in their order
    :ivar defaults: section -> field -> value
    :ivar digest: SHA-256 of its bytes, in hexadecimal
    :ivar hygiene: store -> what the worker may do there
    """

    rules: tuple[Rule, ...]
    defaults: Mapping[str, Mapping[str, Any]]
    digest: str
    description: str = ''
    hygiene: Mapping[str, stores.Store] = dataclasses.field(
        default_factory=dict)
    tree: yaml_tree.Tree = dataclasses.field(
        default_factory=yaml_tree.Tree, repr=False, compare=False)


def load(data: bytes) -> Document:
    """The document with these bytes.

    :raises DocumentError: with everything that is wrong with it
    """
    tree = yaml_tree.read(data)
    problems = list(tree.problems)
    if tree.value is not None:
        problems += schema.problems(tree)
    if not problems:
        problems += _contradictions(tree)
    if problems:
        raise DocumentError(problems=tuple(sorted(problems)))
    value = tree.value
    return Document(
        rules=tuple(Rule(
            name=rule['name'], position=position,
            match=match.compiled(rule.get('match', {})),
            wants=_sections(rule),
            description=rule.get('description', ''))
            for position, rule in enumerate(value.get('rules', ()))),
        defaults=_sections(value.get('defaults', {})),
        digest=hashlib.sha256(data).hexdigest(),
        description=value.get('description', ''),
        hygiene=stores.parsed(value.get(stores.SECTION, {})), tree=tree)


def _sections(said: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {section: wants.parsed(section, said[section])
            for section in wants.SECTIONS if section in said}


def _contradictions(tree: yaml_tree.Tree) -> Iterator[Problem]:
    """What the schema cannot see."""
    value = tree.value
    defaults = _sections(value.get('defaults', {}))
    for section, fields in defaults.items():
        for message in wants.contradictions(section, fields):
            yield tree.problem(('defaults', section), message)
    yield from _of_stores(tree)
    seen: dict[str, int] = {}
    for number, rule in enumerate(value.get('rules', ())):
        path: yaml_tree.Path = ('rules', number)
        name = rule['name']
        if name in (DEFAULTS, BUILT_IN):
            yield tree.problem((*path, 'name'),
                               'no rule can have the name %s' % name)
        if name in seen:
            yield tree.problem((*path, 'name'), (
                'there is another rule with this name, in line %d'
                % tree.place(('rules', seen[name]))[0]))
        seen.setdefault(name, number)
        said = _sections(rule)
        if not said:
            yield tree.problem(path, (
                'the rule wants nothing: give it %s, or remove it'
                % ' or '.join(wants.SECTIONS)))
        for section, fields in said.items():
            for message in wants.contradictions(
                    section, {**defaults.get(section, {}), **fields}):
                yield tree.problem((*path, section), message)


def _of_stores(tree: yaml_tree.Tree) -> Iterator[Problem]:
    found = stores.parsed(tree.value.get(stores.SECTION, {}))
    for name, store in found.items():
        for message in stores.contradictions(store):
            yield tree.problem((stores.SECTION, 'stores', name), message)


def _listed(problems: tuple[Problem, ...]) -> str:
    more = len(problems) - _MOST_SHOWN
    return 'the lifecycle policy is broken: %s%s.' % (
        '; '.join(map(str, problems[:_MOST_SHOWN])),
        '; and %d more' % more if more > 0 else '')
