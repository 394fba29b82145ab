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

"""A real child process: results, errors, limits, and every death."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
from typing import Any
import unittest

from glance_lifecycle import exceptions
from glance_lifecycle.tests import waiting
from glance_lifecycle.transfer import extents
from glance_lifecycle.transfer.formats import null
from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import runner

MIB = 1024 ** 2
IMAGE = 'b4c9a8a2-6b4d-4a52-8c39-0f5f1f0f5e5d'
HERE = 'glance_lifecycle.tests.unit.transfer.test_runner:'


class Greedy(null.NullSource):
    """Takes more memory than it may."""

    def extents(self) -> Any:
        self.hoard = bytearray(2048 * MIB)
        return super().extents()


class Busy(null.NullSource):
    """Never ends."""

    def extents(self) -> Any:
        while True:
            pass


class Full(null.NullSource):
    """All data, though it is zeros."""

    def extents(self) -> Any:
        yield extents.Extent(0, self.virtual_size, extents.Kind.DATA)


class Asking(Full):
    """Asks its parent for what is no number of bytes."""

    def extents(self) -> Any:
        os.write(1, b'{"want": NaN}\n')
        return super().extents()


class Odd(null.NullSource):
    """Raises what nobody expects."""

    def extents(self) -> Any:
        raise RuntimeError('surprise')


class RunnerCase(unittest.TestCase):

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.work = pathlib.Path(directory.name)
        self.fd = os.open(self.work, os.O_RDONLY)
        self.addCleanup(os.close, self.fd)
        self.reports: list[dict[str, Any]] = []

    def job(self, source: str = 'NullSource', size: int = 4 * MIB,
            limits: jobs.Limits | None = None, name: str = '',
            **options: Any) -> jobs.Job:
        module = ('glance_lifecycle.transfer.formats.null:'
                  if source == 'NullSource' else HERE)
        return jobs.Job(
            image_id=IMAGE, source=module + source,
            source_options={'virtual_size': size},
            targets=(jobs.Target(
                'a', 'glance_lifecycle.transfer.backends.file.sink:FileSink',
                {'datadirs': [[str(self.work), 0]], 'by_space': False,
                 'mode': 0, 'metadata': []}, name),),
            digests=('sha256',), progress_interval=0.05,
            limits=limits or jobs.Limits(), **options)

    def run_child(self, job: jobs.Job, **options: Any) -> dict[str, Any]:
        child = runner.Child(job, self.fd, options.pop(
            'progress', self.reports.append), **options)
        return child.run()

    def left(self) -> list[str]:
        return sorted(p.name for p in self.work.iterdir())


class RunnerTest(RunnerCase):

    def test_result(self) -> None:
        result = self.run_child(self.job())
        self.assertEqual(4 * MIB, result['virtual_size'])
        self.assertEqual('file://%s/%s' % (self.work, IMAGE),
                         result['stored']['a']['url'])
        self.assertLess(result['peak_memory'], 200 * MIB)
        self.assertEqual([IMAGE], self.left())

    def test_job_survives_json(self) -> None:
        job = self.job(limits=jobs.Limits(memory=1, cpu=2, nice=3))
        self.assertEqual(job, jobs.Job.from_json(job.to_json()))

    def test_error_keeps_its_class(self) -> None:
        (self.work / IMAGE).touch()
        with self.assertLogs('glance_lifecycle', 'ERROR') as log:
            self.assertRaises(exceptions.StoreDuplicate, self.run_child,
                              self.job())
        # For people, it is a sentence.
        self.assertIn(': Store a already holds an object', log.output[0])
        self.assertNotIn("{'", log.output[0])
        self.assertEqual([IMAGE], self.left())

    def test_unexpected_error(self) -> None:
        with self.assertLogs('glance_lifecycle', 'ERROR') as log:
            with self.assertRaisesRegex(exceptions.InternalError,
                                        'RuntimeError; the log'):
                self.run_child(self.job('Odd'))
        self.assertIn('Traceback', log.output[0])
        self.assertEqual([], self.left())

    def test_memory_limit(self) -> None:
        with self.assertRaisesRegex(exceptions.TransferFailed,
                                    'memory_limit'):
            self.run_child(self.job('Greedy', limits=jobs.Limits(
                memory=512 * MIB)))
        self.assertEqual([], self.left())

    def test_cpu_limit(self) -> None:
        with self.assertRaisesRegex(exceptions.TransferFailed,
                                    '1 CPU seconds'):
            self.run_child(self.job('Busy', limits=jobs.Limits(cpu=1)))

    def test_no_python(self) -> None:
        with self.assertRaisesRegex(exceptions.ConfigurationError,
                                    'python_interpreter'):
            self.run_child(self.job(), python='/nonexistent')

    def test_a_python_without_the_package(self) -> None:
        self.assertRaises(exceptions.TransferFailed, self.run_child,
                          self.job(), python='/bin/false')

    def test_progress_that_raises_stops_the_child(self) -> None:
        def gone(report: dict[str, Any]) -> None:
            raise exceptions.TransferCancelled(detail='the image is gone')

        with self.assertRaisesRegex(exceptions.TransferCancelled, 'gone'):
            self.run_child(self.job(size=1 << 40), progress=gone)
        self.assertEqual([], self.left())

    def test_progress(self) -> None:
        self.run_child(self.job(size=256 * MIB))
        self.assertTrue(self.reports)
        self.assertEqual(256 * MIB, self.reports[-1]['total'])

    def test_niceness_counts(self) -> None:
        """Also where the kernel groups tasks by session."""
        seen = []

        def look(report: dict[str, Any]) -> None:
            child, = children(os.getpid())
            seen.append(os.getpriority(os.PRIO_PROCESS, child))
            group = pathlib.Path(f'/proc/{child}/autogroup')
            if group.exists():
                seen.append(int(group.read_text().split()[-1]))
            raise exceptions.TransferCancelled(detail='enough seen')

        own = os.getpriority(os.PRIO_PROCESS, 0)
        self.assertRaises(
            exceptions.TransferCancelled, self.run_child, self.job(
                size=1 << 40, limits=jobs.Limits(nice=3)), progress=look)
        self.assertEqual({min(own + 3, 19)}, set(seen))

    def test_group_and_policy(self) -> None:
        for name, policy in (('batch', os.SCHED_BATCH),
                             ('idle', os.SCHED_IDLE)):
            with self.subTest(name):
                seen = self._scheduled(jobs.Limits(
                    nice=3, group_nice=1, policy=name))
                self.assertEqual(1, seen.pop('group', 1))
                self.assertEqual({policy}, set(seen.values()))

    def _scheduled(self, limits: jobs.Limits) -> dict[str, int]:
        """How each thread of a child is scheduled, and its group."""
        seen: dict[str, int] = {}

        def look(report: dict[str, Any]) -> None:
            child, = children(os.getpid())
            # Every thread, those of the digests as well.
            for task in pathlib.Path(f'/proc/{child}/task').iterdir():
                seen[f'policy {task.name}'] = os.sched_getscheduler(
                    int(task.name))
            group = pathlib.Path(f'/proc/{child}/autogroup')
            if group.exists():
                seen['group'] = int(group.read_text().split()[-1])
            raise exceptions.TransferCancelled(detail='enough seen')

        self.assertRaises(
            exceptions.TransferCancelled, self.run_child,
            self.job(size=1 << 40, limits=limits), progress=look)
        return seen

    def test_killed(self) -> None:
        def kill(report: dict[str, Any]) -> None:
            for pid in children(os.getpid()):
                os.kill(pid, signal.SIGKILL)

        with self.assertRaisesRegex(exceptions.TransferFailed, 'killed'):
            self.run_child(self.job(size=1 << 40), progress=kill)

    def test_parent_killed(self) -> None:
        """The child notices, removes what it wrote, and ends."""
        parent = subprocess.Popen([sys.executable, '-c', (
            'import os, sys\n'
            'from glance_lifecycle.transfer import job, runner\n'
            'runner.Child(job.Job.from_json(sys.argv[1]), '
            'os.open(".", os.O_RDONLY), lambda report: print(report, '
            'flush=True)).run()'), self.job(size=1 << 40).to_json()],
            stdout=subprocess.PIPE)
        assert parent.stdout is not None
        parent.stdout.readline()
        child = children(parent.pid)
        self.assertEqual(1, len(child))
        self.assertEqual(1, len(self.left()))
        parent.kill()
        parent.communicate()
        waiting.until('it has ended', lambda: not alive(child[0]))
        self.assertEqual([], self.left())


class FindPythonTest(unittest.TestCase):

    def test_configured(self) -> None:
        self.assertEqual('/x/python', runner.find_python('/x/python'))

    def test_inside_uwsgi(self) -> None:
        real = sys.executable
        self.addCleanup(setattr, sys, 'executable', real)
        sys.executable = '/usr/bin/uwsgi'
        self.assertIn('python', os.path.basename(runner.find_python()))


def children(pid: int) -> list[int]:
    found = []
    with contextlib.suppress(FileNotFoundError):
        for task in os.listdir('/proc/%d/task' % pid):
            text = pathlib.Path(
                '/proc/%d/task/%s/children' % (pid, task)).read_text()
            found += [int(child) for child in text.split()]
    return found


def alive(pid: int) -> bool:
    try:
        stat = pathlib.Path('/proc/%d/stat' % pid).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(')')[2].split()[0] != 'Z'
