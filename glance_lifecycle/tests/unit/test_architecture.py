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

"""Who may import whom: arrows point down, and there are no circles."""

import ast
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import pathlib
import tempfile
from typing import ClassVar
import unittest

import glance_lifecycle

ROOT = 'glance_lifecycle'

# From the top: each may import what stands below it, and others of its own
# level as long as no circle comes of it.
LEVELS = (
    ('osc', 'cmd', 'reclaim'),
    ('reporting',),
    ('worker', 'audit', 'planning', 'copies'),
    ('plugin',),
    ('enforcement', 'recovery', 'jobs'),
    ('worker.database', 'worker.presence'),
    ('glance_host',),
    ('policy_file', 'dependents'),
    ('policy', 'signing', 'transfer'),
    ('conf', 'database_errors', 'exceptions', 'version'),
)

# Only these import it, at whatever depth of a function.
ONLY = {'glance': ('glance_host',)}

# These never do. Of ``policy``: what reads files, talks or starts programs.
NEVER = {
    'transfer': ('glance', 'keystone', 'keystoneauth1', 'keystoneclient',
                 'keystonemiddleware', 'oslo_db', 'oslo_messaging'),
    'policy': ('glob', 'http', 'io', 'os', 'pathlib', 'requests', 'shutil',
               'socket', 'subprocess', 'tempfile', 'urllib'),
    'reporting': ('glob', 'http', 'io', 'os', 'pathlib', 'requests',
                  'shutil', 'socket', 'subprocess', 'tempfile', 'urllib'),
    'planning': ('glob', 'http', 'io', 'os', 'pathlib', 'requests', 'shutil',
                 'socket', 'subprocess', 'tempfile', 'urllib'),
}
PURE = ('policy', 'planning', 'reporting')

# What breaks a rule today, as ``module: imported module``, and why. An entry
# that breaks none any more fails the test.
EXCEPTIONS: dict[str, str] = {
    'planning.copy_on_write: urllib.parse':
        'It takes the text of a location apart, and opens nothing.',
    'planning.solver: open()': 'The null device, for what HiGHS prints.',
    'planning.solver: os': 'What HiGHS prints is kept out of the output.'}


@dataclasses.dataclass(frozen=True)
class Import:
    """One module imported by another.

    :ivar name: of what is imported: a module of ours, below the package, or
        any other module
    :ivar ours: which of these
    :ivar early: while the importing module is itself imported
    """

    name: str
    ours: bool
    early: bool


class Tree:
    """The imports of a package's modules, tests left out.

    :param top: its directory
    """

    def __init__(self, top: pathlib.Path) -> None:
        self.parsed = {}
        for path in sorted(top.rglob('*.py')):
            name = '.'.join(path.relative_to(top).with_suffix('').parts)
            if name.split('.')[0] != 'tests':
                self.parsed[name.removesuffix('__init__').rstrip('.')] = (
                    ast.parse(path.read_text(), str(path)))
        self.imports = {name: list(self._imports(name))
                        for name in self.parsed}

    def _imports(self, module: str) -> Iterator[Import]:
        for node, early in _walk(self.parsed[module], True):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield self._import(alias.name, early)
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    yield self._import(
                        '.'.join(filter(None, (node.module, alias.name))),
                        early)
            elif (isinstance(node, ast.Call) and node.args
                  and isinstance(node.func, ast.Attribute)
                  and node.func.attr == 'import_module'):
                yield self._import(_text(node.args[0]), early)

    def _import(self, name: str, early: bool) -> Import:
        first, _, below = name.partition('.')
        if first != ROOT:
            return Import(name, False, early)
        # The last part may name something in the module.
        while below and below not in self.parsed:
            below = below.rpartition('.')[0]
        return Import(below, True, early)


