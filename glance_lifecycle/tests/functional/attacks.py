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

"""What a process that an image has taken over tries: system calls.

In the child, by Python; in qemu-img's place, by Perl, which needs no other
file. Each either succeeds, or fails with what the kernel says.
"""

from collections.abc import Callable
from collections.abc import Iterator
import ctypes
import fcntl
import os
import socket
import stat
import struct
import sys

from glance_lifecycle.tests.functional import unchecked
from glance_lifecycle.transfer import confine
from glance_lifecycle.transfer.formats.foreign import source as foreign_source
from glance_lifecycle.transfer import namespaces
from glance_lifecycle.transfer import seccomp

PERL = '/usr/bin/perl'

_EMPTY_PATH, _AT_FDCWD = 0x1000, -100
_SETOWN, _SETSIG = 8, 10
_IPC_CREAT = 0o1600
_FITHAW, _SETFLAGS, _FIOSETOWN = 0xc0045878, 0x40086602, 0x8901
_OPEN_FLAGS = (os.O_RDWR, os.O_WRONLY, os.O_WRONLY | os.O_TRUNC,
               os.O_RDWR | os.O_APPEND)
_LINKS = ('/proc/self/fd/%d', '/proc/thread-self/fd/%d', '/dev/fd/%d',
          '/proc/{}/fd/%d', namespaces.HANDED)

_OPENAT2 = {'x86_64': 437, 'aarch64': 437}


def number(name: str) -> int:
    """Of a call that some filter knows."""
    column = ('x86_64', 'aarch64').index(os.uname().machine)
    for group in vars(seccomp).values():
        if isinstance(group, dict) and name in group:
            found = group[name][column]
            if found is not None:
                return int(found)
    raise KeyError(name)


def known(name: str) -> bool:
    try:
        number(name)
    except KeyError:
        return False
    return True


class Attacking(unchecked.Escaping):
    """Sources whose attempts are CALLS, on the image and on a process."""

    def attempt(self, name: str, where: str) -> None:
        if name.startswith('call:'):
            _, call, *arguments = name.split(':')
            _syscall(number(call), *(
                int(where) if text == 'PID' else int(text, 0)
                for text in arguments))
        else:
            CALLS[name](self._fd, where)

    @classmethod
    def reach(cls, options: dict[str, object]) -> confine.Reach:
        if options.get('unbounded'):
            return confine.Reach(unbounded=True)
        return super().reach(options)


class AttackingConverter(Attacking):
    """The same in a process that is to run qemu-img."""

    @classmethod
    def reach(cls, options: dict[str, object]) -> confine.Reach:
        return foreign_source.ForeignSource.reach(options)

    @classmethod
    def reserve(cls, options: dict[str, object]) -> dict[str, int]:
        return foreign_source.ForeignSource.reserve(options)


def _syscall(*arguments: int | bytes | ctypes.Array[ctypes.c_char]) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    found: int = libc.syscall(*(
        ctypes.c_long(value) if isinstance(value, int) else value
        for value in arguments))
    if found < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return found


def _links(fd: int) -> Iterator[str]:
    for link in _LINKS:
        yield link.format(os.getpid()) % fd


def _read_only(image: int) -> Iterator[int]:
    """The image, and whatever else is open for reading only."""
    yield image
    for fd in range(3, 256):
        try:
            mode = os.fstat(fd).st_mode
            flags = fcntl.fcntl(fd, fcntl.F_GETFL)
            name = os.readlink('/proc/self/fd/%d' % fd)
        except OSError:
            continue
        if (fd != image and stat.S_ISREG(mode)
                and not name.startswith('/proc/')
                and flags & os.O_ACCMODE == os.O_RDONLY):
            yield fd


def _opened(path: str, flags: int) -> Callable[[], object]:
    return lambda: os.close(os.open(path, flags))


