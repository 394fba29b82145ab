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

"""One request across hosts and services."""

import pathlib
import tempfile

import testtools

from glance_lifecycle.audit.diagnosis import tracing
from glance_lifecycle.tests.unit.audit.diagnosis import cases

GLOBAL = 'req-99999999-2222-3333-4444-555555555555'
LOCAL = cases.REQUEST


def line(second: int, text: str, level: str = 'INFO', ids: str = ''
         ) -> str:
    return '2026-11-27 15:04:%02d.000 1 %s a.b [%s - -] %s\n' % (
        second, level, ids or 'None ' + LOCAL, text)


class TraceTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.work = pathlib.Path(directory.name)

    def log(self, host: str, *lines: str) -> tuple[str, str]:
        path = self.work / host
        path.write_text(''.join(lines))
        return host, str(path)

    def test_order(self) -> None:
        """By time, not by file; a traceback stays in one piece."""
        files = [
            self.log('api1', line(1, 'one'), line(5, 'bad', 'ERROR'),
                     '  File "x"\n', '  of it\n', line(9, 'last')),
            self.log('api2', line(2, 'two'), line(5, 'between'))]
        steps = tracing.trace(LOCAL, files)
        self.assertEqual(
            ['one', 'two', 'bad', '"x"', 'it', 'between', 'last'],
            [step.line.text.split()[-1] for step in steps])
        self.assertEqual(
            ['', '', tracing.FAILED, '', '', '', tracing.ENDED],
            [step.mark for step in steps])

    def test_ended_by_an_error(self) -> None:
        [_first, last] = tracing.trace(LOCAL, [self.log(
            'a', line(1, 'x'), line(2, 'y', 'ERROR'))])
        self.assertEqual('failed here, ended here', last.mark)

    def test_global(self) -> None:
        """From the one to the other, and back."""
        files = [
            self.log('nova', line(1, 'boot', ids='None ' + GLOBAL)),
            self.log('glance', line(2, 'show', ids='%s %s' % (
                GLOBAL, LOCAL)), line(3, 'more', ids='None ' + LOCAL),
                line(4, 'not this', ids='None ' + LOCAL.replace('1', '2')))]
        for request in (GLOBAL, LOCAL):
            self.assertEqual(['boot', 'show', 'more'], [
                step.line.text.split()[-1]
                for step in tracing.trace(request, files)])

    def test_none(self) -> None:
        self.assertEqual([], tracing.trace(LOCAL, [self.log('a', 'x\n')]))
