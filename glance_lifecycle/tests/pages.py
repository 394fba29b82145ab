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

"""Literal blocks of the pages of the documentation, and commands in them."""

from collections.abc import Iterator
import dataclasses
import pathlib
import re
import shlex

TOP = pathlib.Path(__file__).parents[2]

# Of the pages of checks, which are made and not written, half is wrong.
PAGES = [TOP / 'README.rst', TOP / 'SECURITY.rst', *sorted(
    page for page in (TOP / 'doc/source').rglob('*.rst')
    if page.parent.name != 'checks')]

_COMMAND = re.compile(r'(sudo (-u \S+ )?)?(?P<command>'
                      r'(openstack|glance-lifecycle-[a-z-]+) .*)')
_OPERATORS = '|<>;&'


@dataclasses.dataclass(frozen=True)
class Block:
    """A literal block: where it begins, and its lines."""

    where: str
    text: str


def blocks(page: pathlib.Path) -> Iterator[Block]:
    """Those of one page, in their order."""
    lines = page.read_text().split('\n')
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if line.lstrip().startswith('.. '):
            if '.. code-block::' not in line:
                continue
        elif not line.endswith('::'):
            continue
        # The list item that a block is of is indented, too.
        outer = len(line) - len(line.lstrip())
        begin = number
        while number < len(lines) and (
                not lines[number].strip() or _indent(lines[number])
                > outer + (2 if line.lstrip()[:2] in ('* ', '#.') else 0)):
            number += 1
        found = lines[begin:number]
        depth = min((_indent(one) for one in found if one.strip()),
                    default=0)
        yield Block('%s:%d' % (page.relative_to(TOP), begin + 1),
                    '\n'.join(one[depth:] for one in found).strip('\n'))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def commands(block: Block) -> Iterator[str]:
    """Of openstack, and our own, each in one line."""
    text = re.sub(r'\\\n\s*', '', block.text)
    lines = text.split('\n')
    if any(line.startswith('$ ') for line in lines):
        # The others are what it prints.
        lines = [line[2:] for line in lines if line.startswith('$ ')]
    for line in lines:
        found = _COMMAND.match(line)
        if found:
            # What may be left out, as in "job list [--image ID]".
            yield re.sub(r'\[--[^]]*\](\.\.\.)?', '',
                         found['command'].partition(' # ')[0])


def words(command: str) -> list[str]:
    """Up to a pipe or a redirection, as a shell has it."""
    lexer = shlex.shlex(command, punctuation_chars=_OPERATORS, posix=True)
    lexer.whitespace_split = True
    found = []
    for word in lexer:
        if word[0] in _OPERATORS:
            break
        found.append(word)
    return found