def _reopen(image: int, _where: str) -> None:
    unchecked.any_of(
        _opened(link, flags) for fd in _read_only(image)
        for link in _links(fd) for flags in _OPEN_FLAGS)


def _reopen_by_path_descriptor(image: int, _where: str) -> None:
    def twice(link: str) -> None:
        fd = os.open(link, os.O_PATH)
        try:
            unchecked.any_of(_opened(again, os.O_RDWR)
                             for again in _links(fd))
        finally:
            os.close(fd)

    unchecked.any_of((lambda link=link: twice(link))  # type: ignore[misc]
                     for link in _links(image))


def _reopen_by_openat2(image: int, _where: str) -> None:
    how = ctypes.create_string_buffer(struct.pack('=QQQ', os.O_RDWR, 0, 0))
    unchecked.any_of((lambda link=link: os.close(_syscall(  # type: ignore
        _OPENAT2[os.uname().machine], _AT_FDCWD, link.encode(), how, 24)))
        for link in _links(image))


def _reopen_by_name(image: int, where: str) -> None:
    os.close(os.open(where, os.O_RDWR))


def _of_others(_image: int, _where: str) -> None:
    own = str(os.getpid())
    unchecked.any_of(
        _opened(f'/proc/{pid}/fd/{fd}', flags)
        for pid in os.listdir('/proc') if pid.isdigit() and pid != own
        for fd in range(16) for flags in (os.O_RDONLY, os.O_RDWR))


def _handle(image: int, _where: str) -> None:
    handle = ctypes.create_string_buffer(struct.pack('=Ii', 128, 0), 256)
    mount = ctypes.create_string_buffer(8)
    _syscall(number('name_to_handle_at'), image, b'', handle, mount,
             _EMPTY_PATH)


def _own_signal(_image: int, where: str) -> None:
    """Would the victim be sent one, it would end."""
    reads, writes = os.pipe()
    try:
        fcntl.fcntl(reads, _SETSIG, 0)
        fcntl.fcntl(reads, _SETOWN, int(where))
    finally:
        os.close(reads)
        os.close(writes)


def _own_signal_by_ioctl(_image: int, where: str) -> None:
    with socket.socket(socket.AF_INET) as one:
        fcntl.ioctl(one, _FIOSETOWN, struct.pack('=i', int(where)))


def _memory_program(_image: int, _where: str) -> None:
    fd = os.memfd_create('program')
    os.close(fd)


def _fork(_image: int, _where: str) -> None:
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)


def _unix(kind: int) -> Callable[[int, str], None]:
    def connect(_image: int, where: str) -> None:
        with socket.socket(socket.AF_UNIX, kind) as client:
            client.connect(where.replace('@', '\0'))
    return connect


def _unix_pair(_image: int, where: str) -> None:
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with one, other:
        one.connect(where)


def _kind(*arguments: int) -> Callable[[int, str], None]:
    return lambda _image, _where: socket.socket(*arguments).close()


def _memory_of_others(_image: int, where: str) -> None:
    """One that has been made by somebody else, found by its number."""
    _syscall(number('shmctl'), int(where), 2, ctypes.create_string_buffer(256))