def _walk(node: ast.AST, early: bool) -> Iterator[tuple[ast.AST, bool]]:
    """All nodes, and whether they run when the module is imported."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and 'TYPE_CHECKING' in ast.unparse(
                child.test):
            yield from ((each, False) for each in ast.walk(child))
            continue
        runs = early and not isinstance(
            child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield child, runs
        yield from _walk(child, runs)


def _text(node: ast.AST) -> str:
    """What is known of a name that is put together: its beginning."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.BinOp):
        return _text(node.left).rstrip('.')
    if isinstance(node, ast.JoinedStr) and node.values:
        return _text(node.values[0]).rstrip('.')
    return ''


def part(module: str) -> str:
    """The package or module of LEVELS that a module belongs to."""
    first = '.'.join(module.split('.')[:2])
    return first if any(first in names for names in LEVELS) else (
        module.split('.')[0])


def breaches(tree: Tree) -> Iterator[str]:
    """Each import that a rule forbids, as ``module: imported``."""
    level = {name: number for number, names in enumerate(LEVELS)
             for name in names}
    for module, imports in tree.imports.items():
        mine = part(module)
        for item in imports:
            outside = part(item.name)
            if item.ours:
                # The package itself is empty.
                if item.name and level.get(mine, -1) > level.get(
                        outside, len(LEVELS)):
                    yield f'{module}: {item.name}'
            elif (outside in NEVER.get(mine, ())
                  or mine not in ONLY.get(outside, (mine,))):
                yield f'{module}: {item.name}'


def loaded(tree: Tree) -> Iterator[str]:
    """Modules of ours that are loaded by a string: mypy sees none of it."""
    for module, parsed in tree.parsed.items():
        for node in ast.walk(parsed):
            if (isinstance(node, ast.Call) and node.args
                    and 'import_module' in ast.unparse(node.func)
                    and _text(node.args[0]).startswith(ROOT)):
                yield f'{module}: {_text(node.args[0])}'


def opened(tree: Tree) -> Iterator[str]:
    """The modules that must do no I/O and call ``open`` or its like."""
    for module, parsed in tree.parsed.items():
        if part(module) in PURE:
            yield from (
                f'{module}: {node.func.id}()' for node in ast.walk(parsed)
                if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ('open', 'input', 'print'))


def circles(arrows: Mapping[str, set[str]]) -> list[list[str]]:
    """One circle for each arrow that closes one, depth first."""
    found: list[list[str]] = []
    path: list[str] = []
    done: set[str] = set()

    def visit(name: str) -> None:
        if name in path:
            found.append([*path[path.index(name):], name])
            return
        if name in done:
            return
        path.append(name)
        for other in sorted(arrows.get(name, ())):
            visit(other)
        path.pop()
        done.add(name)

    for name in sorted(arrows):
        visit(name)
    return found


def between_modules(tree: Tree) -> dict[str, set[str]]:
    """Imports at import time.

    But not that a module's package is imported before it: an ``__init__``
    that gathers what its modules offer makes no circle.
    """
    return {module: {i.name for i in imports
                     if i.ours and i.early and i.name}
            for module, imports in tree.imports.items()}


def between_parts(tree: Tree, allowed: set[str]) -> dict[str, set[str]]:
    """All imports, at whatever time, between the names of LEVELS."""
    found: dict[str, set[str]] = {}
    for module, imports in tree.imports.items():
        found.setdefault(part(module), set()).update(
            part(i.name) for i in imports
            if i.ours and i.name and part(i.name) != part(module)
            and f'{module}: {i.name}' not in allowed)
    return found


class ArchitectureTest(unittest.TestCase):

    tree: ClassVar[Tree]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.tree = Tree(pathlib.Path(*glance_lifecycle.__path__))

    def test_arrows_point_down(self) -> None:
        found = set(breaches(self.tree)) | set(opened(self.tree))
        self.assertEqual([], sorted(found - EXCEPTIONS.keys()))

    def test_no_module_by_a_string(self) -> None:
        self.assertEqual([], list(loaded(self.tree)))

    def test_exceptions_are_needed(self) -> None:
        found = set(breaches(self.tree)) | set(opened(self.tree))
        self.assertEqual([], sorted(EXCEPTIONS.keys() - found))

    def test_all_parts_have_a_level(self) -> None:
        known = {name for names in LEVELS for name in names}
        parts = {part(module) for module in self.tree.parsed if module}
        self.assertEqual([], sorted(parts - known))

    def test_no_circles_of_modules(self) -> None:
        self.assertEqual([], circles(between_modules(self.tree)))

    def test_no_circles_of_packages(self) -> None:
        self.assertEqual([], circles(between_parts(
            self.tree, set(EXCEPTIONS))))


