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

"""Which metrics and labels an expression of Prometheus names.

Not a parser: it knows the words of PromQL, and takes every other word for a
metric or a label, by where it stands. What it does not know is an error, so
that no name passes unseen.
"""

from collections.abc import Iterator
import dataclasses
import re

_TOKEN = re.compile(r'''
    (?P<space>\s+)
  | (?P<string>"(?:\\.|[^"\\])*")
  | (?P<range>\[[^\]]*\])
  | (?P<number>\d+(?:\.\d+)?)
  | (?P<word>[A-Za-z_:][A-Za-z0-9_:]*)
  | (?P<mark>=~|!~|!=|==|>=|<=|[-+*/%^<>=(){},])
''', re.VERBOSE)

_OPERATORS = {'and', 'or', 'unless', 'bool'}
_GROUPING = {'by', 'without', 'on', 'ignoring', 'group_left', 'group_right'}
_FUNCTIONS = {
    'absent', 'changes', 'count', 'histogram_quantile', 'increase', 'max',
    'max_over_time', 'min', 'rate', 'sum', 'time', 'vector'}


class NotUnderstood(ValueError):
    """This is no expression, or one of a kind that was not met before."""


@dataclasses.dataclass
class Selector:
    """A metric, as it stands in an expression.

    :ivar labels: name, operator and value
    """

    metric: str
    labels: list[tuple[str, str, str]] = dataclasses.field(
        default_factory=list)


@dataclasses.dataclass
class Named:
    """:ivar groups: labels that are grouped by, or matched"""

    selectors: list[Selector] = dataclasses.field(default_factory=list)
    groups: set[str] = dataclasses.field(default_factory=set)
    grouped: bool = False


def named(expression: str) -> Named:
    """:raises NotUnderstood: see there"""
    found = Named()
    tokens = list(_tokens(expression))
    at = 0
    while at < len(tokens):
        kind, text = tokens[at]
        at += 1
        if text in ('{', '}'):
            raise NotUnderstood(f'{text} without a metric: {expression}')
        if kind != 'word' or text in _OPERATORS:
            continue
        follows = tokens[at][1] if at < len(tokens) else ''
        if text in _GROUPING:
            found.grouped = True
            names, at = _until(tokens, at, '(', ')')
            found.groups.update(name for _, name in names if name != ',')
        elif text in _FUNCTIONS:
            if follows not in ('(', 'by', 'without'):
                raise NotUnderstood(f'{text} without (: {expression}')
        elif follows == '(':
            raise NotUnderstood(f'{text}() is no function: {expression}')
        else:
            found.selectors.append(Selector(text))
            if follows == '{':
                words, at = _until(tokens, at, '{', '}')
                found.selectors[-1].labels = list(_matchers(words))
    if not found.selectors:
        raise NotUnderstood(f'no metric in it: {expression}')
    return found


def _tokens(expression: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if match is None:
            raise NotUnderstood(expression[at:])
        at = match.end()
        if match.lastgroup != 'space':
            yield match.lastgroup or '', match.group()


def _until(tokens: list[tuple[str, str]], at: int, first: str, last: str
           ) -> tuple[list[tuple[str, str]], int]:
    """What stands between two marks, and where it goes on."""
    texts = [text for _, text in tokens]
    if texts[at:at + 1] != [first] or last not in texts[at:]:
        raise NotUnderstood(' '.join(texts))
    end = texts.index(last, at)
    return tokens[at + 1:end], end + 1


def _matchers(words: list[tuple[str, str]]
              ) -> Iterator[tuple[str, str, str]]:
    texts = [text for _, text in words]
    while texts:
        if len(texts) < 3 or texts[1] not in ('=', '!=', '=~', '!~') or (
                texts[3:4] not in ([], [','])):
            raise NotUnderstood(' '.join(texts))
        yield texts[0], texts[1], texts[2].strip('"')
        texts = texts[4:]
