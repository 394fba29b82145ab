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

"""The journal read through a journalctl of ours, well and ill."""

import datetime
import pathlib
import tempfile

import fixtures
import testtools

from glance_lifecycle.audit.diagnosis import journald
from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.audit.diagnosis import cases

_LINE = ('2026-11-28T01:02:03.000004+01:00 api1 glance-api[12]: '
         '2026-11-28 01:02:03.000 12 ERROR glance.x [None %s a b] It '
         'failed, password=hunter2' % cases.REQUEST)


class ReadTest(testtools.TestCase):

    def journalctl(self, script: str) -> pathlib.Path:
        """One that does that; its arguments are in a file beside it."""
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        path = pathlib.Path(directory.name)
        program = path / 'journalctl'
        program.write_text('#!/bin/sh\necho "$@" > %s/argv\n%s\n' % (
            path, script))
        program.chmod(0o755)
        self.useFixture(fixtures.EnvironmentVariable(
            'PATH', '%s:/usr/bin:/bin' % path))
        return path

    def refused(self, unit: str = 'glance-api') -> str:
        return str(self.assertRaises(
            exceptions.ConfigurationError, journald.read, unit,
            [cases.REQUEST]))

    def test_lines(self) -> None:
        path = self.journalctl("echo other; echo '%s'" % _LINE)
        [line] = journald.read('glance-api', [cases.REQUEST])
        self.assertEqual(
            ('journal of glance-api:2', 'api1', 'ERROR', 'glance-api',
             (cases.REQUEST,)),
            (line.place, line.host, line.level, line.service,
             line.request_ids))
        self.assertNotIn('hunter2', line.text)
        argv = (path / 'argv').read_text()
        self.assertIn('--unit=glance-api', argv)
        self.assertNotIn('--since', argv)
        journald.read('a', ['x'], datetime.datetime.fromtimestamp(
            1234567, datetime.UTC))
        self.assertIn('--since=@1234567', (path / 'argv').read_text())

    def test_none_of_these(self) -> None:
        self.journalctl('echo other')
        self.assertEqual([], journald.read('x', [cases.REQUEST]))

    def test_nothing_at_all(self) -> None:
        """It does not pass for a log without errors."""
        self.journalctl('echo "No journal files were opened." >&2')
        said = self.refused()
        self.assertIn('no line of unit glance-api', said)
        self.assertIn('systemd-journal', said)
        self.assertIn('were opened', said)

    def test_fails(self) -> None:
        self.journalctl('echo x; printf "bad\\033[1m token=hunter2\\n" >&2; '
                        'exit 1')
        said = self.refused()
        self.assertIn('journalctl failed for unit glance-api (bad', said)
        self.assertTrue(said.isprintable())
        self.journalctl('exit 3')
        self.assertIn('exit code 3', self.refused())

    def test_missing(self) -> None:
        self.useFixture(fixtures.EnvironmentVariable('PATH', '/nowhere'))
        self.assertIn('journalctl cannot be run (No such file', self.refused())

    def test_talks_without_end(self) -> None:
        """What it says of errors is not kept, and does not stop it."""
        self.journalctl('yes error | head -c 1000000 >&2; echo x; exit 1')
        self.assertLess(len(self.refused()), 1000)

    def test_names(self) -> None:
        for name in ('glance-api', 'devstack@g-api.service', 'glance-*',
                     r'a\x2db.service'):
            self.assertTrue(journald.UNIT.fullmatch(name), name)
        for name in ('', '-f', '--file=/x', 'a b', 'a;b', 'ä', 'a' * 300):
            self.assertIsNone(journald.UNIT.fullmatch(name), name)
