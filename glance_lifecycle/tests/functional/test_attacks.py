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

"""Attacks by what an image has taken over, with landlock and without.

``test_confinement`` and ``test_without_landlock`` look at what is opened;
this one at descriptors that were handed over, other processes, and what
landlock does not cover. That each attack is one, and no slip of the pen, is
seen where nothing is confined: there they succeed.
"""

import json
import os
import socket
import subprocess
import sys
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.tests.functional import attacks
from glance_lifecycle.tests.functional import test_confinement
from glance_lifecycle.tests.functional import test_without_landlock
from glance_lifecycle.tests import waiting
from glance_lifecycle.transfer import confine

HERE = 'glance_lifecycle.tests.functional.attacks:'

DENIED = {'Permission denied', 'Operation not permitted',
          'No such file or directory', 'Read-only file system'}

# Their descriptors in the converter.
IMAGE, SCRATCH = 10, 11

# What is made of the arguments of no use that they have is not looked at.
_RAW = (
    'call:ptrace:16:PID:0:0', 'call:process_vm_readv:PID:0:0:0:0:0',
    'call:process_vm_writev:PID:0:0:0:0:0', 'call:pidfd_open:PID:0',
    'call:pidfd_getfd:0:0:0', 'call:kcmp:PID:PID:0:0:0', 'call:kill:PID:0',
    'call:kill:-1:0', 'call:tkill:PID:0', 'call:tgkill:PID:PID:0',
    'call:rt_sigqueueinfo:PID:0:0', 'call:rt_tgsigqueueinfo:PID:PID:0:0',
    'call:prlimit64:PID:7:0:0', 'call:setpriority:0:PID:19',
    'call:setpriority:2:0:19', 'call:ioprio_set:1:PID:0x4007',
    'call:process_madvise:0:0:0:0:0', 'call:process_mrelease:0:0',
    'call:io_uring_setup:1:0', 'call:open_by_handle_at:-100:0:0',
    'call:mount:0:0:0:0:0', 'call:umount2:0:0', 'call:pivot_root:0:0',
    'call:chroot:0', 'call:open_tree:-100:0:1', 'call:move_mount:0:0:0:0:0',
    'call:fsopen:0:0', 'call:mount_setattr:0:0:0:0:0',
    'call:unshare:0x10020000', 'call:setns:0:0',
    'call:execveat:-1:0:0:0:0', 'call:memfd_secret:0',
    'call:shmget:0:4096:0x380', 'call:shmat:0:0:0', 'call:msgget:0:0x380',
    'call:msgrcv:0:0:0:0:0x800', 'call:msgctl:0:2:0', 'call:semop:0:0:0',
    'call:semctl:0:0:2:0', 'call:mq_open:0:0', 'call:bpf:0:0:0',
    'call:keyctl:0:0:0:0:0', 'call:perf_event_open:0:0:0:0:0',
    'call:userfaultfd:0', 'call:setsid', 'call:setpgid:0:0',
    'call:listmount:0:0:0:0', 'call:statmount:0:0:0:0')


