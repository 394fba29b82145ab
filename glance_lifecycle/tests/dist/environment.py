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

"""An environment of its own, and what is in it of a wheel."""

from collections.abc import Sequence
import json
import os
import pathlib
import shutil
import subprocess
import sys
import venv

TOP = pathlib.Path(__file__).parents[3]


class DistError(AssertionError):
    """A command failed that has to go well."""


def run(*command: str | os.PathLike[str], cwd: pathlib.Path | None = None
        ) -> str:
    """What a command prints.

    :raises DistError: it failed; with all that it said
    """
    done = subprocess.run(command, cwd=cwd, check=False, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if done.returncode:
        raise DistError('%s: exit code %d\n%s' % (
            ' '.join(map(str, command)), done.returncode, done.stdout))
    return done.stdout


class Environment:
    """A new one of the Python that runs this; only the index is shared.

    :param top: where it is made
    :param what: requirements, a wheel with its extras among them
    """

    def __init__(self, top: pathlib.Path, what: Sequence[str]) -> None:
        self.top = top
        # Somewhere that has no glance_lifecycle to find by chance.
        self._elsewhere = top / 'tmp'
        venv.create(top, with_pip=True)
        self._elsewhere.mkdir()
        # What is built on the way is built as pip does it for anybody.
        run(self.path('pip'), 'install', '--quiet', '--no-input',
            '--disable-pip-version-check',
            '-c', TOP / 'upper-constraints.txt', *what)

    def path(self, command: str) -> pathlib.Path:
        return self.top / 'bin' / command

    def try_it(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run one of its commands, with no environment and no input."""
        return subprocess.run(
            [self.path(command[0]), *command[1:]], check=False, text=True,
            cwd=self._elsewhere, stdin=subprocess.DEVNULL,
            capture_output=True,
            env={'PATH': os.environ['PATH'], 'LC_ALL': 'C.UTF-8'})

    def must(self, *command: str) -> str:
        """:raises DistError: it failed"""
        done = self.try_it(*command)
        if done.returncode:
            raise DistError('%s: exit code %d\n%s%s' % (
                ' '.join(command), done.returncode, done.stdout, done.stderr))
        return done.stdout

    def evaluate(self, code: str) -> object:
        """What a piece of Python leaves in ``found``, as JSON carries it."""
        text = self.must('python', '-I', '-c', code
                         + '\nimport json\nprint(json.dumps(found))')
        return json.loads(text.splitlines()[-1])


def build(outdir: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path, str]:
    """An sdist of this tree, a wheel of that sdist, and what was said.

    :raises DistError: it failed, or made something else
    """
    try:
        said = run(sys.executable, '-m', 'build', '--outdir', outdir, TOP)
    finally:
        # Its entry points of today would be found before those of an
        # environment, by whatever runs here later.
        shutil.rmtree(TOP / 'glance_lifecycle.egg-info', ignore_errors=True)
    made = sorted(outdir.iterdir())
    if [path.suffix for path in made] != ['.whl', '.gz']:
        made.sort(key=lambda path: path.suffix, reverse=True)
    if [path.suffix for path in made] != ['.whl', '.gz']:
        raise DistError('An sdist and a wheel were wanted, and %s was made.'
                        % [path.name for path in made])
    return made[1], made[0], said
