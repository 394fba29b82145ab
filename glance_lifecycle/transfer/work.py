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

"""One job from open descriptor to result, in whatever process it runs."""

from collections.abc import Callable
import os
import resource
import threading
import time
from typing import Any

from glance_lifecycle.transfer import confine
from glance_lifecycle.transfer import engine
from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import journal_file
from glance_lifecycle.transfer import sink


class Work:
    """Runs a job once, reporting progress, cancellable from any thread.

    :param fd: the image, opened read-only by the caller; closed here. -1 for
        a source that opens it itself
    :param report: called every ``progress_interval`` with a dict: ``phase``
        (``prepare``, ``transfer``), ``total`` and ``done`` in bytes, and
        ``stores`` as store -> bytes done (-1: dropped)
    :param pace: see ``engine.Engine``
    """

    def __init__(self, job: jobs.Job, fd: int,
                 report: Callable[[dict[str, Any]], None],
                 pace: Callable[[int], float] | None = None) -> None:
        self._job = job
        self._pace = pace
        self._fd = fd
        self._report = report
        self._cancelled: str | None = None
        self._engine: engine.Engine | None = None
        self._finished = threading.Event()
        self._reserved: dict[str, int] = {}
        # Opened now: later it is out of reach.
        self._status = os.open('/proc/self/status',
                               os.O_RDONLY | os.O_CLOEXEC)

    def confine(self) -> None:
        """Give up all that this job does not need, before any thread.

        :raises LifecycleError: as ``Job.reserve`` and ``confine.enter``
        """
        self._reserved = self._job.reserve()
        confine.enter(self._job.reach(), self._job.confinement,
                      self._fd, *self._reserved.values())

    def cancel(self, detail: str) -> None:
        self._cancelled = detail
        if self._engine is not None:
            self._engine.cancel(detail)

    def run(self) -> dict[str, Any]:
        """The engine's report with what it cost.

        :returns: ``Report.to_dict()`` and ``seconds``, ``cpu_seconds``,
            ``peak_memory`` in bytes
        :raises LifecycleError: as Engine.run
        """
        started = time.monotonic()
        ticker = threading.Thread(target=self._tick, daemon=True)
        ticker.start()
        try:
            report = self._transfer()
        finally:
            self._finished.set()
            ticker.join()
        used = resource.getrusage(resource.RUSAGE_SELF)
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return report.to_dict() | {
            'seconds': time.monotonic() - started,
            'cpu_seconds': (used.ru_utime + used.ru_stime
                            + children.ru_utime + children.ru_stime),
            'peak_memory': peak_memory(self._status),
        }

    def _transfer(self) -> engine.Report:
        source = self._job.open_source(self._fd, self._reserved)
        try:
            source.prepare(lambda: self._cancelled is not None)
            sinks = [t.make(self._job.image_id, self._note)
                     for t in self._job.targets]
            self._engine = engine.Engine(
                source, sinks, self._job.digests,
                all_must_succeed=self._job.all_must_succeed,
                workers=self._job.workers, expected=self._job.expected,
                looker=self._job.open_looker(source), pace=self._pace)
            if self._cancelled is not None:
                self._engine.cancel(self._cancelled)
            return self._engine.run()
        finally:
            source.close()

    def _note(self, store: str, mark: sink.Mark) -> None:
        if self._job.journal >= 0:
            journal_file.append(self._job.journal, {'created': [store, mark]})

    def _tick(self) -> None:
        while not self._finished.wait(self._job.progress_interval):
            if self._engine is None:
                self._report({'phase': 'prepare', 'total': 0, 'done': 0,
                              'stores': {}})
            else:
                self._report({'phase': 'transfer'}
                             | self._engine.progress())


def peak_memory(status: int) -> int:
    """The most memory this process ever had resident, in bytes.

    From ``/proc``: after ``exec`` getrusage still counts the larger process
    that it was forked from.

    :param status: descriptor of /proc/self/status
    """
    for line in os.pread(status, 65536, 0).splitlines():
        if line.startswith(b'VmHWM:'):
            return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
