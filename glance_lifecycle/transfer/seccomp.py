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
"""A seccomp filter: system calls that a process gives up for good.

A list of what is denied, not of what is allowed: which calls the C library,
Python and librados make differs between their versions, and a list that lacks
one of them breaks imports. What a deny list misses in a newer kernel, it
denies as well: every call above ``NEWEST`` is answered as an older kernel
would, with ENOSYS, for which all of them have a way around.

``pyseccomp``, the binding in PyPI, is of 2021 and needs libseccomp; the
filter is a few lines of classic BPF. Source: seccomp(2), and the kernel's
tables of system calls, asm/unistd_64.h and asm-generic/unistd.h.
"""

from collections.abc import Iterable
import ctypes
import errno
import os
import struct

# name: number on x86_64, number on aarch64 (None: it has no such call).
Calls = dict[str, tuple[int | None, int | None]]

# Who has no network. AF_UNIX too: such a socket's peer may be anybody.
NETWORK: Calls = {
    'socket': (41, 198), 'connect': (42, 203),
    'bind': (49, 200), 'listen': (50, 201), 'accept': (43, 202),
    'accept4': (288, 242),
}

# Signals by ways that nobody here takes, to whomever.
SIGNALS: Calls = {
    'tkill': (200, 130), 'rt_sigqueueinfo': (129, 138),
    'rt_tgsigqueueinfo': (297, 240), 'pidfd_send_signal': (424, 424),
    'pidfd_open': (434, 434),
}

# Nothing that reads an image has a use for these: other processes, mounts
# and name spaces, files without a path, the kernel itself.
ALWAYS: Calls = SIGNALS | {
    'ptrace': (101, 117), 'process_vm_readv': (310, 270),
    'process_vm_writev': (311, 271), 'process_madvise': (440, 440),
    'kcmp': (312, 272), 'pidfd_getfd': (438, 438),
    'mount': (165, 40), 'umount2': (166, 39), 'pivot_root': (155, 41),
    'chroot': (161, 51), 'open_tree': (428, 428), 'move_mount': (429, 429),
    'fsopen': (430, 430), 'fsconfig': (431, 431), 'fsmount': (432, 432),
    'fspick': (433, 433), 'mount_setattr': (442, 442),
    'statmount': (457, 457), 'listmount': (458, 458),
    'unshare': (272, 97), 'setns': (308, 268),
    'open_by_handle_at': (304, 265), 'name_to_handle_at': (303, 264),
    # Opens files and sockets past this very filter.
    'io_uring_setup': (425, 425), 'io_uring_enter': (426, 426),
    'io_uring_register': (427, 427),
    'bpf': (321, 280), 'perf_event_open': (298, 241),
    'userfaultfd': (323, 282), 'keyctl': (250, 219), 'add_key': (248, 217),
    'request_key': (249, 218), 'fanotify_init': (300, 262),
    'kexec_load': (246, 104), 'kexec_file_load': (320, 294),
    'init_module': (175, 105), 'finit_module': (313, 273),
    'delete_module': (176, 106), 'reboot': (169, 142),
    'swapon': (167, 224), 'swapoff': (168, 225), 'acct': (163, 89),
    'quotactl': (179, 60), 'quotactl_fd': (443, 443), 'syslog': (103, 116),
    'settimeofday': (164, 170), 'clock_settime': (227, 112),
    'adjtimex': (159, 171), 'clock_adjtime': (305, 266),
    'sethostname': (170, 161), 'setdomainname': (171, 162),
    'vhangup': (153, 58), 'modify_ldt': (154, None), 'iopl': (172, None),
    'ioperm': (173, None), 'uselib': (134, None), 'nfsservctl': (180, 42),
    'lookup_dcookie': (212, 18), 'migrate_pages': (256, 238),
    'move_pages': (279, 239),
    # Memory and queues of other processes that no path leads to. With a
    # number that was guessed, they are reached without the call to find it.
    'shmget': (29, 194), 'shmat': (30, 196), 'shmctl': (31, 195),
    'msgget': (68, 186), 'msgsnd': (69, 189), 'msgrcv': (70, 188),
    'msgctl': (71, 187), 'semget': (64, 190), 'semop': (65, 193),
    'semtimedop': (220, 192), 'semctl': (66, 191),
    'mq_open': (240, 180), 'mq_unlink': (241, 181),
    # How fast other processes of the same user run; of ours too, which have
    # what they need by now.
    'setpriority': (141, 140), 'ioprio_set': (251, 30),
    'sched_setparam': (142, 118), 'sched_setscheduler': (144, 119),
    'sched_setattr': (314, 274), 'sched_setaffinity': (203, 122),
    'process_mrelease': (448, 448),
    # Out of the group that is killed at the end.
    'setsid': (112, 157), 'setpgid': (109, 154),
    # Programs that no path leads to.
    'execveat': (322, 281), 'memfd_create': (319, 279),
    'memfd_secret': (447, 447),
    # Landlock covers neither these, nor of which directories they tell the
    # names.
    'inotify_init': (253, None), 'inotify_init1': (294, 26),
    'inotify_add_watch': (254, 27),
    # A pair of datagram sockets can be connected to a path.
    'socketpair': (53, 199),
    # Landlock does not cover modes, owners, attributes and times: a process
    # could change those of every file of its user. Of files that it has
    # open, see MODES.
    'chmod': (90, None), 'fchmodat': (268, 53), 'fchmodat2': (452, 452),
    'chown': (92, None), 'fchown': (93, 55), 'lchown': (94, None),
    'fchownat': (260, 54), 'setxattr': (188, 5), 'lsetxattr': (189, 6),
    'fsetxattr': (190, 7), 'removexattr': (197, 14),
    'lremovexattr': (198, 15), 'fremovexattr': (199, 16),
    'utime': (132, None), 'utimes': (235, None), 'utimensat': (280, 88),
    'futimesat': (261, None), 'truncate': (76, 45),
}

