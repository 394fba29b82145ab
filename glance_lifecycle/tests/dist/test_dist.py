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

"""What users get: an sdist and a wheel, installed where nothing else is.

Takes minutes, and wants an index of packages and a checkout of Git::

    tools/tox -e dist
"""

import configparser
import os
import pathlib
import re
import sys
import tarfile
import tempfile
from typing import Any
import unittest
import zipfile

from glance_lifecycle.tests.dist import environment

TOP = environment.TOP

# One that the constraints leave open.
GLANCE = 'glance<34,>=33'

# Other packages, that a module may need which is not for everybody.
OPTIONAL = {'glance', 'openstack', 'osc_lib', 'openstackclient'}

_temporary = tempfile.TemporaryDirectory(prefix='dist-')
sdist = wheel = pathlib.Path()
said = ''


def setUpModule() -> None:
    global sdist, wheel, said
    sdist, wheel, said = environment.build(
        pathlib.Path(_temporary.name, 'dist'))


def tearDownModule() -> None:
    _temporary.cleanup()


def config() -> configparser.ConfigParser:
    found = configparser.ConfigParser(interpolation=None)
    # Entry points keep their case.
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read(TOP / 'setup.cfg')
    return found


def scripts() -> list[str]:
    return [line.partition('=')[0].strip() for line in config()[
        'entry_points']['console_scripts'].splitlines() if line]


def extras() -> set[str]:
    return set(config()['extras'])


def data_files() -> dict[str, str]:
    """Where each file of etc/ is installed, below the prefix."""
    found, folder = {}, ''
    for line in config()['files']['data_files'].splitlines():
        target, equals, source = line.rpartition('=')
        if equals:
            folder = target.strip()
        for path in TOP.glob(source.strip()) if source.strip() else ():
            found[path.relative_to(TOP).as_posix()] = f'{folder}/{path.name}'
    return found


class BuiltTest(unittest.TestCase):

    maxDiff = None

    def test_clean(self) -> None:
        """Nothing is said that would be an error in a year."""
        wrong = [line for line in said.splitlines() if re.search(
            r'[Dd]eprecat|SetuptoolsWarning|\berror\b', line)]
        self.assertEqual([], wrong)

    def test_twine(self) -> None:
        environment.run(sys.executable, '-m', 'twine', 'check', '--strict',
                        sdist, wheel)

    def test_version(self) -> None:
        version = sdist.name.removeprefix(
            'glance_lifecycle-').removesuffix('.tar.gz')
        self.assertEqual(f'glance_lifecycle-{version}-py3-none-any.whl',
                         wheel.name)

    def test_sdist(self) -> None:
        """All of the repository is in it."""
        with tarfile.open(sdist) as archive:
            found = {name.partition('/')[2] for name in archive.getnames()}
        listed = environment.run('git', 'ls-files', '-z', cwd=TOP).split('\0')
        # As pbr has it.
        left = {'', '.gitignore'}
        self.assertEqual([], sorted(set(listed) - found - left))

    def test_wheel(self) -> None:
        """The packages, whole; nothing else on the top."""
        packages = config()['files']['packages'].split()
        with zipfile.ZipFile(wheel) as archive:
            names = set(archive.namelist())
        tops = {name.partition('/')[0] for name in names}
        data = wheel.name.removesuffix('-py3-none-any.whl')
        self.assertEqual({*packages, f'{data}.data', f'{data}.dist-info'},
                         tops)
        listed = environment.run(
            'git', 'ls-files', '-z', '--', *packages, cwd=TOP).split('\0')
        self.assertEqual([], sorted(set(listed) - names - {''}))

    def test_data(self) -> None:
        """Every file of etc/ is in it, once."""
        wanted = data_files()
        listed = environment.run(
            'git', 'ls-files', '-z', 'etc', cwd=TOP).split('\0')
        self.assertEqual(sorted(filter(None, listed)), sorted(wanted))
        with zipfile.ZipFile(wheel) as archive:
            found = [name.partition('.data/data/')[2]
                     for name in archive.namelist()]
        self.assertEqual(sorted(wanted.values()),
                         sorted(filter(None, found)))

    def test_docs(self) -> None:
        """The installation guide says where each is."""
        text = (TOP / 'doc/source/install/files.rst').read_text()
        told = re.findall(r'``((?:etc|share)/glance-lifecycle/\S+[a-z])``',
                          text)
        self.assertEqual(sorted(data_files().values()), sorted(told))


class Case(unittest.TestCase):
    """Tests in an environment of their own."""

    what: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()
    environment: environment.Environment

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        path = '%s[%s]' % (wheel, ','.join(cls.chosen))
        cls.environment = environment.Environment(
            pathlib.Path(_temporary.name, cls.__name__),
            [path.removesuffix('[]'), *cls.what])

    def imports(self) -> dict[str, str]:
        """Modules of ours that cannot be imported, and why."""
        found: Any = self.environment.evaluate("""
import importlib, pkgutil
import glance_lifecycle
found = {}
for module in pkgutil.walk_packages(
        glance_lifecycle.__path__, 'glance_lifecycle.'):
    name = module.name
    if '.tests' in name or '.migrations.' in name:
        continue
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        found[name] = error.name.partition('.')[0]
""")
        return dict(found)

    def raised(self, code: str) -> str:
        """What an error of ours says."""
        return str(self.environment.evaluate(f"""
from oslo_config import cfg
from glance_lifecycle import exceptions
found = 'nothing was raised'
try:
    {code}
except exceptions.LifecycleError as error:
    found = error.for_operator()
"""))


