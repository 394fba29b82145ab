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

"""The plugin for DevStack: all of its phases, with stand-ins for DevStack.

What it writes, and what it has done, is compared with files in
``devstack_data/golden``.
After a change that is meant, write these anew and look at the difference::

    python -m glance_lifecycle.tests.unit.test_devstack
"""

import ast
from collections.abc import Iterator
import contextlib
import copy
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

from oslo_config import cfg
import yaml

from glance_lifecycle.conf import opts
from glance_lifecycle.conf import protection
from glance_lifecycle.conf import worker
from glance_lifecycle.policy import document
from glance_lifecycle.signing import properties
from glance_lifecycle.tests import waiting

PLUGIN = pathlib.Path(__file__).parents[3]
DATA = pathlib.Path(__file__).parent / 'devstack_data'

_SERVICES = 'g-api,n-api,c-api,key,mysql,rabbit,tempest'

# What local.conf says, by the name of the golden file.
VARIANTS: dict[str, dict[str, str]] = {
    'plain': {},
    'ceph': {'CEPH': 'True'},
    'barbican': {'ENABLED_SERVICES': _SERVICES + ',barbican'},
    'no-worker': {'DISABLED_SERVICES': 'glance-lifecycle-worker',
                  'LIFECYCLE_PROTECTION': 'False'},
    'offload': {
        # With all that is left over from the others.
        'LIFECYCLE_RUN_IN': 'worker',
        'PLUGINS': '[inject_image_metadata, image_conversion]',
        'ENABLED_SERVICES': 'g-api,key,postgresql,s-proxy,tls-proxy'},
    'one-store': {
        'GLANCE_ENABLE_MULTIPLE_STORES': 'False',
        'LIFECYCLE_JOBBOARD': 'sqlite', 'LIFECYCLE_PROTECTION': 'no',
        'LIFECYCLE_PROPERTY_PROTECTION': 'no'},
    'no-glance': {'ENABLED_SERVICES': 'n-cpu'},
}


class Machine:
    """One that DevStack runs on: a directory."""

    def __init__(self, top: pathlib.Path, variant: str) -> None:
        self.top = top
        self._environ = {'PATH': os.environ['PATH'], **VARIANTS[variant]}
        self.etc = top / 'etc' / 'glance'
        self.api_conf = self.etc / 'glance-api.conf'
        self.worker_conf = self.etc / 'glance-lifecycle-worker.conf'

    def run(self, script: str, **environ: str
            ) -> subprocess.CompletedProcess[str]:
        """:param script: stack, unstack or clean"""
        return subprocess.run(
            ['bash', str(DATA / 'stack.bash'), str(PLUGIN), str(self.top),
             script], env=self._environ | environ, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=waiting.BOUND)

    def must_run(self, script: str) -> None:
        done = self.run(script)
        if done.returncode:
            raise AssertionError('%s: %d\n%s' % (
                script, done.returncode, done.stdout))

    def files(self, below: str = 'etc') -> dict[str, str]:
        """Path -> text, of all below a directory."""
        return {path.relative_to(self.top / below).as_posix():
                self._neutral(path.read_text())
                for path in sorted((self.top / below).rglob('*'))
                if path.is_file()}

    def calls(self) -> str:
        return self._neutral((self.top / 'calls').read_text())

    def _neutral(self, text: str) -> str:
        return text.replace(str(self.top), 'TOP').replace(
            str(PLUGIN), 'PLUGIN')

    def shown(self) -> str:
        """All of it, as the golden files have it."""
        parts = {'calls': self.calls()} | self.files('opt') | self.files()
        # The package's own, and a stand-in.
        for name in ('glance/policy.d/lifecycle-protection.yaml',
                     'glance/property-protections-lifecycle.conf'):
            if name in parts:
                parts[name] = '(from etc/glance)\n'
        return '\n'.join('==== %s\n%s' % part for part in parts.items()
                         if not part[0].startswith('data/venv/'))


