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

"""What users and operators read ends with a full stop."""

import ast
from collections.abc import Iterator
import pathlib

import testtools

import glance_lifecycle
from glance_lifecycle.conf import opts
from glance_lifecycle import exceptions

PACKAGE = pathlib.Path(glance_lifecycle.__file__).parent

LEVELS = {'info', 'warning', 'error', 'exception', 'critical'}

# What comes last there is a sentence, or output, of its own.
ENDS = (': %s', ': %s %s', '%(error)s', '%(why)s', '%(reason)s', '%(then)s',
        '%(stderr)s')


def classes(cls: type[exceptions.LifecycleError]
            ) -> Iterator[type[exceptions.LifecycleError]]:
    yield cls
    for below in cls.__subclasses__():
        yield from classes(below)


def end(node: ast.expr) -> str:
    """The last words that stand in the code; '' where none do."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr) and node.values:
        return end(node.values[-1])
    if isinstance(node, ast.BinOp):
        return end(node.left if isinstance(node.op, ast.Mod) else node.right)
    return ''


def messages(tree: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """What is logged, what ends a command, and what options are for."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        for word in node.keywords:
            if word.arg in ('help', 'description', 'epilog', 'detail'):
                yield word.value, word.arg
        if isinstance(node.func, ast.Attribute) and node.args:
            owner, name = node.func.value, node.func.attr
            if name in LEVELS and isinstance(owner, ast.Name) and (
                    owner.id == 'LOG'):
                yield node.args[0], 'log'
            elif name in ('CommandError', 'UserError'):
                yield node.args[0], name


def is_sentence(text: str, kind: str) -> bool:
    if kind == 'detail':
        # The class ends it; but what stands open cannot be ended.
        return not text.rstrip().endswith((',', ';', ':', ' -'))
    return text in ('', '%s', '%s %s') or text.rstrip().endswith(
        ('.', '?', *ENDS))


class MessagesTest(testtools.TestCase):

    def test_errors(self) -> None:
        for cls in classes(exceptions.LifecycleError):
            if cls.message == '{detail}' or '{' not in cls.message:
                # A part of other messages, or none of its own.
                continue
            for detail in ('a%b is gone', 'a%b is gone.', 'Is a%b gone?'):
                fields = {'detail': detail, 'store': 's1', 'reason': 'r',
                          'what': 'show it', 'image': 'i1',
                          'export': 'e1'}
                try:
                    said = str(cls(**fields))
                except TypeError:
                    said = str(cls(detail=detail))
                self.assertRegex(said, r'[.?]$', cls)
                self.assertNotRegex(said, r'[.?][.?]', cls)
                self.assertIn(detail.rstrip('.'), said)

    def test_detail(self) -> None:
        error = exceptions.StoreFull(store='s1', detail='no room ')
        self.assertEqual('no room.', error.detail)
        self.assertEqual('no room ', error.fields['detail'])
        self.assertEqual('', exceptions.LifecycleError().detail)

    def test_options(self) -> None:
        for _group, options in opts.list_opts():
            for option in options:
                self.assertRegex(option.help or '', r'\.\s*$', option.name)

    def test_code(self) -> None:
        found = []
        for path in sorted(PACKAGE.rglob('*.py')):
            name = str(path.relative_to(PACKAGE))
            if name.startswith('tests/'):
                continue
            found += [
                f'{name}:{node.lineno}: {end(node)}'
                for node, kind in messages(ast.parse(path.read_text()))
                if not is_sentence(end(node), kind)]
        self.assertEqual([], found, '\n'.join(found))

    def test_commands(self) -> None:
        """The first words of a command's class are its help."""
        for path in sorted(PACKAGE.glob('osc/**/*.py')):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef) and any(
                        'command.' in ast.unparse(base)
                        for base in node.bases):
                    text = (ast.get_docstring(node) or '').split('\n\n')[0]
                    self.assertRegex(text, r'\.$', node.name)
