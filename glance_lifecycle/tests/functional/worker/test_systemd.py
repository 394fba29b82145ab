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

import functools
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys

import fixtures
from oslotest import base

import glance_lifecycle
from glance_lifecycle.tests.functional.fixtures import process
from glance_lifecycle.tests.functional.fixtures import systemd
from glance_lifecycle.tests import waiting

UNIT = 'glance-lifecycle-worker.service'
TEXT = pathlib.Path(*glance_lifecycle.__path__).parent.joinpath(
    'etc/systemd', UNIT).read_text()

# Of systemd-analyze security: from 0, which can do nothing, to 100. What it
# must have (network, sockets, name spaces for its children) makes 26 of it.
EXPOSURE = 26

# What differs here: there is no user glance, and the programs and files of
# the test may be in a home directory, or in /tmp.
DROP_IN = '''
[Service]
User=root
Group=root
WorkingDirectory={work}
ProtectHome=no
BindPaths={work}
BindReadOnlyPaths={code} {prefix}
ReadWritePaths=
ReadWritePaths={work}
StandardOutput=append:{work}/out
StandardError=append:{work}/out
ExecStart=
ExecStart={program} --config-file {work}/worker.conf
'''

CONF = '''
[lifecycle]
state_dir = {work}/state
policy_file = {work}/policy.yaml
[lifecycle_worker]
auth_type = admin_token
endpoint = http://127.0.0.1:1/v2
token = none
metrics_port = 0
'''

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


class UnitTest(base.BaseTestCase):
    """The unit that is shipped, as systemd takes it."""

    DEFAULT_TIMEOUT = waiting.DEFAULT

    def setUp(self) -> None:
        super().setUp()
        self.work = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.program = pathlib.Path(sys.prefix,
                                    'bin/glance-lifecycle-worker')

    def drop_in(self, program: object) -> str:
        # /tmp, where a clone may be, is the service's own.
        return DROP_IN.format(
            work=self.work, program=program, prefix=sys.prefix,
            code=pathlib.Path(*glance_lifecycle.__path__).parent)

    def analyze(self, text: str,
                *words: str) -> subprocess.CompletedProcess[str]:
        path = self.work / UNIT
        path.write_text(text)
        return subprocess.run(
            ['systemd-analyze', *words, str(path)], capture_output=True,
            text=True)

    def test_systemd_understands_all_of_it(self) -> None:
        text = TEXT.replace('/usr/bin/glance-lifecycle-worker',
                            str(self.program))
        self.assertNotEqual(TEXT, text)
        done = self.analyze(text, 'verify', '--man=no')
        self.assertEqual((0, ''), (done.returncode, done.stderr))
        for good, bad in (('ProtectSystem=', 'ProtectSytem='),
                          ('=@system-service', '=@sistem-service'),
                          ('=notify', '=notified')):
            self.assertIn(good, text)
            self.assertNotEqual('', self.analyze(
                text.replace(good, bad), 'verify', '--man=no').stderr, bad)

    def test_ipc_of_others(self) -> None:
        """Of a glance-api that runs as the same user, but as no unit."""
        self.assertNotIn('RemoveIPC', TEXT)

    def test_what_it_may_do(self) -> None:
        words = ('security', '--offline=true', f'--threshold={EXPOSURE}')
        done = self.analyze(TEXT, *words)
        self.assertEqual(0, done.returncode, done.stdout)
        weaker = TEXT.replace('CapabilityBoundingSet=\n', '')
        self.assertNotEqual(TEXT, weaker)
        self.assertNotEqual(0, self.analyze(weaker, *words).returncode)

    def test_as_a_service(self) -> None:
        """Start, reload, the death of the process that works, and stop."""
        (self.work / 'policy.yaml').write_text('version: 1\nrules: []\n')
        (self.work / 'worker.conf').write_text(CONF.format(work=self.work))
        (self.work / 'state').mkdir()
        manager = self.useFixture(systemd.Systemd({
            UNIT: TEXT, f'{UNIT}.d/here.conf': self.drop_in(self.program)}))
        self.done(manager, 'start')
        self.assertEqual('active', manager.value(UNIT, 'ActiveState'))
        main = manager.value(UNIT, 'MainPID')
        self.assertEqual(1, self.log().count(' starts; mode observe'))
        # Done when the next one is ready.
        self.done(manager, 'reload')
        self.assertEqual(2, self.log().count(' starts; mode observe'))
        self.assertEqual(main, manager.value(UNIT, 'MainPID'))
        self.done(manager, 'kill', '--kill-whom=main', '--signal=KILL')
        waiting.until('it is started anew', lambda: (
            manager.value(UNIT, 'NRestarts') == '1' and
            manager.value(UNIT, 'ActiveState') == 'active'))
        self.assertNotEqual(main, manager.value(UNIT, 'MainPID'))
        self.done(manager, 'stop')
        self.assertEqual(('inactive', 'success'), tuple(
            manager.value(UNIT, name) for name in ('ActiveState', 'Result')))

    def test_its_children_can_confine_themselves(self) -> None:
        """The unit leaves them what they do that with."""
        image = self.work / 'image.qcow2'
        subprocess.run(['qemu-img', 'create', '-qf', 'qcow2', image, '1M'],
                       check=True)
        transfer = pathlib.Path(sys.prefix, 'bin/glance-lifecycle-transfer')
        for command, expected in (
                (f'{sys.executable} -I -c "from glance_lifecycle.transfer '
                 'import confine; print(confine.lacking())"', '[]\n'),
                (f'{transfer} {image} --to file:{self.work}/raw',
                 'virtual_size  1048576\n')):
            (self.work / 'out').unlink(missing_ok=True)
            manager = self.useFixture(systemd.Systemd({
                UNIT: TEXT, f'{UNIT}.d/here.conf': self.drop_in('') + (
                    f'ExecStart=\nExecStart={command}\nType=exec\n'
                    'Restart=no\n')}))
            self.done(manager, 'start')
            waiting.until('it ends', functools.partial(
                self.has_ended, manager))
            self.assertEqual('success', manager.value(UNIT, 'Result'),
                             self.log())
            self.assertIn(expected, self.log())

    def has_ended(self, manager: systemd.Systemd) -> bool:
        return manager.value(UNIT, 'ActiveState') in ('inactive', 'failed')

    def done(self, manager: systemd.Systemd, *words: str) -> None:
        done = manager.systemctl(*words, UNIT)
        self.assertEqual(0, done.returncode, '%s %s %s' % (
            done.stderr, manager.value(UNIT, 'ExecMainStatus'), self.log()))

    def log(self) -> str:
        path = self.work / 'out'
        return path.read_text() if path.exists() else ''
