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


"""Who goes first; through a real import's process in test_runner."""

import ctypes
import os
import pathlib
import signal
import subprocess
from unittest import mock

import fixtures
import testtools

from glance_lifecycle.transfer import child
from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import scheduling
from glance_lifecycle.transfer import seccomp

SERVICE = '/system.slice/glance-api.service'


class GroupOfServiceTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.mount = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (self.mount / f'{SERVICE}/x'[1:]).mkdir(parents=True)

    def shared_out(self, path: str) -> None:
        """Its group gets a share of the cores of its own."""
        (self.mount / path.lstrip('/') / 'cpu.weight').write_text('100')

    def found(self, *lines: str) -> bool:
        cgroups = self.mount / 'cgroup'
        cgroups.write_text(''.join(f'{line}\n' for line in lines))
        return scheduling.in_group_of_service(cgroups, self.mount)

    def test_version_2(self) -> None:
        self.shared_out('/system.slice')
        self.assertFalse(self.found(f'0::{SERVICE}'))
        self.shared_out(SERVICE)
        self.assertTrue(self.found(f'0::{SERVICE}'))
        # Below it nothing is shared out, so that all is in one.
        self.assertFalse(self.found(f'0::{SERVICE}/x'))

    def test_container(self) -> None:
        """It sees its own group as the root, which has no share else."""
        self.assertFalse(self.found('0::/'))
        self.shared_out('/')
        self.assertTrue(self.found('0::/'))

    def test_slice(self) -> None:
        """All services of a host are in it."""
        self.shared_out('/system.slice')
        self.assertFalse(self.found('0::/system.slice'))
        self.assertFalse(self.found('4:cpu,cpuacct:/system.slice', '0::/'))

    def test_version_1(self) -> None:
        self.assertTrue(self.found(
            '9:name=systemd:/', f'4:cpu,cpuacct:{SERVICE}', '0::/'))
        self.assertFalse(self.found(
            f'9:name=systemd:{SERVICE}', '4:cpu,cpuacct:/',
            f'3:cpuset:{SERVICE}', '0::/'))

    def test_unknown(self) -> None:
        self.assertFalse(self.found())
        self.assertFalse(self.found('', 'x', ':', '::'))
        self.assertFalse(scheduling.in_group_of_service(
            self.mount / 'none', self.mount))


class PolicyTest(testtools.TestCase):

    def test_idle_at_disks(self) -> None:
        """There it goes as its niceness says, after nobody's else."""
        # Of the tests, too: whoever runs them may be nice.
        niceness = min(os.nice(0) + 7, 19)
        self.assertEqual('best-effort: prio %d' % ((niceness + 20) // 5),
                         _at_disks(jobs.Limits(nice=7, policy='idle')))
        # Elsewhere the kernel derives that from the niceness by itself.
        self.assertEqual('none: prio 0', _at_disks(
            jobs.Limits(nice=7, policy='batch')))

    def test_from_the_beginning(self) -> None:
        """Before it has loaded a module; and one that has ended is none."""
        process = subprocess.Popen(['/bin/cat'], stdin=subprocess.PIPE)
        scheduling.begin(process.pid, jobs.Limits(policy='idle'))
        self.assertEqual(os.SCHED_IDLE, os.sched_getscheduler(process.pid))
        process.communicate()
        scheduling.begin(process.pid, jobs.Limits(policy='idle'))

    def test_unknown_machine(self) -> None:
        """``auto`` leaves it as it was, and ``idle`` says so."""
        with mock.patch.object(seccomp, 'number',
                               side_effect=KeyError):
            self.assertRaises(OSError, scheduling._keep_at_disks, 0)


class GroupTest(testtools.TestCase):

    def test_imports_that_begin_together(self) -> None:
        """The kernel makes unprivileged processes wait for each other."""
        children = [_grouped() for _ in range(3)]
        for pid in children:
            _, status = os.waitpid(pid, 0)
            self.assertEqual(0, os.waitstatus_to_exitcode(status))


def _grouped() -> int:
    """A process that ends once its scheduling group is set back.

    Without privileges; forked, for others cannot read this tree.
    """
    if pid := os.fork():
        return pid
    try:
        os.setsid()
        if os.getuid() == 0:
            os.setresuid(65534, 65534, 65534)
            # What /proc has of one that was root is root's.
            ctypes.CDLL(None).prctl(child.PR_SET_DUMPABLE, 1, 0, 0, 0)
        set_back = scheduling.be_nice(jobs.Limits(group_nice=5))
        set_back.start()
        set_back.join()
        group = pathlib.Path(scheduling.AUTOGROUP)
        os._exit(0 if not group.exists()
                 or int(group.read_text().split()[-1]) == 5 else 1)
    finally:
        os._exit(2)


def _at_disks(limits: jobs.Limits) -> str:
    """What ionice says of a process with these limits."""
    asked, answer = os.pipe()
    if not (pid := os.fork()):
        try:
            scheduling.be_nice(limits)
            os.write(answer, b'x')
            signal.pause()
        finally:
            os._exit(1)
    try:
        os.read(asked, 1)
        return subprocess.run(['ionice', '-p', str(pid)], check=True,
                              capture_output=True, text=True).stdout.strip()
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(asked)
        os.close(answer)