class CheckTest(unittest.TestCase):
    """The checks find what they look for."""

    def tree(self, modules: Mapping[str, str]) -> Tree:
        """:param modules: path in the package -> text"""
        found = tempfile.TemporaryDirectory()
        self.addCleanup(found.cleanup)
        for name, text in modules.items():
            path = pathlib.Path(found.name, name + '.py')
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return Tree(pathlib.Path(found.name))

    def test_up(self) -> None:
        for text in (
                'from glance_lifecycle.plugin import flow',
                'from glance_lifecycle.plugin.flow import get_flow',
                'import glance_lifecycle.plugin.flow',
                'def late():\n from glance_lifecycle.plugin import flow',
                'import importlib\ndef late():\n importlib.import_module('
                '"glance_lifecycle.plugin.flow")'):
            tree = self.tree({'transfer/engine': text, 'plugin/flow': ''})
            self.assertEqual(['transfer.engine: plugin.flow'],
                             list(breaches(tree)), text)
        tree = self.tree({
            'transfer/engine': 'from glance_lifecycle.conf import opts',
            'conf/opts': 'import os', 'exceptions': '',
            'plugin/flow': 'from glance_lifecycle import exceptions'})
        self.assertEqual([], list(breaches(tree)))

    def test_name_in_pieces(self) -> None:
        for name in ('"glance_lifecycle.plugin." + x',
                     'f"glance_lifecycle.plugin.{x}"'):
            tree = self.tree({
                'signing/chain': f'import importlib\n'
                f'importlib.import_module({name})',
                'plugin/flow': '', 'plugin/__init__': ''})
            self.assertEqual(['signing.chain: plugin'], list(breaches(tree)))
            self.assertEqual(['signing.chain: glance_lifecycle.plugin'],
                             list(loaded(tree)))

    def test_others(self) -> None:
        tree = self.tree({
            'glance_host/database': 'import glance.db',
            'plugin/flow': 'from glance import context',
            'transfer/work': 'def f():\n import oslo_messaging',
            'policy/match': 'import os.path\nimport re\nopen("x")'})
        self.assertEqual(
            ['plugin.flow: glance.context', 'policy.match: open()',
             'policy.match: os.path', 'transfer.work: oslo_messaging'],
            sorted([*breaches(tree), *opened(tree)]))

    def test_circles(self) -> None:
        tree = self.tree({
            'transfer/a': 'from glance_lifecycle.transfer import b',
            'transfer/b': 'from glance_lifecycle.transfer import c',
            'transfer/c': 'from glance_lifecycle.transfer import a'})
        self.assertEqual(
            [['transfer.a', 'transfer.b', 'transfer.c', 'transfer.a']],
            circles(between_modules(tree)))
        later = self.tree({
            'transfer/a': 'from glance_lifecycle.transfer import b',
            'transfer/b': 'def f():\n from glance_lifecycle.transfer import a',
            'transfer/c': 'import typing\nif typing.TYPE_CHECKING:\n'
            ' from glance_lifecycle.transfer import c'})
        self.assertEqual([], circles(between_modules(later)))

    def test_circles_of_packages(self) -> None:
        tree = self.tree({
            'policy/a': 'from glance_lifecycle.signing import b',
            'signing/b': '',
            'signing/c': 'def f():\n from glance_lifecycle.policy import a'})
        self.assertEqual([['policy', 'signing', 'policy']],
                         circles(between_parts(tree, set())))
        self.assertEqual([], circles(between_parts(
            tree, {'signing.c: policy.a'})))
