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


import ctypes
import errno
import os
import pathlib
import re
import subprocess
import sys

from oslotest import base

from glance_lifecycle.transfer import limits
from glance_lifecycle.transfer import seccomp

HEADERS = {'x86_64': '/usr/include/x86_64-linux-gnu/asm/unistd_64.h',
           'aarch64': '/usr/include/asm-generic/unistd.h'}
GROUPS = (seccomp.ALWAYS, seccomp.NETWORK, seccomp.CONVERTER)
ALL = (*GROUPS, seccomp.SIGNALS, seccomp.MAKING, seccomp.RUNNING,
       seccomp._FORKS, seccomp._SIGNALLED, seccomp._LIMITED, seccomp._FCNTL,
       seccomp._IOCTL, seccomp._SOCKET, seccomp._PRCTL)

CALL = ('import ctypes, os; libc = ctypes.CDLL(None, use_errno=True); '
        'print(libc.syscall(%s), ctypes.get_errno())')
ITSELF = 'os.getpid()'


class NumbersTest(base.BaseTestCase):
    """The table is the kernel's, as far as its headers are here."""

    def test_numbers(self) -> None:
        for column, machine in enumerate(('x86_64', 'aarch64')):
            path = pathlib.Path(HEADERS[machine])
            if not path.exists():
                continue
            theirs = dict(re.findall(
                r'#define __NR(?:3264)?_(\w+)\s+(\d+)', path.read_text()))
            for group in ALL:
                for name, numbers in group.items():
                    # Newer than the headers, perhaps.
                    if name in theirs and numbers[column] is not None:
                        self.assertEqual(int(theirs[name]), numbers[column],
                                         f'{machine} {name}')

    def test_no_two_are_the_same(self) -> None:
        for column in (0, 1):
            for group in GROUPS:
                found = [number for numbers in group.values()
                         if (number := numbers[column]) is not None]
                self.assertEqual(len(found), len(set(found)))
                self.assertLessEqual(max(found), seccomp.NEWEST)