@contextlib.contextmanager
def stacked(variant: str, times: int = 1) -> Iterator[Machine]:
    with tempfile.TemporaryDirectory() as top:
        machine = Machine(pathlib.Path(top).resolve(), variant)
        for _ in range(times):
            machine.must_run('stack')
        yield machine


class GoldenTest(unittest.TestCase):
    """What is written and done, and that the real package can read it."""

    maxDiff = None

    def _check(self, variant: str) -> None:
        with stacked(variant) as machine:
            self.assertEqual((DATA / 'golden' / variant).read_text(),
                             machine.shown())
            self._check_options(machine)
            self._check_policy(machine)

    def _check_options(self, machine: Machine) -> None:
        """Names and types are those of the package's options."""
        for path in (machine.api_conf, machine.worker_conf):
            if not path.exists():
                continue
            conf = cfg.ConfigOpts()
            opts.register_opts(conf)
            for group, options in [*protection.list_auth(),
                                   *worker.list_auth()]:
                for option in options:
                    # Each file has one of the two groups.
                    option = copy.copy(option)
                    option.required = False
                    conf.register_opt(option, group=group)
            conf(['--config-file', str(path)])
            sections: dict[str, dict[str, list[str]]] = {}
            cfg.ConfigParser(str(path), sections).parse()
            for section, found in sections.items():
                if section.startswith('lifecycle'):
                    for name in found:
                        # An unknown name is an AttributeError, and a wrong
                        # value a ValueError.
                        self.assertIsNotNone(conf[section][name])

    def _check_policy(self, machine: Machine) -> None:
        loaded = document.load(
            (machine.etc / 'lifecycle-policy.yaml').read_bytes())
        rules = {rule.name: rule.wants for rule in loaded.rules}
        conf = cfg.ConfigOpts()
        conf.register_opt(cfg.DictOpt('enabled_backends'))
        conf(['--config-file', str(machine.api_conf)])
        if conf.enabled_backends:
            self.assertEqual(set(conf.enabled_backends),
                             set(rules['everywhere']['place']['stores']))
        else:
            self.assertNotIn('everywhere', rules)
        self.assertEqual(True, rules['golden']['protect']['protected'])

    def test_plain(self) -> None:
        self._check('plain')

    def test_ceph(self) -> None:
        self._check('ceph')

    def test_barbican(self) -> None:
        self._check('barbican')

    def test_no_worker(self) -> None:
        self._check('no-worker')

    def test_offload(self) -> None:
        self._check('offload')

    def test_one_store(self) -> None:
        self._check('one-store')

    def test_no_glance(self) -> None:
        """A host with nova-compute alone is left alone."""
        with stacked('no-glance') as machine:
            self.assertEqual((DATA / 'golden' / 'no-glance').read_text(),
                             machine.shown())

    def test_all_are_compared(self) -> None:
        self.assertEqual(VARIANTS.keys(), set(os.listdir(DATA / 'golden')))


