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


"""YAML of strangers: text -> plain data, with the place of every part.

Everything of YAML that a policy does not need is refused, as are the ways in
which YAML surprises people: aliases (with which 1 KB grows to gigabytes),
tags, merge keys, duplicate keys, ``no`` read as false, ``010`` read as 8.
"""

from collections.abc import Iterator
import dataclasses
import re
from typing import Any

import yaml

# Years of rules are some ten kilobytes.
MAX_BYTES = 256 * 1024
# The deepest that the schema allows is about half.
MAX_DEPTH = 32
MAX_NODES = 50_000

Path = tuple[str | int, ...]

# libyaml's parser is 10 times as fast, and not in every build of PyYAML.
_Loader: Any = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)
_DECIMAL = re.compile(r'0|[1-9][0-9]{0,17}')
_FRACTION = re.compile(r'(0|[1-9][0-9]{0,11})\.[0-9]{1,9}')


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a document may have; by default, one of a policy.

    :ivar size: bytes
    :ivar parts: keys, values, lists and mappings
    :ivar fractions: numbers such as 0.5
    """

    size: int = MAX_BYTES
    parts: int = MAX_NODES
    fractions: bool = False


_POLICY = Limits()


@dataclasses.dataclass(frozen=True, order=True)
class Problem:
    """Something wrong with a document.

    :ivar line: from 1; 0 if that is not known
    :ivar column: from 1
    :ivar where: the rule and the keys that lead there
    :ivar message: a sentence without its full stop
    :ivar warning: it can be lived with
    """

    line: int
    column: int
    where: str
    message: str
    warning: bool = False

    def __str__(self) -> str:
        where = '%s: ' % self.where if self.where else ''
        if not self.line:
            return where + self.message
        return 'line %d, column %d: %s%s' % (
            self.line, self.column, where, self.message)


@dataclasses.dataclass
class Tree:
    """What a YAML text says.

    :ivar value: dict, list, str, int, bool, and float if that is allowed
    :ivar places: (line, column) of the value at each path
    :ivar keys: (line, column) of the key that ends each path
    :ivar problems: what is wrong; a scalar that is, is its text in ``value``
    """

    value: Any = None
    places: dict[Path, tuple[int, int]] = dataclasses.field(
        default_factory=dict)
    keys: dict[Path, tuple[int, int]] = dataclasses.field(
        default_factory=dict)
    problems: list[Problem] = dataclasses.field(default_factory=list)

    def place(self, path: Path) -> tuple[int, int]:
        """Where that is, or the nearest that it is in."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))

    def problem(self, path: Path, message: str, *, key: str | None = None,
                warning: bool = False) -> Problem:
        """One about the value there, or about one of its keys."""
        place = self.place(path) if key is None else self.keys.get(
            (*path, key), self.place(path))
        return Problem(*place, self._where(path), message, warning)

    def _where(self, path: Path) -> str:
        text, value = '', self.value
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                value = None
            if isinstance(step, int):
                name = value.get('name') if isinstance(value, dict) else None
                text += '[%s]' % (name if isinstance(name, str) else step + 1)
            else:
                text += ('.' if text else '') + str(step)[:64]
        return text


def read(data: bytes, limits: Limits = _POLICY) -> Tree:
    """Never raises for what is in the data: see ``Tree.problems``."""
    tree = Tree()
    try:
        text = _text(data, limits)
        _check_events(text, limits)
        node = yaml.compose(text, Loader=_Loader)
    except _Refused as error:
        tree.problems.append(error.problem)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = [w for w in (error.problem, error.context) if w]
        tree.problems.append(_at(mark, 'this is not YAML: ' + ', '.join(
            words)))
    except yaml.YAMLError as error:
        tree.problems.append(Problem(
            1, 1, '', 'this is not YAML: %s' % str(error).split('\n')[0]))
    else:
        if node is None:
            tree.problems.append(Problem(1, 1, '', 'the document is empty'))
        else:
            builder = _Builder(tree, limits)
            tree.value = builder.build(node, ())
            tree.problems += builder.problems()
    return tree