# Of files that are open for reading only as well.
MODES: Calls = {'fchmod': (91, 52)}

# Where landlock is missing: nothing is made but files.
MAKING: Calls = {
    'symlink': (88, None), 'symlinkat': (266, 36), 'mkdir': (83, None),
    'mkdirat': (258, 34), 'mknod': (133, None), 'mknodat': (259, 33),
}

# Who starts no program. Threads are still made: see ``program``.
RUNNING: Calls = {'execve': (59, 221)}

_FORKS: Calls = {'fork': (57, None), 'vfork': (58, None)}

# Their first argument is a process, which must be a known one.
_SIGNALLED: Calls = {'kill': (62, 129), 'tgkill': (234, 131)}
_LIMITED: Calls = {'prlimit64': (302, 261)}

#: Stands for the process that the filter is for; ``limits.restrict`` puts
#: its number there. No process has such a number.
SELF = 0xfffffff0

# A converter reads one file and writes another.
CONVERTER: Calls = MAKING | MODES | {
    'kill': (62, 129), 'link': (86, None),
    'linkat': (265, 37), 'rename': (82, None), 'renameat': (264, 38),
    'renameat2': (316, 276), 'unlink': (87, None), 'unlinkat': (263, 35),
    'rmdir': (84, None),
}

# The kernel sends a signal to whomever these name when a descriptor becomes
# ready: F_SETOWN, F_SETSIG, F_SETOWN_EX. And F_SETLEASE, F_NOTIFY.
_FCNTL: Calls = {'fcntl': (72, 25)}
_OWNERS = (8, 10, 15, 1024, 1026)

# FIOSETOWN and SIOCSPGRP do too. The others change what is open for reading
# only: FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR, FS_IOC_ENABLE_VERITY,
# FS_IOC_SET_ENCRYPTION_POLICY, FIFREEZE, FITHAW; TIOCSTI types.
_IOCTL: Calls = {'ioctl': (16, 29)}
_CHANGES = (0x8901, 0x8902, 0x40086602, 0x401c5820, 0x40806685, 0x800c6613,
            0xc0045877, 0xc0045878, 0x5412)

# PR_SET_PDEATHSIG: a converter dies with the child that started it.
_PRCTL: Calls = {'prctl': (157, 167)}
_DEATHS = (1,)

# With a network: what leads to other hosts, and the routing tables, which
# the C library asks. A socket with a path or an abstract name leads to any
# service of this host; of AF_UNIX, only the kind that hardly anything
# listens on, for ``object_store.claim``.
_SOCKET: Calls = {'socket': (41, 198)}
_UNIX, _INET, _INET6, _NETLINK = 1, 2, 10, 16
_KIND_BITS, _SEQPACKET = 0xf, 5

# mseal, of Linux 6.10. Also every call of the x32 kind is above it.
NEWEST = 462

# machine: its AUDIT_ARCH, its column above, clone, clone3.
_MACHINES = {'x86_64': (0xc000003e, 0, 56, 435),
             'aarch64': (0xc00000b7, 1, 220, 435)}

# CLONE_NEWTIME cannot be asked of clone: its bit is part of the signal.
_NEW_NAMESPACES = 0x7e020000
_THREAD = 0x10000

_LOAD, _EQUAL, _GREATER, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
_AND = 0x54
_AT_NUMBER, _AT_ARCH, _AT_ARGUMENTS = 0, 4, 16
_KILL_PROCESS, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7fff0000