class AgainTest(unittest.TestCase):

    maxDiff = None

    def test_stack_twice(self) -> None:
        for variant in ('plain', 'ceph', 'offload'):
            with self.subTest(variant), stacked(variant) as machine:
                once = machine.files(), machine.files('opt')
                calls = machine.calls()
                machine.must_run('stack')
                self.assertEqual(once, (machine.files(), machine.files('opt')))
                # But the key of the first time is kept.
                again = machine.calls().removeprefix(calls).splitlines()
                self.assertEqual(
                    [line for line in calls.splitlines()
                     if not line.startswith('openssl')], again)

    def test_less_settings(self) -> None:
        """What the second run does not ask for is gone."""
        with stacked('plain') as machine:
            Machine(machine.top, 'one-store').must_run('stack')
            found = sections(machine.api_conf)
            self.assertNotIn('property_protection_file', found['DEFAULT'])
            self.assertNotIn('lifecycle_protection', found)
            self.assertNotIn('fast', found)
            self.assertNotIn('non_inheritable', (
                machine.top / 'etc/nova/nova.conf').read_text())
            self.assertEqual([], sorted(
                path.name for path in machine.etc.rglob('*protection*')))

    def test_other_settings(self) -> None:
        """Nothing of the first run is left by the second."""
        with stacked('offload') as machine, stacked('plain') as other:
            again = Machine(machine.top, 'plain')
            again.must_run('stack')
            wanted, found = (
                {part.strip() for part in one.files()[
                    'glance/glance-api.conf'].split('\n\n')
                 if part.startswith(('[lifecycle', '[key_manager'))}
                for one in (other, again))
            self.assertEqual(wanted, found)
            self.assertEqual(6, len(found))
            self.assertEqual(other.files()['glance/' + other.worker_conf.name],
                             again.files()['glance/' + other.worker_conf.name])

    def test_clean(self) -> None:
        for variant in VARIANTS:
            times = 2 if variant == 'plain' else 1
            with self.subTest(variant), stacked(variant, times) as machine:
                machine.must_run('unstack')
                machine.must_run('clean')
                self.assertEqual(machine.files('stock'), machine.files())
                left = {path.relative_to(machine.top).as_posix()
                        for path in machine.top.rglob('*') if path.is_dir()}
                self.assertEqual(set(), {
                    name for name in left if 'lifecycle' in name
                    or name.startswith(('opt/data/glance/',
                                        'etc/glance/'))})

    def test_clean_leaves_what_others_did(self) -> None:
        with stacked('ceph') as machine:
            imports = machine.etc / 'glance-image-import.conf'
            imports.write_text(imports.read_text().replace(
                '[lifecycle]', '[lifecycle, of_others]'))
            api = machine.api_conf.read_text()
            machine.api_conf.write_text(api.replace(
                'slow:file', 'slow:file,theirs:http').replace(
                '[slow]\n', '[slow]\nfilesystem_store_chunk_size = 1\n')
                + '\n[theirs]\nhttps_insecure = True\n')
            (machine.etc / 'policy.d' / 'theirs.yaml').write_text('{}\n')
            machine.must_run('clean')
            left = sections(machine.api_conf)
            self.assertEqual(
                ['robust_rbd:rbd,fast:file,slow:file,theirs:http'],
                left['DEFAULT']['enabled_backends'])
            self.assertEqual({'https_insecure': ['True']}, left['theirs'])
            self.assertNotIn('\n\n\n', machine.api_conf.read_text())
            self.assertEqual({'filesystem_store_chunk_size': ['1']},
                             left['slow'])
            self.assertNotIn('fast', left)
            self.assertEqual(['[of_others]'], sections(imports)[
                'image_import_opts']['image_import_plugins'])
            self.assertEqual(['theirs.yaml'],
                             os.listdir(machine.etc / 'policy.d'))

    def test_clean_without_stack(self) -> None:
        with tempfile.TemporaryDirectory() as top:
            machine = Machine(pathlib.Path(top), 'plain')
            machine.must_run('unstack')
            machine.must_run('clean')
            self.assertEqual({}, machine.files())


