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

import contextlib
import os
import pathlib
import socket
import threading

import fixtures
import testtools

from glance_lifecycle.tests import waiting
from glance_lifecycle.worker import notify_socket


class TakenTest(testtools.TestCase):

    def taken(self, **environ: str) -> notify_socket.Manager:
        found = notify_socket.taken(environ)
        self.assertEqual({}, environ)
        return found

    def test_nobody(self) -> None:
        self.assertEqual(notify_socket.Manager('', 0), self.taken())

    def test_all(self) -> None:
        mine = str(os.getpid())
        self.assertEqual(
            notify_socket.Manager('@a', 180),
            self.taken(NOTIFY_SOCKET='@a', WATCHDOG_USEC='180000000',
                       WATCHDOG_PID=mine))
        self.assertEqual(1.5, self.taken(WATCHDOG_USEC='1500000').watchdog)

    def test_watchdog_of_another(self) -> None:
        """Such as of who started glance-api, which started a shell, ..."""
        self.assertEqual(0, self.taken(
            WATCHDOG_USEC='1', WATCHDOG_PID=str(os.getppid())).watchdog)

    def test_nonsense(self) -> None:
        for text in ('', 'soon', '-5', '0', '1.5'):
            self.assertEqual(0, self.taken(WATCHDOG_USEC=text).watchdog)
        self.assertEqual(0, self.taken(
            WATCHDOG_USEC='1', WATCHDOG_PID='me').watchdog)

    def test_of_the_process(self) -> None:
        self.useFixture(fixtures.EnvironmentVariable('NOTIFY_SOCKET', '/x'))
        self.useFixture(fixtures.EnvironmentVariable('WATCHDOG_PID', None))
        self.useFixture(fixtures.EnvironmentVariable('WATCHDOG_USEC', '9'))
        self.assertEqual(notify_socket.Manager('/x', 9e-6),
                         notify_socket.taken())
        self.assertNotIn('NOTIFY_SOCKET', os.environ)


class ManagerTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.base = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def listen(self, address: str) -> socket.socket:
        found = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(found.close)
        found.bind(address)
        found.settimeout(waiting.BOUND)
        return found

    def test_messages(self) -> None:
        path = str(self.base / 'notify')
        systemd = self.listen(path)
        manager = notify_socket.Manager(path)
        manager.ready()
        manager.stopping()
        manager.alive()
        manager.status('Does 3 jobs.\nSTOPPING=1')
        self.assertEqual(
            [b'READY=1', b'STOPPING=1', b'WATCHDOG=1',
             b'STATUS=Does 3 jobs. STOPPING=1'],
            [systemd.recv(1000) for _ in range(4)])
        manager.reloading()
        self.assertRegex(systemd.recv(1000).decode(),
                         r'\ARELOADING=1\nMONOTONIC_USEC=\d{4,}\Z')

    def test_abstract(self) -> None:
        name = 'glance-lifecycle-%d-%s' % (os.getpid(), self.id())
        systemd = self.listen('\0' + name)
        notify_socket.Manager('@' + name).ready()
        self.assertEqual(b'READY=1', systemd.recv(1000))

    def test_nobody_listens(self) -> None:
        for address in ('', str(self.base / 'gone'), '@gone-' + self.id(),
                        '/' + 'x' * 200, 'a\0b'):
            manager = notify_socket.Manager(address)
            manager.ready()
            manager.status('\udc80')

    def test_nobody_reads(self) -> None:
        """A full queue is not waited for without end."""
        path = str(self.base / 'notify')
        self.listen(path)
        self.useFixture(fixtures.MockPatchObject(
            notify_socket, '_PATIENCE', 0.001))
        for _more_than_fit in range(50):
            notify_socket.Manager(path).alive()

    def test_watch(self) -> None:
        path = str(self.base / 'notify')
        systemd = self.listen(path)
        manager = notify_socket.Manager(path, watchdog=0.003)
        said: list[str] = []
        asked, stop = threading.Event(), threading.Event()

        def not_alive() -> list[str]:
            asked.set()
            return said

        thread = threading.Thread(target=manager.watch,
                                  args=(not_alive, stop))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(stop.set)
        for _several in range(5):
            self.assertEqual(b'WATCHDOG=1', systemd.recv(1000))
        said.append('turn: It hangs.')
        for _until_one_that_began_then_has_ended in range(3):
            asked.clear()
            asked.wait(waiting.BOUND)
        systemd.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                systemd.recv(1000)
        for _several in range(3):
            asked.clear()
            asked.wait(waiting.BOUND)
        self.assertRaises(BlockingIOError, systemd.recv, 1000)
        systemd.settimeout(waiting.BOUND)
        said.clear()
        self.assertEqual(b'WATCHDOG=1', systemd.recv(1000))

    def test_no_watchdog(self) -> None:
        """It returns."""
        notify_socket.Manager('@x').watch(list, threading.Event())
