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

"""What processes have used, from /proc."""

import dataclasses
import os
import pathlib
import threading
from typing import Any

from benchmarks import disk
from glance_lifecycle.tests.functional.fixtures import process

_TICK = os.sysconf('SC_CLK_TCK')


@dataclasses.dataclass(frozen=True)
class Usage:
    """What a process and the children it has waited for have used so far.

    :ivar cpu: seconds, user and system
    :ivar read: bytes that it has read, from the page cache or not
    :ivar written: bytes that it caused to be written, holes not counted
    :ivar resident: bytes of memory now, the process alone
    :ivar peak: the most so far, the process alone
    """

    cpu: float
    read: int
    written: int
    resident: int
    peak: int


def usage(pid: int) -> Usage:
    """The kernel adds a child's figures to its parent when it is reaped."""
    stat = pathlib.Path(f'/proc/{pid}/stat').read_text()
    ticks = [int(n) for n in stat.rpartition(')')[2].split()[11:15]]
    io = _fields(pathlib.Path(f'/proc/{pid}/io'))
    status = _fields(pathlib.Path(f'/proc/{pid}/status'))
    return Usage(
        cpu=sum(ticks) / _TICK, read=int(io['rchar']),
        written=int(io['write_bytes']),
        resident=_kib(status['VmRSS']), peak=_kib(status['VmHWM']))


def proportional(pid: int) -> int:
    """Bytes of memory now; of what is shared, a part for each that has it."""
    return _kib(_fields(pathlib.Path(f'/proc/{pid}/smaps_rollup'))['Pss'])


def reset_peak(pid: int) -> None:
    """Let ``Usage.peak`` begin again at what is resident now."""
    pathlib.Path(f'/proc/{pid}/clear_refs').write_text('5')


class Sampler:
    """Looks, while something runs, at what leaves no trace afterwards.

    :param pid: process whose descendants are watched
    :param directories: whose peak of allocated bytes is wanted
    :param interval: seconds between two looks
    :ivar children_peak: most memory of any descendant, bytes
    :ivar allocated_peak: most bytes allocated in the directories
    """

    def __init__(self, pid: int, directories: list[pathlib.Path],
                 interval: float = 0.05) -> None:
        self._pid = pid
        self._directories = directories
        self._interval = interval
        self._stop = threading.Event()
        self._peaks: dict[int, int] = {}
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.allocated_peak = 0

    @property
    def children_peak(self) -> int:
        return max(self._peaks.values(), default=0)

    def __enter__(self) -> 'Sampler':
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        self._look()
        while not self._stop.wait(self._interval):
            self._look()

    def _look(self) -> None:
        for pid in process.descendants(self._pid):
            try:
                status = _fields(pathlib.Path(f'/proc/{pid}/status'))
            except (FileNotFoundError, ProcessLookupError):
                continue
            if 'VmHWM' in status:
                # The last value, not the largest: before its exec, a child
                # is a copy of glance-api. A peak never falls otherwise.
                self._peaks[pid] = _kib(status['VmHWM'])
        self.allocated_peak = max(
            self.allocated_peak, disk.allocated(*self._directories))


def _fields(path: pathlib.Path) -> dict[str, str]:
    lines = (line.partition(':') for line in path.read_text().splitlines())
    return {name: value.strip() for name, _, value in lines}


def _kib(text: str) -> int:
    return int(text.split()[0]) * 1024
