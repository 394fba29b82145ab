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

"""The image of the worker: what it is made of is there, and its scripts run.

No container engine is asked for; hadolint reads the file in tox -e pep8.
"""

from collections.abc import Iterator
import configparser
import fnmatch
import os
import pathlib
import re
import shlex
import stat
import subprocess
import sys
import tempfile
from typing import Any
import unittest

from glance_lifecycle.tests import waiting
from glance_lifecycle.worker import health as healths
from glance_lifecycle.worker import http
from glance_lifecycle.worker import metrics

TOP = pathlib.Path(__file__).parents[3]
CONTAINER = TOP / 'container'

# Programs of Debian's packages that the image is said to have.
_OF_DEBIAN = {'dumb-init'}


def instructions() -> Iterator[tuple[str, str]]:
    """Each of the Containerfile: its word, and the rest in one line."""
    text = (CONTAINER / 'Containerfile').read_text()
    text = re.sub(r'^\s*#.*\n', '', text, flags=re.MULTILINE)
    for line in re.sub(r'\\\n\s*', '', text).splitlines():
        word, _, rest = line.strip().partition(' ')
        if word:
            yield word.upper(), rest.strip()


def last_stage() -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for word, rest in instructions():
        if word == 'FROM':
            found = []
        found.append((word, rest))
    return found


def listed(text: str) -> list[str]:
    """A command in exec form; that in a shell's is none of ours."""
    found = re.fullmatch(r'(?:.*CMD )?\[(.*)\]', text)
    assert found is not None, text
    return [shlex.split(part)[0] for part in found.group(1).split(', ')]


class ContainerfileTest(unittest.TestCase):

    def test_sources(self) -> None:
        """What is copied is in the tree, and reaches who builds it."""
        ignored = [line for line in (
            TOP / '.dockerignore').read_text().splitlines()
            if line and not line.startswith('#')]
        copied = [rest.split()[0] for word, rest in instructions()
                  if word == 'COPY' and not rest.startswith('--from=')]
        self.assertEqual(['.', 'container/start', 'container/healthcheck'],
                         copied)
        arguments = dict(rest.split('=', 1) for word, rest in instructions()
                         if word == 'ARG')
        for name in (*copied, arguments['CONSTRAINTS'], 'etc/glance',
                     'glance_lifecycle', 'README.rst', 'setup.cfg'):
            self.assertTrue((TOP / name).exists(), name)
            self.assertEqual([], [rule for rule in ignored if fnmatch.fnmatch(
                name, rule.removeprefix('**/'))])

    def test_extras(self) -> None:
        """Those are declared, and Glance is one that is known."""
        config = configparser.ConfigParser(interpolation=None)
        config.read(TOP / 'setup.cfg')
        arguments = dict(rest.split('=', 1) for word, rest in instructions()
                         if word == 'ARG')
        declared = set(config['extras'])
        wanted = set(arguments['EXTRAS'].split(','))
        # The image has a Glance of its own choice, and no client.
        self.assertEqual({'glance', 'osc', 'planning', 'report'},
                         declared - wanted)
        self.assertLessEqual(wanted, declared)
        self.assertEqual('"glance>=33,<34"', arguments['GLANCE'])

    def test_user(self) -> None:
        """Not root, in numbers, from before what is run."""
        stage = last_stage()
        users = [rest for word, rest in stage if word == 'USER']
        self.assertEqual(['${UID}:${GID}'], users)
        for name in ('UID', 'GID'):
            self.assertIn(('ARG', f'{name}=42415'), stage)
        words = [word for word, _ in stage]
        self.assertLess(words.index('USER'), words.index('ENTRYPOINT'))
        self.assertGreater(words.index('USER'), max(
            index for index, word in enumerate(words)
            if word in ('RUN', 'COPY')))

    def test_nothing_secret(self) -> None:
        for word, rest in instructions():
            self.assertNotEqual('ADD', word)
            if word in ('ARG', 'ENV', 'LABEL'):
                self.assertNotRegex(rest, r'(?i)passw|secret|token|key=')

    def test_commands(self) -> None:
        """What is started is one of our commands, or was put there."""
        config = configparser.ConfigParser(interpolation=None)
        config.read(TOP / 'setup.cfg')
        ours = {line.partition('=')[0].strip() for line in config[
            'entry_points']['console_scripts'].splitlines() if line}
        stage = last_stage()
        there = ours | _OF_DEBIAN | {
            pathlib.PurePath(rest.split()[-1]).name
            for word, rest in stage if word == 'COPY'}
        installed = ' '.join(rest for word, rest in stage if word == 'RUN')
        for name in _OF_DEBIAN:
            self.assertIn(f' {name} ', installed)
        found = dict(stage)
        self.assertEqual(['glance-lifecycle-worker'], listed(found['CMD']))
        self.assertEqual(['glance-lifecycle-healthcheck'],
                         listed(found['HEALTHCHECK']))
        entry = listed(found['ENTRYPOINT'])
        self.assertEqual('glance-lifecycle-start', entry[-1])
        for name in (entry[0], entry[-1], *listed(found['CMD']),
                     *listed(found['HEALTHCHECK'])):
            self.assertIn(name, there)
        for name in ('start', 'healthcheck'):
            self.assertTrue(os.access(CONTAINER / name, os.X_OK), name)


# Says that what is there was copied.
MARK = '.copied-at-the-start'