class _Refused(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def _text(data: bytes, limits: Limits) -> str:
    if len(data) > limits.size:
        raise _Refused(Problem(1, 1, '', (
            'the document has %d bytes, at most %d are read'
            % (len(data), limits.size))))
    try:
        text = data.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        raise _Refused(_after(
            data[:error.start].decode('utf-8', 'replace'),
            'this is not UTF-8')) from None
    if bad := yaml.reader.Reader.NON_PRINTABLE.search(text):
        raise _Refused(_after(
            text[:bad.start()], 'the character %s is not allowed'
            % ascii(bad.group())))
    return text


def _after(text: str, message: str) -> Problem:
    lines = text.split('\n')
    return Problem(len(lines), len(lines[-1]) + 1, '', message)


def _at(mark: Any, message: str) -> Problem:
    if mark is None:
        return Problem(1, 1, '', message)
    return Problem(mark.line + 1, mark.column + 1, '', message)


def _check_events(text: str, limits: Limits) -> None:
    """Look at the structure before anything is built from it.

    The parser is a state machine, what composes nodes is recursive.
    """
    depth = count = 0
    for event in yaml.parse(text, Loader=_Loader):
        count += 1
        if isinstance(event, yaml.AliasEvent) or getattr(
                event, 'anchor', None):
            raise _Refused(_at(event.start_mark, (
                'anchors (&) and aliases (*) are not supported: write it '
                'out, or use "defaults"; text that begins so must be in '
                'quotes')))
        if getattr(event, 'tag', None):
            raise _Refused(_at(event.start_mark, (
                'tags (!) are not supported: text that begins so must be in '
                'quotes')))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise _Refused(_at(event.start_mark, (
                'it is nested deeper than %d levels' % MAX_DEPTH)))
        if count > limits.parts:
            raise _Refused(_at(event.start_mark, (
                'it has more than %d parts' % limits.parts)))


class _Builder:
    """Nodes -> data; recursion is bounded by ``MAX_DEPTH``."""

    def __init__(self, tree: Tree, limits: Limits) -> None:
        self._tree = tree
        self._fractions = limits.fractions
        self._found: list[tuple[Any, Path, str]] = []

    def problems(self) -> Iterator[Problem]:
        """Once all is built, as they name the rule."""
        for mark, path, message in self._found:
            yield dataclasses.replace(
                self._tree.problem(path, message),
                line=mark.line + 1, column=mark.column + 1)

    def build(self, node: Any, path: Path) -> Any:
        mark = node.start_mark
        self._tree.places[path] = (mark.line + 1, mark.column + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(each, (*path, number))
                    for number, each in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: Any, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            mark = key_node.start_mark
            key = self._key(key_node, path)
            if key is None:
                continue
            keys = self._tree.keys
            if key in found:
                self._problem(mark, path, (
                    'the key %s is here twice, first in line %d'
                    % (ascii(key[:64])[1:-1], keys[*path, key][0])))
                continue
            keys[*path, key] = (mark.line + 1, mark.column + 1)
            found[key] = self.build(value_node, (*path, key))
        return found

    def _key(self, node: Any, path: Path) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            self._problem(node.start_mark, path,
                          'a key must be a word, not a list or a mapping')
            return None
        kind = _kind(node)
        if kind == 'merge':
            self._problem(node.start_mark, path,
                          'merge keys (<<) are not supported: write it out')
            return None
        if kind != 'str':
            self._problem(node.start_mark, path, (
                'YAML does not read the key %s as text: put it in quotes'
                % ascii(node.value[:64])[1:-1]))
        return str(node.value)

    def _scalar(self, node: Any, path: Path) -> Any:
        value, kind = node.value, _kind(node)
        if kind == 'str':
            return value
        if kind == 'bool' and value in ('true', 'false'):
            return value == 'true'
        if kind == 'int' and _DECIMAL.fullmatch(
                value.removeprefix('-') if self._fractions else value):
            return int(value)
        if kind == 'float' and self._fractions and _FRACTION.fullmatch(value):
            return float(value)
        shown = ascii(value[:64])[1:-1]
        if kind == 'bool':
            message = 'YAML reads %s as %s: write that, or "%s" as text' % (
                shown, 'true' if value.lower() in _TRUE else 'false', shown)
        elif kind == 'null':
            message = 'there is no value'
        elif kind == 'int':
            message = ('%s is not a plain decimal number: put it in quotes '
                       'if it is text' % shown)
        elif kind == 'float' and self._fractions:
            message = ('%s is not a plain decimal number such as 0.5: it must '
                       'be 0 or more, or in quotes if it is text' % shown)
        else:
            message = ('YAML reads %s as a %s: put it in quotes if it is '
                       'text' % (shown, kind))
        self._problem(node.start_mark, path, message)
        return value

    def _problem(self, mark: Any, path: Path, message: str) -> None:
        self._found.append((mark, path, message))


_TRUE = ('yes', 'on', 'true', 'y')


def _kind(node: Any) -> str:
    return str(node.tag).rpartition(':')[2]