class AloneTest(Case):
    """The package without Glance and without extras."""

    def test_requirements(self) -> None:
        """What is missing is an extra, or on a host of Glance's."""
        self.assertLessEqual(set(self.imports().values()), OPTIONAL)
        self.environment.must('pip', 'check')

    def test_help(self) -> None:
        for name in scripts():
            done = self.environment.try_it(name, '--help')
            self.assertNotIn('Traceback', done.stderr, name)
            if name == 'glance-lifecycle-worker':
                self.assertEqual(1, done.returncode)
                self.assertIn('"glance-lifecycle[worker]"', done.stderr)
            else:
                self.assertEqual((0, ''), (done.returncode, done.stderr), name)

    def test_missing_extras(self) -> None:
        """An error names the extra."""
        said = {
            'mysql': self.raised(
                'from glance_lifecycle.worker.database import engine; '
                'engine.Database("mysql+pymysql://h/d")'),
            'postgresql': self.raised(
                'from glance_lifecycle.worker.database import engine; '
                'engine.Database("postgresql+psycopg://h/d")'),
            's3': self.raised(
                'from glance_lifecycle.transfer.backends.s3 import options; '
                'options.describe(cfg.ConfigOpts(), "cold")'),
            'swift': self.raised(
                'from glance_lifecycle.transfer.backends.swift '
                'import options; '
                'options.describe(cfg.ConfigOpts(), "cold")'),
            'protection': str(self.environment.evaluate("""
from glance_lifecycle.dependents import base, loading
found = loading.providers(('servers',), None, base.Settings())[0].ask(
    base.Image('i')).reason""")),
            'worker': self.environment.try_it(
                'glance-lifecycle-worker').stderr,
        }
        for extra, text in said.items():
            self.assertIn(f'glance-lifecycle[{extra}]', text)
        # Of the others, one brings its own command, one makes things faster,
        # and Glance is where the commands say that it is.
        self.assertEqual({'osc', 'fast', 'glance'}, extras() - said.keys())

    def test_no_glance(self) -> None:
        """What is for its hosts says so."""
        done = self.environment.try_it('glance-lifecycle-manage', 'recover')
        self.assertEqual((1, ''), (done.returncode, done.stdout))
        self.assertIn('Glance is not installed', done.stderr)
        self.assertNotIn('Traceback', done.stderr)


class BesideGlanceTest(Case):
    """What the import plugin needs: no extra."""

    what = (GLANCE,)

    def test_plugin(self) -> None:
        """Glance's own loader finds it."""
        found = self.environment.evaluate("""
import stevedore
from glance.async_.flows import api_image_import
manager = stevedore.NamedExtensionManager(
    'glance.image_import.plugins', ['lifecycle'], on_missing_entrypoints_callback=None)
found = [[one.name, one.plugin.__name__] for one in manager]""")
        self.assertEqual([['lifecycle', 'get_flow']], found)

    def test_imports(self) -> None:
        missing = self.imports()
        self.assertLessEqual(set(missing.values()), OPTIONAL - {'glance'})
        for name in missing:
            self.assertRegex(name, r'^glance_lifecycle\.osc(\.|$)')

    def test_help(self) -> None:
        for name in scripts():
            self.environment.must(name, '--help')


class WholeTest(Case):
    """Everything at once; and tempest, which loads a plugin of ours."""

    what = (GLANCE, 'tempest')
    chosen = tuple(sorted(extras() - {'glance'}))

    def test_imports(self) -> None:
        self.assertEqual({}, self.imports())
        self.environment.must('pip', 'check')

    def test_entry_points(self) -> None:
        """Each can be loaded."""
        found: Any = self.environment.evaluate("""
import importlib.metadata
entries = importlib.metadata.distribution('glance-lifecycle').entry_points
for entry in entries:
    entry.load()
found = sorted({entry.group for entry in entries})""")
        self.assertEqual(sorted(config()['entry_points']), found)

    def test_help(self) -> None:
        for name in scripts():
            self.environment.must(name, '--help')
        found = self.environment.must('openstack', 'help', 'image',
                                      'lifecycle', 'policy', 'validate')
        self.assertIn('usage: openstack image lifecycle policy validate',
                      found)

    def test_files(self) -> None:
        for source, target in data_files().items():
            self.assertEqual((TOP / source).read_bytes(), (
                self.environment.top / target).read_bytes(), target)

    def test_sample(self) -> None:
        """The options of all of it, by what is installed for that."""
        sample = self.environment.top / 'tmp' / 'sample'
        self.environment.must(
            'oslo-config-generator', '--config-file',
            str(self.environment.top / data_files()[
                'etc/oslo-config-generator/glance-lifecycle.conf']),
            '--output-file', str(sample))
        self.assertIn('[lifecycle_worker]', sample.read_text())

    def test_policy(self) -> None:
        """The sample that was installed is a good one."""
        done = self.environment.try_it(
            'openstack', 'image', 'lifecycle', 'policy', 'validate',
            str(self.environment.top / data_files()[
                'etc/lifecycle-policy.yaml.sample']))
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn('is good', done.stderr)


if __name__ == '__main__':
    os.chdir(TOP)
    unittest.main()
