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

"""Tempest, as its user runs it: the command, in a workspace of its own."""

import io
import os
import pathlib
import shutil
import subprocess
import sys

import fixtures

from glance_lifecycle.tests.functional.fixtures import glance_conf
from glance_lifecycle.tests.functional.fixtures import process
from glance_lifecycle.tests.tempest import results


class Workspace(fixtures.Fixture):
    """After setUp, ``configure()`` and ``run()``.

    :ivar base: its directory
    """

    base: pathlib.Path

    def _setUp(self) -> None:
        home = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.base = home / 'workspace'
        # It notes its workspaces in the home directory.
        self._environ = {
            **{name: value for name, value in os.environ.items()
               if not name.startswith(('OS_', 'TEMPEST_'))},
            'HOME': str(home),
            'PATH': f'{sys.prefix}/bin:{os.environ.get("PATH", "")}'}
        done = self._command('tempest', 'init', str(self.base), cwd=home,
                             capture=True)
        if done.returncode:
            raise process.ServerFailed(
                f'tempest init exited with {done.returncode}\n'
                f'{(done.stdout + done.stderr).decode()[-3000:]}')

    def configure(self, *parts: glance_conf.Sections) -> None:
        """Write tempest.conf; later parts go over earlier ones."""
        options: dict[str, dict[str, object]] = {}
        for part in parts:
            glance_conf.merge(options, part)
        glance_conf.write(self.base / 'etc/tempest.conf', options)

    def run(self, regex: str) -> dict[str, results.Outcome]:
        """Run the tests whose ids match, one after the other.

        What happens is shown as it does.
        """
        # A run that does not even begin must not have the results of the last.
        shutil.rmtree(self.base / '.stestr', ignore_errors=True)
        done = self._command('tempest', 'run', '--regex', regex,
                             '--concurrency', '1', cwd=self.base)
        last = self._command('stestr', 'last', '--subunit', cwd=self.base,
                             capture=True)
        found = results.read(io.BytesIO(last.stdout))
        if done.returncode and not any(results.failures(found)):
            # E.g. a module of tests that cannot be imported.
            found['tempest run'] = results.Outcome(
                f'exit code {done.returncode}')
        return found

    def _command(self, *argv: str, cwd: pathlib.Path, capture: bool = False
                 ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, f'{sys.prefix}/bin/{argv[0]}', *argv[1:]],
            env=self._environ, cwd=cwd, check=False,
            capture_output=capture, stdin=subprocess.DEVNULL)