#: name: on the image's descriptor, and on what it is tried.
CALLS: dict[str, Callable[[int, str], object]] = {
    'reopen': _reopen,
    'reopen-by-path-descriptor': _reopen_by_path_descriptor,
    'reopen-by-openat2': _reopen_by_openat2,
    'reopen-by-name': _reopen_by_name,
    'descriptors-of-others': _of_others,
    'handle': _handle,
    'own-signal': _own_signal,
    'own-signal-by-ioctl': _own_signal_by_ioctl,
    'memory-program': _memory_program,
    'fork': _fork,
    'unix-stream': _unix(socket.SOCK_STREAM),
    'unix-datagram': _unix(socket.SOCK_DGRAM),
    'unix-pair': _unix_pair,
    'packets': _kind(socket.AF_PACKET, socket.SOCK_RAW),
    'kernel-crypto': _kind(socket.AF_ALG, socket.SOCK_SEQPACKET),
    'kernel-events': _kind(socket.AF_NETLINK, socket.SOCK_RAW, 15),
    'memory-of-others': _memory_of_others,
    'chmod': lambda _image, where: os.chmod(where, 0o777),
    'chown': lambda _image, where: os.chown(where, os.getuid(), -1),
    'times': lambda _image, where: os.utime(where),
    'attribute': lambda _image, where: os.setxattr(where, 'user.a', b'b'),
    'truncate': lambda _image, where: os.truncate(where, 0),
    'chmod-image': lambda image, _where: os.fchmod(image, 0o666),
    'chown-image': lambda image, _where: os.fchown(image, os.getuid(), -1),
    'attribute-of-image': lambda image, _where: os.setxattr(
        image, 'user.a', b'b'),
    'times-of-image': lambda image, _where: os.utime(image),
    'flags-of-image': lambda image, _where: fcntl.ioctl(
        image, _SETFLAGS, struct.pack('=l', 0x80)),
    'thaw': lambda image, _where: fcntl.ioctl(image, _FITHAW, 0),
    'watch': lambda _image, _where: _syscall(number('inotify_init1'), 0),
    'nice-of-others': lambda _image, where: os.setpriority(
        os.PRIO_PROCESS, int(where), 19),
    'cores-of-others': lambda _image, where: os.sched_setaffinity(
        int(where), {0}),
    'scheduler-of-others': lambda _image, where: os.sched_setscheduler(
        int(where), os.SCHED_BATCH, os.sched_param(0)),
}


def _perl(path: str, flags: int) -> str:
    return 'sysopen(my $f, "%s", %d)' % (path, flags)


