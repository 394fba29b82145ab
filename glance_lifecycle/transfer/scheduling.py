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


"""Who goes first: an import's process goes after glance-api.

Set before the process starts a thread: they inherit it.
"""

import contextlib
import ctypes
import errno
import logging
import os
import pathlib
import threading
import time

from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import seccomp

#: name -> how the kernel schedules a process; sched(7)
POLICIES = {'batch': os.SCHED_BATCH, 'idle': os.SCHED_IDLE}
AUTO = 'auto'

AUTOGROUP = '/proc/self/autogroup'
# Linux lets unprivileged processes, all of them together, set the niceness of
# a group ten times a second.
AUTOGROUP_PAUSE = 0.1

# linux/ioprio.h
_WHO_PROCESS = 1
_BEST_EFFORT = 2 << 13

_CGROUPS = pathlib.Path('/proc/self/cgroup')
_MOUNT = pathlib.Path('/sys/fs/cgroup')


def be_nice(limits: jobs.Limits) -> 'Group':
    """Let others go first; this process is a session of its own already.

    Where the kernel groups tasks by session (sched_autogroup), niceness
    counts only within the group, and each of our children had as much of the
    cores as all of glance-api: GET /v2/images took twenty times as long.

    :returns: of this process, to be set back
    """
    niceness = os.nice(limits.nice)
    name = _wanted(limits)
    try:
        if name == 'idle':
            _keep_at_disks(niceness)
        _set_policy(0, name)
    except OSError:
        # A sandbox may forbid it, and then the import is no worse off.
        if limits.policy != AUTO:
            raise
    return Group(niceness if limits.group_nice is None
                 else limits.group_nice)


def begin(pid: int, limits: jobs.Limits) -> None:
    """Have a process go after us that has just been started.

    It does all of that by itself, but loads its modules first: a tenth of a
    second, in which three imports that begin would have both cores of two.

    :param pid: of a child of this process
    """
    # If it may not, or is gone, that is told when it tries itself.
    with contextlib.suppress(OSError):
        _set_policy(pid, _wanted(limits))


def _wanted(limits: jobs.Limits) -> str:
    if limits.policy != AUTO:
        return limits.policy
    return 'idle' if in_group_of_service() else 'other'


def _set_policy(pid: int, name: str) -> None:
    """``other`` is as the parent is: nobody comes back from its idle.

    :raises OSError: it may not
    """
    if name != 'other':
        os.sched_setscheduler(pid, POLICIES[name], os.sched_param(0))


def _keep_at_disks(niceness: int) -> None:
    """Go as niceness alone has it at disks, ioprio_set(2).

    There SCHED_IDLE comes after everybody else of the host, in whichever
    group: an import would wait for ten seconds at a time.

    :raises OSError: it may not, or this is an unknown kind of machine
    """
    try:
        number = seccomp.number('ioprio_set')
    except KeyError:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS)) from None
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number, _WHO_PROCESS, 0,
                    _BEST_EFFORT | (niceness + 20) // 5):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def in_group_of_service(cgroups: pathlib.Path = _CGROUPS,
                        mount: pathlib.Path = _MOUNT) -> bool:
    """Whether the cores are shared out to a group with one service in it.

    As systemd starts services of which one of the same slice has CPUWeight=
    or CPUQuota=, and as containers are. Within it nothing but glance-api is
    waited for, and what the group gets is not less: an import may go last.
    In a slice, or in no group, that is last of all services of the host.

    :param cgroups: its list of groups, cgroups(7)
    :param mount: where version 2 is mounted
    """
    try:
        lines = cgroups.read_text().splitlines()
    except OSError:
        return False
    for _number, controllers, path in (
            line.split(':', 2) for line in lines if line.count(':') >= 2):
        if path.endswith('.slice'):
            continue
        if not controllers and (
                mount / path.lstrip('/') / 'cpu.weight').exists():
            return True
        # Version 1; the root may be the host's.
        if 'cpu' in controllers.split(',') and path != '/':
            return True
    return False


class Group(threading.Thread):
    """Sets the scheduling group of this process back.

    At once where it may. Else as a thread, which waits, and is started when
    this process is confined.
    """

    def __init__(self, niceness: int) -> None:
        super().__init__(name='group', daemon=True)
        self._niceness = b'%d' % niceness
        try:
            self._fd = os.open(AUTOGROUP, os.O_WRONLY | os.O_CLOEXEC)
        except OSError:
            # No such kernel, or a container that hides it.
            self._fd = -1
        self._set()

    def run(self) -> None:
        while self._fd >= 0:
            time.sleep(AUTOGROUP_PAUSE)
            self._set()

    def _set(self) -> None:
        try:
            if self._fd >= 0:
                os.write(self._fd, self._niceness)
        except BlockingIOError:
            # Another import begins at the same time.
            return
        except OSError:
            logging.debug('This process has no scheduling group.')
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