class FilterTest(base.BaseTestCase):
    """By the kernel that the tests run on."""

    def call(self, arguments: str, filters: bytes = b'') -> tuple[int, int]:
        filters = filters or seccomp.program(*GROUPS)
        said = subprocess.run(
            limits.command([sys.executable, '-I', '-S', '-c',
                            CALL % arguments], (-1, filters, '')),
            capture_output=True, text=True, check=True).stdout
        result, code = map(int, said.split())
        return result, code

    def number(self, name: str) -> int:
        column = ('x86_64', 'aarch64').index(os.uname().machine)
        found = next(g for g in ALL if name in g)[name][column]
        assert found is not None
        return found

    def test_denied(self) -> None:
        denied = (-1, errno.EPERM)
        for name, arguments in (
                ('socket', '2, 1, 0'), ('socket', '1, 1, 0'),
                ('io_uring_setup', '1, 0'), ('ptrace', '0, 0, 0, 0'),
                ('unshare', '0'), ('kill', '%d, 0' % os.getpid()),
                ('unlinkat', '-1, 0, 0'), ('shmget', '0, 4096, 0o1600'),
                ('open_by_handle_at', '-1, 0, 0'),
                ('setpriority', '0, %d, 0' % os.getpid()),
                ('shmctl', '0, 0, 0'), ('msgrcv', '0, 0, 0, 0, 0'),
                ('memfd_create', '0, 0'), ('execveat', '-1, 0, 0, 0, 0'),
                ('inotify_init1', '0'), ('socketpair', '1, 1, 0, 0'),
                ('chown', '0, 0, 0') if os.uname().machine == 'x86_64'
                else ('fchownat', '-1, 0, 0, 0, 0'),
                ('fchmod', '0, 0')):
            self.assertEqual(denied, self.call('%d, %s' % (
                self.number(name), arguments)), name)

    def test_no_signal_to_others(self) -> None:
        """To itself, and to those that are named."""
        me = os.getpid()
        calls = {'kill': '%d, 0', 'tgkill': '%d, %d, 0'}
        denied = (-1, errno.EPERM)
        for others, wanted in (([], denied), ([me], (0, 0)),
                               (None, (0, 0))):
            filters = seccomp.program(others=others)
            for name, text in calls.items():
                for who, found in ((str(me), wanted), (ITSELF, (0, 0))):
                    arguments = text.replace('%d', who)
                    self.assertEqual(found, self.call(
                        f'{self.number(name)}, {arguments}', filters),
                        f'{name} {who} {others}')
            limit = f'{self.number("prlimit64")}, %s, 7, 0, 0'
            for who, found in ((str(me), denied), (ITSELF, (0, 0)),
                               ('0', (0, 0))):
                self.assertEqual(found, self.call(limit % who, filters), who)

    def test_no_signal_by_a_descriptor(self) -> None:
        denied = (-1, errno.EPERM)
        fcntl, ioctl = self.number('fcntl'), self.number('ioctl')
        for command in (8, 10, 15, 1024, 1026):
            self.assertEqual(denied, self.call(
                f'{fcntl}, 1, {command}, 0'), str(command))
        for command in (0x8901, 0x8902, 0xc0045877):
            # What is above 32 bits, the kernel does not look at.
            for high in (0, 1 << 32):
                self.assertEqual(denied, self.call(
                    f'{ioctl}, 1, ctypes.c_ulong({command + high}), 0'),
                    str(command))
        # F_GETFD, F_GETFL; FIONREAD of a pipe's reading end: it is none.
        self.assertEqual((0, 0), self.call(f'{fcntl}, 1, 1, 0'))
        self.assertEqual((1, 0), self.call(f'{fcntl}, 1, 3, 0'))
        self.assertEqual((-1, errno.EBADF), self.call(
            f'{ioctl}, -1, 0x541b, 0'))

    def test_a_converter_dies_with_its_parent(self) -> None:
        prctl = self.number('prctl')
        self.assertEqual((-1, errno.EPERM), self.call(f'{prctl}, 1, 0'))
        self.assertEqual((0, 0), self.call(
            f'{prctl}, 1, 0', seccomp.program(seccomp.ALWAYS)))
        # PR_GET_NO_NEW_PRIVS
        self.assertEqual((1, 0), self.call(f'{prctl}, 39, 0, 0, 0, 0'))

    def test_sockets_of_who_has_a_network(self) -> None:
        filters = seccomp.program(seccomp.ALWAYS)
        for arguments, wanted in (
                ('socket.AF_INET, socket.SOCK_STREAM', 'made'),
                ('socket.AF_INET6, socket.SOCK_DGRAM', 'made'),
                ('socket.AF_NETLINK, socket.SOCK_RAW, 0', 'made'),
                ('socket.AF_UNIX, socket.SOCK_SEQPACKET', 'made'),
                ('socket.AF_UNIX, socket.SOCK_STREAM', '1'),
                ('socket.AF_UNIX, socket.SOCK_DGRAM', '1'),
                ('socket.AF_UNIX, socket.SOCK_RAW', '1'),
                ('socket.AF_NETLINK, socket.SOCK_RAW, 1', '1'),
                ('socket.AF_NETLINK, socket.SOCK_RAW, 15', '1'),
                ('socket.AF_PACKET, socket.SOCK_RAW', '1'),
                ('socket.AF_VSOCK, socket.SOCK_STREAM', '1'),
                ('socket.AF_ALG, socket.SOCK_SEQPACKET', '1')):
            said = subprocess.run(
                limits.command(
                    [sys.executable, '-I', '-S', '-c',
                     'import socket\ntry:\n socket.socket(%s)\n'
                     'except OSError as error:\n print(error.errno)\n'
                     'else:\n print("made")' % arguments],
                    (-1, filters, '')),
                capture_output=True, text=True, check=True).stdout
            self.assertEqual(wanted, said.strip(), arguments)

    def test_threads_and_processes(self) -> None:
        script = ('import os, threading\n'
                  'thread = threading.Thread(target=print, args=("t",))\n'
                  'thread.start()\nthread.join()\n'
                  'try:\n pid = os.fork()\n'
                  'except OSError as error:\n print(error.errno)\n'
                  'else:\n'
                  ' if not pid: os._exit(0)\n'
                  ' os.waitpid(pid, 0)\n print("f")')
        for forks, wanted in ((False, ['t', '1']), (True, ['t', 'f'])):
            said = subprocess.run(
                limits.command(
                    [sys.executable, '-I', '-S', '-c', script],
                    (-1, seccomp.program(seccomp.ALWAYS, forks=forks), '')),
                capture_output=True, text=True, check=True).stdout
            self.assertEqual(wanted, said.split())

    def test_newer_calls_are_unknown(self) -> None:
        unknown = (-1, errno.ENOSYS)
        for number in (seccomp.NEWEST + 1, 0x40000000 + 41, 435):
            self.assertEqual(unknown, self.call(f'{number}, 0, 0'),
                             str(number))

    def test_the_rest_is_allowed(self) -> None:
        result, _code = self.call('%d' % ctypes.c_int(
            {'x86_64': 39, 'aarch64': 172}[os.uname().machine]).value)
        self.assertGreater(result, 1)

    def test_no_other_architecture(self) -> None:
        """The other one's filter kills whatever is called."""
        other = {'x86_64': 'aarch64', 'aarch64': 'x86_64'}
        filters = seccomp.program(
            *GROUPS, machine=other[os.uname().machine])
        ended = subprocess.run(limits.command(
            ['/bin/true'], (-1, filters, '')), check=False).returncode
        self.assertEqual(-31, ended)