class SettingsTest(unittest.TestCase):

    def test_real_command(self) -> None:
        """The database is made from these files by the real command."""
        with stacked('one-store') as machine:
            done = subprocess.run(
                [sys.executable, '-m', 'glance_lifecycle.cmd.manage',
                 '--config-file', str(machine.api_conf),
                 '--config-file', str(machine.worker_conf), 'db', 'sync'],
                text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                timeout=waiting.BOUND)
            self.assertIn('The database is of revision', done.stdout)
            self.assertEqual(0, done.returncode)
            self.assertTrue((machine.top / 'opt/data/glance-lifecycle/state'
                             / 'worker.db').is_file())

    def test_secrets_and_directories(self) -> None:
        with stacked('plain') as machine:
            modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (
                machine.worker_conf, machine.etc / 'lifecycle-signing.key',
                machine.top / 'opt/data/glance-lifecycle/state')}
            self.assertEqual([0o600, 0o600, 0o700], list(modes.values()))
            for store in ('fast', 'slow'):
                self.assertTrue((machine.top / 'opt/data/glance' / store
                                 ).is_dir())

    def test_not_inherited(self) -> None:
        """A snapshot that inherits what only the service writes is refused."""
        name = 'non_inheritable_image_properties'
        shipped = (PLUGIN / 'etc/glance/property-protections-lifecycle.conf'
                   ).read_text().split(name + ' = ')[1].split()[0].split(',')
        with stacked('plain') as machine:
            text, = sections(machine.top / 'etc/nova/nova.conf')[
                'DEFAULT'][name]
        set_up = text.split(',')
        written = set(written_by_the_service())
        # The rest are Nova's own.
        for named in (shipped, set_up):
            self.assertEqual(written, {
                name for name in named if name.startswith('lifecycle_')})
            self.assertEqual(len(named), len(set(named)))

    def test_own_files(self) -> None:
        """Those that are taken as they are, and the sample's roles."""
        with stacked('plain') as machine:
            ours = PLUGIN / 'etc' / 'glance'
            rules = machine.etc / 'policy.d' / 'lifecycle-protection.yaml'
            self.assertEqual(
                (ours / 'policy-lifecycle-protection.yaml').read_text(),
                rules.read_text())
            self.assertIn('delete_image', yaml.safe_load(rules.read_text()))
            name = 'property-protections-lifecycle.conf'
            self.assertEqual((ours / name).read_text(),
                             (machine.etc / name).read_text())

    def test_wrong(self) -> None:
        for wrong, said in (
                ({'LIFECYCLE_RUN_IN': 'thread'},
                 'LIFECYCLE_RUN_IN is child or worker.'),
                ({'LIFECYCLE_RUN_IN': 'worker', 'LIFECYCLE_WORKER': 'False'},
                 'LIFECYCLE_RUN_IN=worker needs the service '
                 'glance-lifecycle-worker.'),
                ({'LIFECYCLE_JOBBOARD': 'redis'},
                 'LIFECYCLE_JOBBOARD is database or sqlite.')):
            with self.subTest(said), tempfile.TemporaryDirectory() as top:
                done = Machine(pathlib.Path(top), 'plain').run(
                    'stack', **wrong)
                self.assertEqual((1, said), (
                    done.returncode, done.stdout.splitlines()[-1]))

    def test_every_name(self) -> None:
        """Each default gives way to what local.conf says."""
        with tempfile.TemporaryDirectory() as top:
            machine = Machine(pathlib.Path(top).resolve(), 'plain')
            own = machine.top / 'own'
            done = machine.run(
                'stack', LIFECYCLE_WORKER_CONF=str(own) + '-worker.conf',
                LIFECYCLE_STATE_DIR=str(own / 'state'),
                LIFECYCLE_UNDO=str(own / 'notes' / 'undo'),
                LIFECYCLE_POLICY_FILE=str(own) + '-policy.yaml',
                LIFECYCLE_PROTECTION_RULES=str(own / 'rules.d' / 'a.yaml'),
                LIFECYCLE_PROPERTY_RULES=str(own) + '-properties.conf',
                LIFECYCLE_KEY_DIR=str(own / 'keys'),
                LIFECYCLE_SIGNING_KEY=str(own) + '.key',
                LIFECYCLE_SIGNING_CERTIFICATE_ID='own',
                LIFECYCLE_SERVICE='own-worker', LIFECYCLE_ROLE='own_role',
                LIFECYCLE_USER='own-user', LIFECYCLE_PASSWORD='own-word',
                LIFECYCLE_DATABASE='own_base', LIFECYCLE_PYTHON='/own/python',
                LIFECYCLE_METRICS_PORT='1', LIFECYCLE_WORKER_MODE='observe',
                GLANCE_MULTIPLE_FILE_STORES='a,b,c')
            self.assertEqual(0, done.returncode, done.stdout)
            self.assertEqual(
                ['fast', 'glance-api.conf', 'glance-image-import.conf'],
                ['fast', *sorted(os.listdir(machine.etc))])
            found = sections(machine.api_conf)
            self.assertEqual(['a:file,b:file,c:file'],
                             found['DEFAULT']['enabled_backends'])
            self.assertEqual(['a'], found['glance_store']['default_backend'])
            self.assertEqual({'a', 'b', 'c', 'own'} & set(os.listdir(
                machine.top / 'opt/data/glance')), {'a', 'b', 'c'})
            text = machine.shown() + (
                machine.top / 'own-worker.conf').read_text()
            for ours in ('own-user', 'own-word', 'own_base', 'own_role',
                         '/own/python', 'run_process own-worker',
                         'mode = observe', 'metrics_port = 1\n'):
                self.assertIn(ours, text)
            self.assertIn('create = admin,own_role', (
                machine.top / 'own-properties.conf').read_text())


