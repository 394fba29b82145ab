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

"""What the plugin for DevStack makes of its settings."""

import ast
from collections.abc import Iterator
import os
import pathlib
import re
import stat
import subprocess
import sys
import tempfile
import unittest

import yaml

from glance_lifecycle.signing import properties
from glance_lifecycle.tests.unit import devstack_case as devstack
from glance_lifecycle.tests import waiting

PLUGIN = devstack.PLUGIN


class SettingsTest(unittest.TestCase):

    def test_real_command(self) -> None:
        """The database is made from these files by the real command."""
        with devstack.stacked('one-store') as machine:
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
        with devstack.stacked('plain') as machine:
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
        with devstack.stacked('plain') as machine:
            text, = devstack.sections(machine.top / 'etc/nova/nova.conf')[
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
        with devstack.stacked('plain') as machine:
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
                done = devstack.Machine(pathlib.Path(top), 'plain').run(
                    'stack', **wrong)
                self.assertEqual((1, said), (
                    done.returncode, done.stdout.splitlines()[-1]))

    def test_every_name(self) -> None:
        """Each default gives way to what local.conf says."""
        with tempfile.TemporaryDirectory() as top:
            machine = devstack.Machine(pathlib.Path(top).resolve(), 'plain')
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
            found = devstack.sections(machine.api_conf)
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