_PR_GET_SECCOMP = 21


def available() -> bool:
    """Whether this kernel has filters, and this machine's calls are known."""
    libc = ctypes.CDLL(None, use_errno=True)
    return (os.uname().machine in _MACHINES
            and libc.prctl(_PR_GET_SECCOMP, 0, 0, 0, 0) >= 0)


def number(name: str) -> int | None:
    """Of one of ``ALWAYS`` on this machine; None: it has no such call.

    :raises KeyError: the machine's calls are not known
    """
    return ALWAYS[name][_MACHINES[os.uname().machine][1]]


def program(*groups: Calls, machine: str | None = None, forks: bool = False,
            others: Iterable[int] | None = None) -> bytes:
    """The filter that denies these calls, and what goes with them.

    A denied call fails with EPERM. Of ``socket``, ``clone``, ``fcntl``,
    ``ioctl``, ``prctl`` and ``prlimit64``, some arguments are denied.

    :param others: processes that may be sent signals beside the one itself;
        None: any one
    :param forks: whether it may make processes; threads it always may
    :param machine: as uname has it; this one
    :returns: ``struct sock_filter`` one after the other
    :raises KeyError: the machine's calls are not known
    """
    arch, column, clone, clone3 = _MACHINES[machine or os.uname().machine]
    if not forks:
        groups += (_FORKS,)
    numbers = sorted({n for group in groups for calls in group.values()
                      if (n := calls[column]) is not None})
    steps = [
        (_LOAD, 0, 0, _AT_ARCH),
        # A 32-bit call has other numbers: nobody here makes one.
        (_EQUAL, 1, 0, arch), (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _AT_NUMBER),
        (_GREATER, 0, 1, NEWEST), _UNKNOWN,
        # Its flags are in memory, where a filter cannot look; the C library
        # then uses clone.
        (_EQUAL, 0, 1, clone3), _UNKNOWN]
    # All jump to one end, half as many steps: the kernel walks through them
    # for every call that there is when a filter is installed.
    last = len(numbers) - 1
    steps += [(_EQUAL, last - at, at == last, number)
              for at, number in enumerate(numbers)]
    steps += [_DENY] if numbers else []
    # 0: itself too, or those that it has started.
    known: list[_Step] = [step for pid in (SELF, 0, *(others or ()))
             for step in ((_EQUAL, 0, 1, pid), _LET)]
    # Not a group, nor all.
    known += [(_GREATER, 1, 0, 0x7fffffff), _LET] if others is None else []
    threads = [] if forks else [(_ANY_BIT, 1, 0, _THREAD), _DENY]
    for calls, body in (
            (_SIGNALLED, [_argument(0), *known, _DENY]),
            (_LIMITED, [_argument(0), (_EQUAL, 0, 1, SELF), _LET,
                        (_EQUAL, 0, 1, 0), _LET, _DENY]),
            (_FCNTL, [_argument(1), *_denied(_OWNERS), _LET]),
            (_IOCTL, [_argument(1), *_denied(_CHANGES), _LET]),
            (_PRCTL, [_argument(0), *_denied(
                _DEATHS if CONVERTER in groups else ()), _LET]),
            (_SOCKET, _SOCKETS),
            ({'clone': (clone, clone)}, [
                _argument(0), (_ANY_BIT, 0, 1, _NEW_NAMESPACES), _DENY,
                *threads, _LET])):
        for call in calls.values():
            # The body ends with a return.
            steps += [(_EQUAL, 0, len(body), call[column] or 0), *body]
    steps.append(_LET)
    return b''.join(struct.pack('=HBBI', *step) for step in steps)


_Step = tuple[int, int, int, int]

_LET: _Step = (_RETURN, 0, 0, _ALLOW)
_DENY: _Step = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
_UNKNOWN: _Step = (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)


def _argument(index: int) -> _Step:
    """Its lower half: all that the kernel looks at in these calls."""
    return _LOAD, 0, 0, _AT_ARGUMENTS + 8 * index


def _denied(values: Iterable[int]) -> list[_Step]:
    return [step for value in values
            for step in ((_EQUAL, 0, 1, value), _DENY)]


_SOCKETS: list[_Step] = [
    _argument(0), (_EQUAL, 0, 1, _INET), _LET, (_EQUAL, 0, 1, _INET6), _LET,
    (_EQUAL, 0, 5, _UNIX), _argument(1), (_AND, 0, 0, _KIND_BITS),
    (_EQUAL, 0, 1, _SEQPACKET), _LET, _DENY,
    (_EQUAL, 0, 3, _NETLINK), _argument(2), (_EQUAL, 0, 1, 0), _LET, _DENY]