class BoxTest(unittest.TestCase):
    """tools/devstack-in-a-box says why it does not begin."""

    def _run(self, **environ: str) -> tuple[int, str]:
        done = subprocess.run(
            [PLUGIN / 'tools' / 'devstack-in-a-box'],
            env={'PATH': os.environ['PATH']} | environ, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=waiting.BOUND)
        return done.returncode, done.stdout

    def test_no_tree(self) -> None:
        self.assertEqual(
            (2, 'devstack-in-a-box: DEVSTACK_DIR is not set, so nothing is '
             'run. Set it to a clone of '
             'https://opendev.org/openstack/devstack.\n'), self._run())

    def test_other_tree(self) -> None:
        with tempfile.TemporaryDirectory() as top:
            self.assertEqual(
                (2, 'devstack-in-a-box: There is no stack.sh in DEVSTACK_DIR, '
                 'which is %s.\n' % top), self._run(DEVSTACK_DIR=top))

    def test_local_conf_is_kept(self) -> None:
        with tempfile.TemporaryDirectory() as top:
            for name in ('stack.sh', 'unstack.sh', 'clean.sh', 'openrc',
                         'local.conf'):
                (pathlib.Path(top) / name).touch()
            self.assertEqual(
                (2, 'devstack-in-a-box: %s/local.conf is there already. Move '
                 'it away.\n' % top), self._run(DEVSTACK_DIR=top))


def sections(path: pathlib.Path) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {}
    cfg.ConfigParser(str(path), found).parse()
    return found


def written_by_the_service() -> Iterator[str]:
    """Properties of images, as the constants of the code name them."""
    yield from (properties.SOURCE_PREFIX + name.removeprefix('img_')
                for name in properties.NAMES)
    top = PLUGIN / 'glance_lifecycle'
    for path in top.rglob('*.py'):
        # These name sections, what stands in Ceph, tables and more.
        if path.relative_to(top).parts[0] in (
                'tests', 'conf', 'transfer', 'worker'):
            continue
        for node in ast.parse(path.read_text()).body:
            if (isinstance(node, ast.Assign)
                    and isinstance(node.value, ast.Constant)
                    and re.fullmatch('lifecycle_[a-z_]*[a-z]',
                                     str(node.value.value))):
                yield str(node.value.value)


def main() -> None:
    shutil.rmtree(DATA / 'golden', ignore_errors=True)
    (DATA / 'golden').mkdir()
    for variant in VARIANTS:
        with stacked(variant) as machine:
            (DATA / 'golden' / variant).write_text(machine.shown())


if __name__ == '__main__':
    main()