def for_converter(image: int, scratch: int, victim: int, other: str,
                  socket_path: str) -> dict[str, str]:
    """Expressions in Perl, true if they succeed.

    :param other: a file of the same user
    """
    # w: Perl's syscall() takes no constant texts.
    def call(name: str, *arguments: object) -> str:
        return 'syscall(%s) >= 0' % ', '.join(
            [str(number(name)), *map(str, arguments)])

    found = {}
    for at, link in enumerate(('/proc/self/fd/%d', '/dev/fd/%d',
                               '/proc/thread-self/fd/%d', '/proc/$$/fd/%d',
                               namespaces.HANDED)):
        for flags in _OPEN_FLAGS:
            found['reopen %d %d' % (at, flags)] = _perl(link % image, flags)
    found |= {
        'reopen-by-path-descriptor':
            'my $p; sysopen($p, "/proc/self/fd/%d", %d) && '
            'sysopen(my $f, "/proc/self/fd/" . fileno($p), 2)' % (
                image, os.O_PATH),
        'reopen-by-openat2':
            'my $h = pack("QQQ", 2, 0, 0); '
            'syscall(%d, -100, w("/proc/self/fd/%d"), $h, 24) >= 0' % (
                _OPENAT2[os.uname().machine], image),
        'descriptors-of-parent': ' || '.join(
            _perl('/proc/" . getppid() . "/fd/%d' % fd, flags)
            for fd in range(8) for flags in (0, 2)),
        'descriptors-of-others': _perl('/proc/%d/fd/0' % victim, 0),
        'write': 'my $f; open($f, ">&", %d) && syswrite($f, "x")' % image,
        'handle': 'my $h = pack("Ii", 128, 0) . "\\0" x 128; my $m = "\\0" x '
                  '8; ' + call('name_to_handle_at', image, 'w("")', '$h', '$m',
                               _EMPTY_PATH),
        'mount': call('mount', 'w("")', 'w("/proc")', 'w("")', 32 | 4096, 0),
        'remount-by-descriptor': call(
            'mount', 'w("")', 'w("/proc/self/fd/%d")' % image, 'w("")',
            32 | 4096, 0),
        'open_tree': call('open_tree', image, 'w("")', _EMPTY_PATH | 1),
        'fsopen': call('fsopen', 'w("tmpfs")', 0),
        'mount_setattr': call('mount_setattr', image, 'w("")', _EMPTY_PATH,
                              'w("\\0" x 32)', 32),
        'unshare': call('unshare', 0x10020000),
        'ptrace': call('ptrace', 16, victim, 0, 0),
        'process_vm_writev': call('process_vm_writev', victim, 0, 0, 0, 0, 0),
        'pidfd_open': call('pidfd_open', victim, 0),
        'pidfd_getfd': call('pidfd_getfd', scratch, 0, 0),
        'kill': 'kill(0, %d)' % victim,
        'kill-parent': 'kill(0, getppid())',
        'kill-all': 'kill(0, -1)',
        'tkill': call('tkill', victim, 0),
        'tgkill': call('tgkill', victim, victim, 0),
        'sigqueue': call('rt_sigqueueinfo', victim, 0, 'w("\\0" x 128)'),
        'prlimit64': 'my $l = "\\0" x 16; '
                     + call('prlimit64', victim, 0, 0, '$l'),
        'nice-of-others': 'setpriority(0, %d, 19)' % victim,
        'cores-of-others': call('sched_setaffinity', victim, 8,
                                'w(pack("Q", 1))'),
        'own-signal': 'my ($r, $w); pipe($r, $w) && fcntl($r, 8, %d)' % victim,
        'io_uring': call('io_uring_setup', 1, 'w("\\0" x 128)'),
        'unix': 'my $s; socket($s, 1, 1, 0) && connect($s, pack("S a108", 1, '
                '"%s"))' % socket_path,
        'inet': 'socket(my $s, 2, 1, 0)',
        'unix-pair': 'socketpair(my $a, my $b, 1, 2, 0)',
        'memory-program': call('memfd_create', 'w("x")', 0),
        'execveat': call('execveat', image, 'w("")', 0, 0, _EMPTY_PATH),
        'run-scratch': 'exec("/proc/self/fd/%d")' % scratch,
        'run-image': 'exec("/proc/self/fd/%d")' % image,
        'run': 'exec("/bin/sh", "-c", "true")',
        'fork': 'my $p = fork(); exit if defined $p && !$p; defined $p',
        'leave-session': call('setsid'),
        'leave-group': call('setpgid', 0, 0),
        'outlive': call('prctl', 1, 0, 0, 0, 0),
        'chmod': 'chmod(0777, "%s")' % other,
        'chmod-image': call('fchmod', image, 0o666),
        'chown-image': call('fchown', image, -1, -1),
        'times-of-image': call('utimensat', image, 0, 0, 0),
        'attribute-of-image': call('fsetxattr', image, 'w("user.a")', 'w("b")',
                                   1, 0),
        'thaw': 'my $f; open($f, "<&", %d) && ioctl($f, %d, 0)' % (
            image, _FITHAW),
        'flags-of-image': 'my $f; open($f, "<&", %d) && ioctl($f, %d, '
                          'w(pack("q", 0x80)))' % (image, _SETFLAGS),
        'truncate': 'truncate("%s", 0)' % other,
        'unlink': 'unlink("%s")' % other,
        'memory-of-others': call('shmctl', 0, 2, 'w("\\0" x 256)'),
        'queue-of-others': call('msgrcv', 0, 'w("\\0" x 64)', 8, 0, 0o4000),
        'watch': call('inotify_init1', 0),
    }
    return found


def script(attempts: dict[str, str]) -> str:
    """Of Perl: a line for each, its name and what became of it."""
    return 'sub w { my $c = $_[0]; $c } $| = 1; $^W = 0; ' + ' '.join(
        '{ $! = 0; my $d = do { %s }; print "%s\\t", ($d ? "done" : $!), '
        '"\\n"; }' % (code, name) for name, code in attempts.items())


assert sys.platform == 'linux'
