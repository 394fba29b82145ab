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

import os
import signal
import tempfile

import fixtures
from oslotest import base

from glance_lifecycle import exceptions
from glance_lifecycle.transfer import held
from glance_lifecycle.transfer import limits


class HeldTest(base.BaseTestCase):

    def run_now(self, script: str, keep: tuple[int, ...] = (),
                **amounts: int) -> tuple[int, str]:
        with held.start(['/bin/sh', '-c', script], limits.NO_WALLS, keep,
                        {'A': 'b'}, **amounts) as process:
            assert process.stderr is not None
            text = process.stderr.read().decode().strip()
        return process.returncode, text

    def test_without_one_that_waits(self) -> None:
        self.assertEqual((3, 'b'), self.run_now('echo $A >&2; exit 3'))

    def test_the_one_that_waits(self) -> None:
        """It has what it was given when it began to wait, and runs once."""
        with tempfile.TemporaryFile() as stream:
            stream.write(b'text')
            stream.flush()
            pid = held.hold(limits.NO_WALLS, (stream.fileno(), -1))
            # What is kept now comes too late.
            amounts = {'as': 1 << 30, 'cpu': 0}
            found = self.run_now(
                'echo $$ $A >&2; ulimit -v >&2; cat /proc/self/fd/%d >&2'
                % stream.fileno(), (), **amounts)
        self.assertEqual((0, '%d b\n1048576\ntext' % pid), found)
        self.assertEqual((0, 'b'), self.run_now('echo $A >&2'))

    def test_it_is_gone(self) -> None:
        pid = held.hold(limits.NO_WALLS, ())
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        error = self.assertRaises(exceptions.TransferFailed, self.run_now,
                                  'true')
        self.assertIn('could not be confined', str(error))

    def test_it_could_not_be_confined(self) -> None:
        """What it said is in the log."""
        log = self.useFixture(fixtures.FakeLogger())
        pid = held.hold((-1, b'', 'no JSON'), ())
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        self.assertRaises(exceptions.TransferFailed, self.run_now, 'true')
        self.assertIn('JSONDecodeError', log.output)
