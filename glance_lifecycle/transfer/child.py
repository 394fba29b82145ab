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

"""The child process's side: limits and walls first, then one job, then exit.

Speaks JSON lines: the job comes in as the first line of standard input,
``{"progress": {...}}`` goes out every few seconds, and the last line is
``{"result": {...}}`` or ``{"error": ..., "fields": {...}}``. A job that is
paced says ``{"want": bytes}``, and is told ``{"wait": seconds}``. When
standard input ends, the parent is gone or wants us to stop.

Started as ``python -I -m glance_lifecycle.transfer.child FD``.
"""

import ctypes
import json
import logging
import os
import resource
import signal
import sys
import threading
import time
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import pacing
from glance_lifecycle.transfer import scheduling
from glance_lifecycle.transfer import work

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4

# How long an orphan may take to remove what it wrote before it dies anyway.
# What it leaves then, the journal finds.
ORPHAN_GRACE = 5.0


def main() -> int:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO,
                        format='%(levelname)s %(name)s %(message)s')
    output = _Output()
    try:
        job = jobs.Job.from_json(sys.stdin.readline())
        group = apply_limits(job.limits)
        asking = pacing.Asking(output.line)
        worker = work.Work(job, int(sys.argv[1]), output.progress,
                           asking.ask if job.paced else None)
        worker.confine()
        group.start()
        _stop_with_parent(worker, asking)
        output.line({'result': worker.run()})
    except exceptions.LifecycleError as error:
        output.line(error.to_dict())
    except MemoryError:
        output.line(exceptions.TransferFailed(
            detail='the memory limit was reached. If the image is sound, '
            'raise [lifecycle_transfer] memory_limit').to_dict())
    except BaseException as error:
        logging.exception('Unexpected error in the transfer')
        # Its text is a library's: the log has it, by way of our stderr.
        output.line(exceptions.InternalError(
            detail='%s; the log of glance-api has the details'
            % type(error).__name__).to_dict())
    return 0


def apply_limits(limits: jobs.Limits) -> scheduling.Group:
    """Limit this process before it looks at a hostile byte."""
    group = scheduling.be_nice(limits)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for kind, value in ((resource.RLIMIT_AS, limits.memory),
                        (resource.RLIMIT_CPU, limits.cpu),
                        (resource.RLIMIT_NOFILE, limits.files)):
        if value:
            resource.setrlimit(kind, (value, value))
    return group


def _stop_with_parent(worker: work.Work, asking: pacing.Asking) -> None:
    """Stop the work when the parent closes our standard input or is gone.

    The end of standard input says both; until then it has answers. The
    kernel's signal covers a pipe whose other end some other process inherited.
    """
    def stop() -> None:
        worker.cancel('it was cancelled')
        asking.over()
        time.sleep(ORPHAN_GRACE)
        os._exit(1)

    def watch() -> None:
        try:
            for line in sys.stdin:
                asking.told(line)
        finally:
            stop()

    # In a thread: the handler interrupts the main thread, which may hold the
    # very lock that cancel() takes.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(
        target=stop, daemon=True).start())
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    # Nobody of the same user may look into our memory.
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    threading.Thread(target=watch, daemon=True).start()


class _Output:
    """Lines to the parent; a parent that is gone is no error."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def progress(self, value: dict[str, Any]) -> None:
        self.line({'progress': value})

    def line(self, value: dict[str, Any]) -> None:
        data = (json.dumps(value) + '\n').encode()
        with self._lock:
            try:
                while data:
                    data = data[os.write(1, data):]
            except OSError:
                pass


if __name__ == '__main__':
    code = main()
    sys.stdout.flush()
    # Not sys.exit(): a lane stuck in a dead store must not keep us alive.
    os._exit(code)
