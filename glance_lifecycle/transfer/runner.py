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

"""The parent's side of the child process: start, listen, stop.

The child runs in a session of its own, so that a signal for glance-api's
terminal or group is not the child's, and is told to stop by the end of its
standard input, which a dying parent cannot fail to give.
"""

from collections.abc import Callable
import dataclasses
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from typing import Any
from typing import IO

from oslo_log import log as logging

from glance_lifecycle import exceptions
from glance_lifecycle.transfer import confine
from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import pacing
from glance_lifecycle.transfer import scheduling

LOG = logging.getLogger(__name__)

# A child that was told to stop and has not within this is killed; the
# journal's owner removes what it left.
STOP_GRACE = 10.0
STDERR_KEPT = 8192


class Child:
    """One job in a child process.

    :param fd: the image; inherited by the child. -1 for a source that opens
        it itself
    :param progress: called with each progress report, in this thread; an
        exception that it raises stops the child and is raised by ``run()``
    :param python: interpreter to use; see ``find_python``
    :param pace: how fast it may be; None for as fast as it can
    """

    def __init__(self, job: jobs.Job, fd: int,
                 progress: Callable[[dict[str, Any]], None], *,
                 python: str | None = None,
                 pace: pacing.Pace | None = None) -> None:
        self._job = dataclasses.replace(job, paced=pace is not None)
        self._pace = pace
        self._fd = fd
        self._progress = progress
        self._python = python or find_python()

    def run(self) -> dict[str, Any]:
        """Run to the end.

        :returns: what ``Work.run()`` returned in the child
        :raises LifecycleError: what it raised, or TransferFailed when the
            child died
        """
        _warn_once(self._job.unbounded(), self._python)
        process = self._start()
        errors = _Tail(process.stderr)
        try:
            message = self._listen(process)
        except BaseException:
            self._stop(process)
            raise
        finally:
            self._reap(process)
            errors.join()
        if message is None:
            raise self._died(process.returncode, errors.text)
        if 'result' in message:
            result: dict[str, Any] = message['result']
            if result.get('failed'):
                # What it says to the user may refer to this.
                LOG.warning(
                    'Transfer of image %(image)s dropped %(stores)s; the '
                    'child process said: %(stderr)s', {
                        'image': self._job.image_id,
                        'stores': ', '.join(sorted(result['failed'])),
                        'stderr': errors.text or 'nothing'})
            return result
        error = exceptions.from_dict(message)
        LOG.error('The transfer of image %(image)s failed: %(error)s The '
                  'child process said: %(stderr)s',
                  {'image': self._job.image_id,
                   'error': error.for_operator(),
                   'stderr': errors.text or 'nothing'})
        raise error

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            process = subprocess.Popen(
                # -I: neither the working directory nor the environment may
                # bring in code.
                [self._python, '-I', '-m', 'glance_lifecycle.transfer.child',
                 str(self._fd)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, start_new_session=True,
                # The journal's lock lives as long as the child does.
                pass_fds=[fd for fd in (self._fd, self._job.journal)
                          if fd >= 0],
                env=_environment())
        except OSError as error:
            raise exceptions.ConfigurationError(
                detail='cannot start %s for the transfer: %s. Set '
                '[lifecycle_transfer] python_interpreter'
                % (self._python, error.strerror)) from error
        scheduling.begin(process.pid, self._job.limits)
        assert process.stdin is not None  # noqa: S101 - for mypy
        try:
            process.stdin.write(self._job.to_json().encode() + b'\n')
            process.stdin.flush()
        except BrokenPipeError:
            LOG.debug('the transfer process died before it got its job')
        # From here on there are only answers, and a child that reads none
        # must not hold us: a cancel would not reach it.
        os.set_blocking(process.stdin.fileno(), False)
        return process

    def _listen(self,
                process: subprocess.Popen[bytes]) -> dict[str, Any] | None:
        """Pass progress on; return the last line, None if there is none."""
        assert process.stdout is not None  # noqa: S101 - for mypy
        for line in process.stdout:
            message: dict[str, Any] = json.loads(line)
            if 'want' in message:
                self._answer(process, message['want'])
            elif 'progress' in message:
                self._progress(message['progress'])
            else:
                return message
        return None

    def _answer(self, process: subprocess.Popen[bytes],
                size: object) -> None:
        """:raises TransferFailed: no honest child asks like that"""
        assert process.stdin is not None  # noqa: S101 - for mypy
        if self._pace is None or type(size) is not int:
            raise exceptions.TransferFailed(
                detail='its process asked for bytes that are none of its')
        try:
            # A line is written whole or not at all.
            os.write(process.stdin.fileno(),
                     pacing.answer(self._pace.ask(size)))
        except BlockingIOError:
            raise exceptions.TransferFailed(
                detail='its process asks, and reads no answer') from None
        except BrokenPipeError:
            LOG.debug('the transfer process died before it got its answer')

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None  # noqa: S101 - for mypy
        try:
            process.stdin.close()
        except BrokenPipeError:
            LOG.debug('the transfer process is gone already')
        try:
            process.wait(STOP_GRACE)
        except subprocess.TimeoutExpired:
            LOG.warning('The transfer of image %s did not stop in %d s and '
                        'is killed.', self._job.image_id, STOP_GRACE)

    def _reap(self, process: subprocess.Popen[bytes]) -> None:
        """Leave no process behind, neither the child nor its qemu-img."""
        try:
            process.wait(STOP_GRACE if process.returncode is None else 0)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
        for stream in (process.stdin, process.stdout):
            try:
                if stream is not None:
                    stream.close()
            except BrokenPipeError:
                pass

    def _died(self, code: int, stderr: str) -> exceptions.TransferFailed:
        LOG.error('The transfer process of image %(image)s ended with code '
                  '%(code)d and said: %(stderr)s',
                  {'image': self._job.image_id, 'code': code,
                   'stderr': stderr or 'nothing'})
        if code == -signal.SIGXCPU or (
                code == -signal.SIGKILL and self._job.limits.cpu):
            return exceptions.TransferFailed(
                detail='its process was killed, perhaps because it used '
                'more than %d CPU seconds or the host is out of memory'
                % self._job.limits.cpu)
        if code < 0:
            return exceptions.TransferFailed(
                detail='its process was killed by signal %d' % -code)
        return exceptions.TransferFailed(
            detail='its process ended early, with code %d; the log of '
            'glance-api has its output' % code)


@functools.cache
def _warn_once(unbounded: tuple[str, ...], python: str) -> None:
    if unbounded:
        LOG.warning('The processes that use %s are not confined: they need '
                    'a glance_store driver, which may open anything.',
                    ', '.join(unbounded))
    if kept_by := confine.wall(python):
        LOG.info('Processes that read images are kept from other files by '
                 '%s.', kept_by)
    for what in confine.lacking(python):
        LOG.warning('Processes that read images are confined less than they '
                    'should be: this kernel lacks %s. Set '
                    '[lifecycle_transfer] confinement = required to refuse '
                    'imports on such a host.', what)


class _Tail(threading.Thread):
    """Reads a stream to its end, so that it never blocks; keeps the last."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        super().__init__(daemon=True)
        assert stream is not None  # noqa: S101 - for mypy
        self._stream = stream
        self._kept = b''
        self.start()

    def run(self) -> None:
        with self._stream:
            while data := self._stream.read1(4096):  # type: ignore
                self._kept = (self._kept + data)[-STDERR_KEPT:]

    @property
    def text(self) -> str:
        return self._kept.decode(errors='replace').strip()


def _environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items()
            if k in ('PATH', 'LANG', 'LC_ALL', 'TMPDIR', 'HOME',
                     'OPENSSL_CONF', 'CEPH_CONF')}
    # Each thread's malloc arena reserves 64 MiB of address space, and
    # address space is what RLIMIT_AS counts.
    return kept | {'MALLOC_ARENA_MAX': '2'}


def find_python(configured: str | None = None) -> str:
    """A Python interpreter that has this package.

    Inside uWSGI ``sys.executable`` is uwsgi itself.

    :param configured: what the operator says, if anything
    """
    if configured:
        return configured
    beside = os.path.join(sys.prefix, 'bin', 'python3')
    name = os.path.basename(sys.executable or '')
    if name.startswith('python'):
        return sys.executable
    if os.access(beside, os.X_OK):
        return beside
    return shutil.which('python3') or 'python3'
