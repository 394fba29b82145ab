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

"""What systemd hears of a real cotyledon, and from which of its processes."""

import os
import pathlib
import signal
import socket
import struct
import sys

import fixtures
from oslotest import base

from glance_lifecycle.tests.functional.fixtures import process
from glance_lifecycle.tests import waiting

# Of the kernel: struct ucred.
_CREDENTIALS = struct.Struct('iII')


class CotyledonTest(base.BaseTestCase):

    DEFAULT_TIMEOUT = waiting.DEFAULT

    def setUp(self) -> None:
        super().setUp()
        self.work = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        path = str(self.work / 'notify')
        self.systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.systemd.close)
        self.systemd.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.systemd.bind(path)
        self.systemd.settimeout(waiting.BOUND)
        self.server = self.useFixture(
            process.Server('notifying', self.work / 'log'))
        # No WATCHDOG_PID: that of a process that is not there yet.
        self.server.start(
            [sys.executable, '-m',
             'glance_lifecycle.tests.functional.worker.notifying'],
            {**os.environ, 'NOTIFY_SOCKET': path, 'WATCHDOG_USEC': '30000'},
            self.work, lambda: True)

    def hear(self) -> tuple[str, int]:
        """The next message but signs of life, and who sent it."""
        while True:
            text, more, _flags, _who = self.systemd.recvmsg(
                1000, socket.CMSG_SPACE(_CREDENTIALS.size))
            if text != b'WATCHDOG=1':
                pid, _user, _group = _CREDENTIALS.unpack(more[0][2])
                return text.decode(), pid

    def hear_watchdog(self) -> int:
        """The next sign of life, and nothing else before."""
        text, more, _flags, _who = self.systemd.recvmsg(
            1000, socket.CMSG_SPACE(_CREDENTIALS.size))
        self.assertEqual(b'WATCHDOG=1', text)
        pid, _user, _group = _CREDENTIALS.unpack(more[0][2])
        return int(pid)

    def test_start_reload_stop(self) -> None:
        """The master alone says of the whole service that it ends."""
        text, first = self.hear()
        self.assertEqual('READY=1', text)
        master = self.server.pid
        self.assertEqual([first], process.children(master))
        self.assertEqual(first, self.hear_watchdog())
        os.kill(master, signal.SIGHUP)
        text, pid = self.hear()
        self.assertTrue(text.startswith('RELOADING=1\n'), text)
        self.assertEqual(master, pid)
        text, second = self.hear()
        self.assertEqual('READY=1', text)
        self.assertNotIn(second, (master, first))
        self.assertEqual(second, self.hear_watchdog())
        os.kill(master, signal.SIGTERM)
        self.assertEqual(('STOPPING=1', master), self.hear())
        waiting.until('it ends', lambda: not self.server.running)

    def test_child_is_killed(self) -> None:
        """The next one says that it works."""
        _text, first = self.hear()
        os.kill(first, signal.SIGKILL)
        text, second = self.hear()
        self.assertEqual('READY=1', text)
        self.assertNotIn(second, (self.server.pid, first))