class StartTest(unittest.TestCase):
    """container/start, run for what it is."""

    def setUp(self) -> None:
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.source = pathlib.Path(directory.name, 'mounted')
        self.target = pathlib.Path(directory.name, 'etc')
        self.target.mkdir()

    def run_it(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [CONTAINER / 'start', *command], check=False, text=True,
            capture_output=True, timeout=waiting.BOUND, env={
                'PATH': os.environ['PATH'], 'CONFIG_SOURCE': str(self.source),
                'CONFIG_TARGET': str(self.target)})

    def refused(self, *command: str) -> str:
        done = self.run_it(*command)
        self.assertEqual((1, ''), (done.returncode, done.stdout))
        self.assertTrue(done.stderr.endswith('.\n'), done.stderr)
        return done.stderr

    def test_copied(self) -> None:
        (self.source / 'policy.d').mkdir(parents=True)
        (self.source / 'policy.d' / 'a.yaml').write_text('{}\n')
        secret = self.source / '..data'
        secret.write_text('password\n')
        secret.chmod(0o644)
        (self.source / 'worker.conf').symlink_to(secret.name)
        (self.target / MARK).touch()
        (self.target / 'of-last-time').mkdir()
        (self.target / 'of-last-time' / 'file').touch()
        (self.target / '.hidden').touch()
        done = self.run_it('sh', '-c', 'cat "$CONFIG_TARGET/$1"; exit 7',
                           'sh', 'worker.conf')
        self.assertEqual((7, 'password\n', ''),
                         (done.returncode, done.stdout, done.stderr))
        self.assertEqual(
            {MARK: 0o600, '..data': 0o600, 'worker.conf': 0o600,
             'policy.d': 0o700, 'policy.d/a.yaml': 0o600}, {
                 path.relative_to(self.target).as_posix():
                 stat.S_IMODE(path.lstat().st_mode)
                 for path in self.target.rglob('*')})

    def test_directory_of_root(self) -> None:
        """As an emptyDir of Kubernetes is; of another user if we are root."""
        user: dict[str, Any] = {} if os.getuid() else {
            'user': 65534, 'group': 65534, 'extra_groups': ()}
        top = self.source.parent
        top.chmod(0o755)
        self.target.chmod(0o777)
        self.source.mkdir(mode=0o755)
        (self.source / 'worker.conf').write_text('password\n')
        done = subprocess.run(
            ['sh', '-s', 'cat', str(self.target / 'worker.conf')], check=False,
            input=(CONTAINER / 'start').read_text(), cwd=top,
            text=True, capture_output=True, timeout=waiting.BOUND,
            **user, env={
                'PATH': os.environ['PATH'], 'CONFIG_SOURCE': str(self.source),
                'CONFIG_TARGET': str(self.target)})
        self.assertEqual((0, 'password\n', ''),
                         (done.returncode, done.stdout, done.stderr))
        found = (self.target / 'worker.conf').stat()
        self.assertEqual((user.get('user', os.getuid()), 0o600),
                         (found.st_uid, stat.S_IMODE(found.st_mode)))

    def test_not_ours(self) -> None:
        """A directory of the host may be mounted there: it stays whole."""
        self.source.mkdir()
        (self.source / 'a').touch()
        (self.target / 'glance-api.conf').write_text('[DEFAULT]')
        self.assertIn('has not copied there', self.refused('true'))
        self.assertEqual(['glance-api.conf'], os.listdir(self.target))

    def test_again(self) -> None:
        self.source.mkdir()
        for name in ('a', 'b'):
            (self.source / name).touch()
            self.assertEqual(0, self.run_it('true').returncode)
            self.assertEqual({MARK, name}, set(os.listdir(self.target)))
            (self.source / name).unlink()

    def test_nothing_mounted(self) -> None:
        self.assertIn('There is no directory %s. ' % self.source,
                      self.refused('true'))
        self.source.mkdir()
        self.assertIn('is empty', self.refused('true'))

    def test_no_command(self) -> None:
        self.source.mkdir()
        (self.source / 'a').touch()
        self.assertIn('no command', self.refused())

    def test_no_target(self) -> None:
        self.source.mkdir()
        (self.source / 'a').touch()
        self.target.rmdir()
        self.assertIn('cannot write', self.refused('true'))

    def test_unreadable(self) -> None:
        """What is there in part is not run with."""
        self.source.mkdir()
        (self.source / 'gone').symlink_to('nowhere')
        self.assertIn('Not all of', self.refused('true'))


class HealthcheckTest(unittest.TestCase):
    """container/healthcheck, against the worker's own server."""

    def setUp(self) -> None:
        super().setUp()
        self.health = healths.Health()
        self.server = http.Server('127.0.0.1', 0, metrics.Metrics(),
                                  self.health)
        self.server.start()
        self.addCleanup(self.server.stop)

    def ask(self, url: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, CONTAINER / 'healthcheck'], check=False,
            capture_output=True, text=True, timeout=waiting.BOUND,
            # It does not go where a proxy would be.
            env={'HEALTHCHECK_URL': url, 'http_proxy': 'http://127.0.0.1:9'})
        self.assertEqual('', done.stderr)
        return done.returncode, done.stdout

    def test_both(self) -> None:
        url = f'http://127.0.0.1:{self.server.port}/healthz'
        self.assertEqual((0, ''), self.ask(url))
        self.health.add('turn', lambda: 'it hangs', vital=True)
        code, said = self.ask(url)
        self.assertEqual(1, code)
        self.assertIn('it hangs', said)

    def test_none(self) -> None:
        port = self.server.port
        self.server.stop()
        code, said = self.ask(f'http://127.0.0.1:{port}/healthz')
        self.assertEqual(1, code)
        self.assertIn('The worker does not answer', said)

    def test_default(self) -> None:
        """It asks where the worker tells by default."""
        text = (CONTAINER / 'healthcheck').read_text()
        self.assertIn("'http://127.0.0.1:19292/healthz'", text)
        self.assertIn(('EXPOSE', '19292'), last_stage())
