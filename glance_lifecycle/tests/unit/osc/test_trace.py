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

"""The command that follows a request, and its option ``--read-log``."""

import contextlib
import io
import json
import pathlib
import tempfile
import types
from typing import Any

import fixtures
from osc_lib import exceptions as osc_exceptions
import testtools

from glance_lifecycle.osc import trace
from glance_lifecycle.tests.unit.audit.diagnosis import cases
from glance_lifecycle.tests.unit.audit.diagnosis import test_log_line


class TraceTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.log = pathlib.Path(directory.name, 'a=b.log')
        self.log.write_text(test_log_line.OSLO + '\n')

    def run_it(self, *argv: str) -> tuple[int, str]:
        out = io.StringIO()
        command: Any = trace.TraceRequest
        made = command(types.SimpleNamespace(stdout=out), None)
        parsed = made.get_parser('x').parse_args(argv)
        return made.run(parsed), out.getvalue()

    def test_formats(self) -> None:
        argv = (cases.REQUEST, '--read-log', 'api1=%s' % self.log)
        code, said = self.run_it(*argv)
        self.assertEqual(1, code)
        self.assertIn('api1 %s:1: ' % self.log, said)
        self.assertIn('    ^ failed here, ended here\n', said)
        [row] = json.loads(self.run_it(*argv, '-f', 'json')[1])
        self.assertEqual(('api1', 'ERROR', '2026-11-27 15:04:26.123000'),
                         (row['Host'], row['Level'], row['Time']))
        # A path with a "=" names no host.
        self.assertIn('\n%s:1' % self.log, '\n' + self.run_it(
            cases.REQUEST, '--read-log', str(self.log))[1])

    def test_none(self) -> None:
        code, said = self.run_it(cases.REQUEST.replace('1', '7'),
                                 '--read-log', str(self.log))
        self.assertEqual((3, 'No line has this request id.\n'), (code, said))

    def test_journal(self) -> None:
        """One without journalctl says so; a name is no option of it."""
        self.useFixture(fixtures.EnvironmentVariable('PATH', '/nowhere'))
        error = self.assertRaises(
            osc_exceptions.CommandError, self.run_it, cases.REQUEST,
            '--journal', 'glance-api')
        self.assertIn('journalctl cannot be run', str(error))
        with contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertRaises(SystemExit, self.run_it, cases.REQUEST,
                              '--journal=--file=/x')
        self.assertIn('not the name of a unit', said.getvalue())

    def test_wrong(self) -> None:
        for argv in (('x', '--read-log', str(self.log)),
                     (cases.REQUEST, '--read-log', str(self.log) + '0'),
                     (cases.REQUEST,)):
            self.assertRaises(osc_exceptions.CommandError, self.run_it,
                              *argv)