class AttackTest(test_confinement.ConfinementTestCase):
    """With landlock, if the kernel has it."""

    def setUp(self) -> None:
        super().setUp()
        # Of the same user, and as reachable as a process can be.
        victim = subprocess.Popen(
            [*self.before, 'sh', '-c', 'echo; exec sleep 1000000'],
            # What its user may open: the one of the test runner may not be.
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.addCleanup(victim.wait)
        self.addCleanup(victim.kill)
        assert victim.stdout is not None
        self.addCleanup(victim.stdout.close)
        victim.stdout.readline()
        waiting.until('it sleeps', lambda: self.name_of(victim.pid)
                      == 'sleep')
        self.victim = victim.pid
        self.limits = self.state()
        self.victims = self.work / 'of-another'
        self.victims.write_bytes(b'of another')
        self.victims.chmod(0o600)
        self.address_of_stream = str(self.store / 'stream')
        self.datagrams = str(self.store / 'datagrams')
        self.abstract = '@glance-lifecycle-attacked-%d' % self.victim
        for kind, address in (
                (socket.SOCK_STREAM, self.address_of_stream),
                (socket.SOCK_STREAM, self.abstract.replace('@', '\0')),
                (socket.SOCK_DGRAM, self.datagrams)):
            listener = socket.socket(socket.AF_UNIX, kind)
            self.addCleanup(listener.close)
            listener.bind(address)
            if kind == socket.SOCK_STREAM:
                listener.listen()

    def name_of(self, pid: int) -> str:
        with open('/proc/%d/comm' % pid) as stream:
            return stream.read().strip()

    def state(self) -> tuple[str, set[int], int]:
        """Of the victim: limits, cores, niceness."""
        with open('/proc/%d/limits' % self.victim) as stream:
            limits = stream.read()
        return (limits, os.sched_getaffinity(self.victim),
                os.getpriority(os.PRIO_PROCESS, self.victim))

    def tried(self) -> list[tuple[str, object]]:
        """What works for an unprivileged process that is not confined."""
        return [
            ('reopen', ''), ('reopen-by-path-descriptor', ''),
            ('reopen-by-openat2', ''),
            ('reopen-by-name', self.staging / test_confinement.IMAGE_ID),
            ('descriptors-of-others', ''),
            ('own-signal', self.victim),
            ('own-signal-by-ioctl', self.victim), ('memory-program', ''),
            ('fork', ''),
            ('unix-stream', self.address_of_stream),
            ('unix-stream', self.abstract),
            ('unix-datagram', self.datagrams),
            ('unix-pair', self.datagrams),
            ('kernel-events', ''), ('watch', ''),
            ('chmod', self.victims), ('chown', self.victims),
            ('times', self.victims), ('truncate', self.victims),
            ('chmod-image', ''), ('chown-image', ''), ('times-of-image', ''),
            ('nice-of-others', self.victim),
            ('cores-of-others', self.victim),
            ('scheduler-of-others', self.victim),
            ('call:kill:PID:0', self.victim),
            ('call:prlimit64:PID:7:0:0', self.victim),
            ('call:setpriority:0:PID:19', self.victim),
            ('call:shmget:0:4096:0x380', ''),
        ]

    def all_of_them(self) -> list[tuple[str, object]]:
        return [
            *self.tried(), ('handle', ''), ('packets', ''),
            ('kernel-crypto', ''), ('memory-of-others', 0), ('thaw', ''),
            ('attribute', self.victims), ('attribute-of-image', ''),
            ('flags-of-image', ''),
            *((raw, self.victim) for raw in _RAW
              if attacks.known(raw.split(':')[1]))]

    def outcomes(self, entry: str, attempts: list[tuple[str, object]],
                 mode: str = confine.REQUIRED,
                 **options: Any) -> dict[str, str]:
        error = self.assertRaises(
            exceptions.SourceError, self.run_job,
            self.job(HERE + entry, mode=mode, attempts=[
                [name, str(where)] for name, where in attempts], **options),
            b'image')
        found = json.loads(str(error.fields['detail']))
        return {'%s %s' % attempt: said for attempt, said in zip(
            attempts, found, strict=True)}

    def assert_denied(self, found: dict[str, str], *allowed: str) -> None:
        self.assertEqual({}, {
            name: said for name, said in found.items()
            if said not in DENIED and name not in allowed})
        # And nothing came of it.
        self.assertEqual(b'image', self.image.read_bytes())
        self.assertEqual(0o600, self.victims.stat().st_mode & 0o777)
        self.assertEqual(b'of another', self.victims.read_bytes())
        self.assertEqual('sleep', self.name_of(self.victim))
        self.assertEqual(self.limits, self.state())
        self.assert_untouched()

    def test_child(self) -> None:
        self.assert_denied(self.outcomes('Attacking', self.all_of_them()))

    def test_child_with_a_network_and_proc(self) -> None:
        """As RBD's; sockets to other hosts are what it has them for."""
        reach: dict[str, Any] = {'read': ['/proc'], 'network': True}
        self.assert_denied(self.outcomes('Attacking', self.all_of_them(),
                                         **reach))

    def test_child_that_runs_a_converter(self) -> None:
        """Landlock's must start and stop it: landlock alone keeps it from
        other processes, from Linux 6.12 on.
        """
        found = self.outcomes('AttackingConverter', self.all_of_them(),
                              **self.converter())
        self.assert_denied(found, *self.may_of_the_parent)

    # Processes of its own, which inherit its walls.
    may_of_the_parent: tuple[str, ...] = ('fork ',)

    def test_unconfined(self) -> None:
        """All succeed where there is no wall, so they are attacks."""
        found = self.outcomes('Attacking', self.tried(),
                              confine.BEST_EFFORT, unbounded=True)
        self.assertEqual({}, {name: said for name, said in found.items()
                              if said != 'done'})

    def test_converter(self) -> None:
        """Perl in qemu-img's place, which needs no other file."""
        image, scratch = self.work / 'i', self.work / 's'
        image.write_bytes(b'image')
        scratch.write_bytes(b'')
        self.image = image
        self.give()
        said = self.converted(image, scratch, (
            'walls = confine.converter(%r, image, scratch)' % attacks.PERL))
        self.assertEqual('Bad file descriptor', said.pop('write'))
        self.assert_denied(said)

    def test_converter_unconfined(self) -> None:
        """Perl can: the attacks that need no privilege succeed."""
        image, scratch = self.work / 'i', self.work / 's'
        image.write_bytes(b'image')
        scratch.write_bytes(b'')
        self.give()
        said = self.converted(image, scratch, 'walls = limits.NO_WALLS')
        for name in ('reopen 0 2', 'reopen 1 2', 'reopen 2 2', 'reopen 3 2',
                     'reopen-by-path-descriptor', 'reopen-by-openat2',
                     'kill', 'tgkill', 'prlimit64', 'nice-of-others',
                     'cores-of-others', 'own-signal', 'unix', 'inet',
                     'unix-pair', 'memory-program', 'chmod', 'chmod-image',
                     'truncate', 'unlink', 'watch', 'fork',
                     'leave-session', 'outlive'):
            self.assertEqual('done', said[name], name)

    def converted(self, image: Any, scratch: Any,
                  walls: str) -> dict[str, str]:
        attempts = attacks.for_converter(
            IMAGE, SCRATCH, self.victim, str(self.victims),
            self.address_of_stream)
        if 'NO_WALLS' in walls:
            # It would be replaced.
            for name in ('run', 'run-scratch', 'run-image'):
                del attempts[name]
        done = subprocess.run(
            [*self.before, sys.executable, '-I', '-c',
             'import os, subprocess, sys\n'
             'from glance_lifecycle.transfer import confine, limits\n'
             'image, scratch = %d, %d\n'
             'os.dup2(os.open(sys.argv[2], os.O_RDONLY), image)\n'
             'os.dup2(os.open(sys.argv[3], os.O_RDWR), scratch)\n'
             '%s\n'
             'keep = [fd for fd in (image, scratch, walls[0]) if fd >= 0]\n'
             'sys.exit(subprocess.run(limits.command(['
             '%r, "-e", sys.argv[1]], walls), pass_fds=keep, '
             'env={"LC_ALL": "C"}).returncode)\n' % (
                 IMAGE, SCRATCH, walls, attacks.PERL),
             attacks.script(attempts), str(image), str(scratch)],
            capture_output=True, text=True, check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        found = dict(line.split('\t') for line in done.stdout.splitlines())
        self.assertEqual(set(attempts), set(found), done.stderr)
        return found


class AttackAsNobodyTest(AttackTest):
    user = test_without_landlock.USER


class WithoutLandlockTest(test_without_landlock.WithoutLandlockMixin,
                          AttackTest):
    # The one that it runs was started before.
    may_of_the_parent = ()


class WithoutLandlockAsNobodyTest(WithoutLandlockTest):
    user = test_without_landlock.USER
