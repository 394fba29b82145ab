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

"""Which files are read, by all programs that are configured as a worker."""

import argparse
import os
import pathlib
import subprocess
import sys

import fixtures
from oslo_config import cfg
import testtools

from glance_lifecycle.conf import opts
from glance_lifecycle.conf import places
from glance_lifecycle.conf import worker
from glance_lifecycle import glance_host
from glance_lifecycle.osc.common import policy_options
from glance_lifecycle.osc.common import worker_host

# The first argument is the worker's own file.
_RUN = """\
import sys
from glance_lifecycle.conf import worker
worker.FILE = sys.argv.pop(1)
%s
from glance_lifecycle.cmd import %s as command
sys.exit(command.main())
"""
_WITHOUT = "sys.modules['glance'] = None"


class PlacesTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.base = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.etc = self.base / 'etc'
        # Where oslo.config looks for directories before it does in /etc.
        self.home = self.base / '.glance'
        self.own = self.base / 'own.conf'
        for name, value in (('OS_GLANCE_CONFIG_DIR', self.etc),
                            ('HOME', self.base),
                            ('PYTHONPATH', os.pathsep.join(sys.path))):
            self.useFixture(fixtures.EnvironmentVariable(name, str(value)))
        self.useFixture(fixtures.MockPatchObject(
            worker, 'FILE', str(self.own)))

    def write(self, path: pathlib.Path, section: str = 'lifecycle_worker',
              **options: object) -> str:
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(f'[{section}]\n' + ''.join(
            f'{name} = {value}\n' for name, value in options.items()))
        return str(path)

    def all_of_them(self) -> list[pathlib.Path]:
        """In their order."""
        return [self.etc / 'glance-image-import.conf',
                self.etc / 'glance-api.conf',
                self.home / 'glance.conf.d/1.conf',
                self.home / 'glance-api.conf.d/1.conf',
                self.own,
                self.home / 'glance-lifecycle-worker.conf.d/1.conf']

    def jobs(self, *argv: str) -> int:
        conf = cfg.ConfigOpts()
        opts.register_opts(conf)
        conf(places.of_worker(argv), default_config_files=[],
             default_config_dirs=[])
        return int(conf.lifecycle_worker.jobs)

    def test_nothing_there(self) -> None:
        self.assertEqual(['x'], places.of_worker(['x']))
        self.assertEqual([], places.of_glance())

    def test_later_wins(self) -> None:
        for number, path in enumerate(self.all_of_them(), 11):
            self.write(path, jobs=number)
            self.assertEqual(number, self.jobs())
        named = self.write(self.base / 'named.conf', jobs=9)
        self.assertEqual(9, self.jobs('--config-file', named))

    def test_named(self) -> None:
        """As oslo.config does: files instead of files."""
        for number, path in enumerate(self.all_of_them(), 11):
            self.write(path, jobs=number)
        named = self.write(self.base / 'named/x.conf')
        self.assertEqual(16, self.jobs('--config-file=' + named))
        self.assertEqual(15, self.jobs('--config-dir',
                                       str(self.base / 'named')))
        self.assertEqual(4, self.jobs('--config-file', named, '--config-dir',
                                      str(self.base / 'named')))

    def test_as_glance_has_it(self) -> None:
        for path in self.all_of_them():
            self.write(path)
        words = places.of_glance()
        files = words[1:4:2]
        self.assertEqual(glance_host.configuration_files(), files)
        self.assertEqual(
            cfg.find_config_dirs('glance', 'glance-api'), words[5::2])

    # The programs.

    def run_it(self, command: str, *argv: str, before: str = '') -> str:
        done = subprocess.run(
            [sys.executable, '-c', _RUN % (before, command), str(self.own),
             *argv], check=False, capture_output=True, text=True,
            cwd=self.base)
        self.assertIn(done.returncode, (0, 1), done.stdout + done.stderr)
        return done.stdout + done.stderr

    def configured(self) -> None:
        """A part here, a part there."""
        self.write(self.home / 'glance-api.conf.d/1.conf', 'lifecycle',
                   state_dir=self.base / 'state')
        self.write(self.own, connection=f'sqlite:///{self.base}/own.db')

    def test_manage(self) -> None:
        self.configured()
        for before in ('', _WITHOUT):
            with self.subTest(before):
                self.assertIn('revision', self.run_it(
                    'manage', 'db', 'sync', before=before))
                (self.base / 'own.db').unlink()
        self.assertFalse((self.base / 'state/worker.db').exists())

    def test_status(self) -> None:
        self.configured()
        self.run_it('manage', 'db', 'sync')
        for before in ('', _WITHOUT):
            with self.subTest(before):
                said = self.run_it('status', 'upgrade', 'check',
                                   before=before)
                self.assertIn(f'state_dir: {self.base}/state',
                              ''.join(said.split('|')).replace('\n', ''))
                self.assertNotIn('no worker has run', said)

    def test_worker(self) -> None:
        self.configured()
        for before in ('', _WITHOUT):
            with self.subTest(before):
                # It gets as far as its credentials.
                self.write(self.home / 'glance-api.conf.d/2.conf',
                           'lifecycle', policy_file=self.base / 'none.yaml')
                self.assertIn('none.yaml', self.run_it('worker',
                                                       before=before))
                self.assertTrue((self.base / 'own.db').exists())
                (self.base / 'own.db').unlink()

    def test_commands(self) -> None:
        self.configured()
        parser = argparse.ArgumentParser()
        worker_host.add_arguments(parser)
        conf = worker_host._configuration(parser.parse_args([]))
        self.assertEqual(f'{self.base}/state', conf.lifecycle.state_dir)
        self.assertEqual(f'sqlite:///{self.base}/own.db',
                         conf.lifecycle_worker.connection)
        parser = argparse.ArgumentParser()
        policy_options.add_arguments(parser)
        conf = policy_options.configuration(parser.parse_args([]))
        self.assertEqual(f'{self.base}/state', conf.lifecycle.state_dir)
        # It may not be readable for who asks what a policy says.
        self.assertIsNone(conf.lifecycle_worker.connection)
        conf = policy_options.configuration(parser.parse_args(
            ['--config-file', str(self.own)]))
        self.assertNotEqual(f'{self.base}/state', conf.lifecycle.state_dir)

    def test_not_utf8(self) -> None:
        """Python does not say which file it was."""
        error = UnicodeDecodeError('utf-8', b'\xe4', 0, 1, 'invalid')
        said = places.not_utf8(
            ['--config-file', '/a', '--debug', '--config-dir=/b', 'x'], error)
        self.assertIn('is not UTF-8', said)
        self.assertTrue(said.endswith('Looked at: /a, /b.'), said)
