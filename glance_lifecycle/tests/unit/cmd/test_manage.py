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

"""The command where Glance is not installed."""

import io
import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from glance_lifecycle.cmd import manage

_GLANCE = """\
[DEFAULT]
debug = true
enabled_backends = s1:file
[lifecycle]
state_dir = %s
"""

_WITHOUT = """
import sys
sys.modules['glance'] = None
from glance_lifecycle.cmd import manage
sys.exit(manage.main())
"""


class WithoutGlanceTest(unittest.TestCase):

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.base = pathlib.Path(directory.name)
        self.conf = self.base / 'worker.conf'
        self.conf.write_text(f'[lifecycle]\nstate_dir = {self.base}\n')

    def run_it(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, '-I', '-c', _WITHOUT, *args], check=False,
            capture_output=True, text=True)

    def test_help(self) -> None:
        done = self.run_it('--help')
        self.assertEqual((0, ''), (done.returncode, done.stderr))
        self.assertIn('recover', done.stdout)

    def test_recover(self) -> None:
        done = self.run_it('--config-file', str(self.conf), 'recover')
        self.assertEqual((1, ''), (done.returncode, done.stdout))
        self.assertIn('Glance is not installed', done.stderr)
        self.assertNotIn('Traceback', done.stderr)

    def test_db(self) -> None:
        """A host of the worker alone has a database, too."""
        for command in ('sync', 'version'):
            done = self.run_it('--config-file', str(self.conf), 'db', command)
            self.assertEqual(0, done.returncode, done.stderr)
        self.assertTrue((self.base / 'worker.db').exists())

    def test_no_file(self) -> None:
        done = self.run_it('--config-file', str(self.base / 'x'), 'db', 'sync')
        self.assertEqual(1, done.returncode)
        self.assertNotIn('Traceback', done.stderr)


class WithGlanceTest(unittest.TestCase):
    """With a configuration of glance-api that has few options."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.base = pathlib.Path(directory.name)
        self.conf = self.base / 'glance-api.conf'
        self.conf.write_text(_GLANCE % self.base)

    def run_it(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, '-m', 'glance_lifecycle.cmd.manage',
             '--config-file', str(self.conf), *args], check=False,
            capture_output=True, text=True)

    def test_json(self) -> None:
        """Also where Glance logs to nowhere but here."""
        done = self.run_it('recover', '-f', 'json')
        self.assertEqual((0, '[]\n'), (done.returncode, done.stdout))
        self.assertIn('DEBUG glance_store', done.stderr)

    def test_no_database(self) -> None:
        done = self.run_it('recover', '--stale-after', '60')
        self.assertEqual((1, ''), (done.returncode, done.stdout))
        self.assertIn('[database] connection of glance-api.conf is not set',
                      done.stderr)
        self.assertNotIn('Traceback', done.stderr)

    def test_files_of_no_use(self) -> None:
        self.conf.write_bytes(b'[DEFAULT]\nx = \xe4\n')
        done = self.run_it('db', 'version')
        self.assertEqual((1, ''), (done.returncode, done.stdout))
        self.assertRegex(done.stderr, r'is not UTF-8: .* Looked at: '
                         r'\S*glance-api\.conf')
        self.assertNotIn('Traceback', done.stderr)
        done = self.run_it('--config-file', str(self.base), 'db', 'version')
        self.assertEqual((1, ''), (done.returncode, done.stdout))
        self.assertNotIn('Traceback', done.stderr)

    def test_no_such_store(self) -> None:
        done = self.run_it('locations', 'rewrite', '--store', 'a')
        self.assertEqual(1, done.returncode)
        self.assertIn('store a is not among enabled_backends, which has s1.',
                      done.stderr)

    def test_stopped(self) -> None:
        with mock.patch.object(manage, '_configure',
                               side_effect=KeyboardInterrupt), \
                mock.patch('sys.stderr', io.StringIO()):
            self.assertEqual(130, manage.main(['recover']))
