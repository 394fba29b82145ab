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

"""Other work on the machine, and who shares the cores with whom.

A busy process is a Python loop in a session of its own, as each service has
one: where the kernel groups by session (sched_autogroup), every one of them
is a group. With ``Groups`` each has a control group instead, as systemd gives
one to each service; the kernel does not look at sessions then.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import os
import pathlib
import subprocess
import sys
import uuid

from glance_lifecycle.transfer import limits

_LOOP = [sys.executable, '-I', '-S', '-c', 'while True: pass']

#: The weight of a control group that nobody set: as of a service.
WEIGHT = 100
# The same, as the first version of control groups counts.
_SHARES = 1024


class Group:
    """A control group with a weight, for as long as the context.

    :param parent: directory of the parent in the hierarchy of the processor
    :param weight: 1 to 10000; ``WEIGHT`` is that of everybody else
    """

    def __init__(self, parent: pathlib.Path, weight: int = WEIGHT) -> None:
        self._parent = parent
        self._weight = weight
        self._path = parent / f'bench-{uuid.uuid4().hex[:8]}'

    def __enter__(self) -> 'Group':
        self._path.mkdir()
        try:
            self._set_weight()
        except BaseException:
            self._path.rmdir()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for pid in (self._path / 'cgroup.procs').read_text().split():
            with contextlib.suppress(OSError):
                (self._parent / 'cgroup.procs').write_text(pid)
        self._path.rmdir()

    def _set_weight(self) -> None:
        path = self._path / 'cpu.weight'
        if path.exists():
            path.write_text(str(self._weight))
        else:
            (self._path / 'cpu.shares').write_text(
                str(self._weight * _SHARES // WEIGHT))

    def add(self, pid: int) -> None:
        """Move a process, with its threads; one that is gone is no error."""
        with contextlib.suppress(ProcessLookupError):
            (self._path / 'cgroup.procs').write_text(str(pid))


@contextlib.contextmanager
def services(parent: pathlib.Path,
             started: Iterable[tuple[Iterable[int], int]]) -> Iterator[None]:
    """Each in a control group of its own, as systemd starts services.

    Whoever asks is one more: the kernel has tasks that are in no group wait
    for those that are, for a tenth of a second at times.

    :param started: processes and weight of each
    """
    with contextlib.ExitStack() as stack:
        for pids, weight in (*started, ([os.getpid()], WEIGHT)):
            group = stack.enter_context(Group(parent, weight))
            for pid in pids:
                group.add(pid)
        yield


def hierarchy() -> pathlib.Path | None:
    """Where this process may make control groups; None if nowhere."""
    for parent in _candidates():
        try:
            with Group(parent):
                return parent
        except OSError:
            continue
    return None


def _candidates() -> Iterator[pathlib.Path]:
    for line in pathlib.Path('/proc/self/cgroup').read_text().splitlines():
        _, names, own = line.split(':', 2)
        if 'cpu' in names.split(','):
            yield pathlib.Path('/sys/fs/cgroup/cpu' + own)
        elif not names:
            for mount in ('/sys/fs/cgroup', '/sys/fs/cgroup/unified'):
                yield pathlib.Path(mount + own)
                # A group with processes has none below it.
                yield pathlib.Path(mount)


@contextlib.contextmanager
def processes(count: int, parent: pathlib.Path | None = None
              ) -> Iterator[None]:
    """So many busy processes, each in a session, or a group, of its own.

    :param parent: of ``hierarchy()``; None for sessions
    """
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            group = stack.enter_context(Group(parent)) if parent else None
            process = subprocess.Popen(
                limits.command(_LOOP), start_new_session=True)
            # Before its group is removed: the last is undone first.
            stack.callback(process.wait)
            stack.callback(process.kill)
            if group:
                group.add(process.pid)
        yield


def autogroup() -> str:
    """What the kernel does with sessions, in a word."""
    try:
        on = pathlib.Path(
            '/proc/sys/kernel/sched_autogroup_enabled').read_text()
    except OSError:
        return 'not in this kernel'
    return 'on' if on.strip() == '1' else 'off'


def cores() -> int:
    return len(os.sched_getaffinity(0))
