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

"""Whether oslo.policy understands a rule.

Its own parser logs and answers with a check that refuses everybody, so that
nobody sees the difference. The grammar is that of oslo_policy._parser: words
are split at blanks, brackets are taken off their ends, and each that is left
is "and", "or", "not", or a check, KIND:MATCH.
"""

from collections.abc import Iterator

_LONGEST = 10_000
_OPERATORS = ('and', 'or')


def problem(text: str) -> str:
    """What is wrong with a rule; empty if nothing is.

    No word of the rule is in it.
    """
    if len(text) > _LONGEST:
        return ''
    depth, operand = 0, True
    found = list(words(text))
    for word in found:
        wrong = _wrong(word, operand)
        if wrong:
            return wrong
        depth += {'(': 1, ')': -1}.get(word, 0)
        if depth < 0:
            return 'a bracket is closed that was not opened'
        operand = word in ('(', 'not', *_OPERATORS)
    if found and operand:
        return 'a check is missing at the end'
    return 'a bracket is not closed' if depth else ''


def _wrong(word: str, operand: bool) -> str:
    """What is wrong with a word where it stands.

    :param operand: whether a check is to follow, and not an operator
    """
    if word in _OPERATORS or word == ')':
        return 'a check is missing before "%s"' % word if operand else ''
    if not operand:
        return 'an operator is missing'
    if word in ('(', 'not', '@', '!') or ':' in word:
        return ''
    return 'a word has no colon, and is no check'


def words(text: str) -> Iterator[str]:
    """Checks, operators in lower case, and brackets, in their order."""
    for word in text.split():
        bare = word.lstrip('(')
        yield from '(' * (len(word) - len(bare))
        word = bare.rstrip(')')
        # As in %(project_id)s, a bracket may be a check's own: then the end
        # is no bracket.
        closed = len(bare) - len(word)
        if word:
            lower = word.lower()
            yield lower if lower in ('and', 'or', 'not') else word
        yield from ')' * closed
