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

"""Buckets by a clock that the test sets, and a child that is told to wait."""

import subprocess
import sys
import threading
from typing import Any
import unittest
from unittest import mock

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer import test_runner
from glance_lifecycle.tests import waiting
from glance_lifecycle.transfer import pacing
from glance_lifecycle.transfer import runner
from glance_lifecycle.transfer import window

MIB = 1024 ** 2
SECONDS = 10


class Clock:

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class BucketTest(unittest.TestCase):

    def setUp(self) -> None:
        self.clock = Clock()

    def bucket(self, rate: float) -> pacing.Bucket:
        return pacing.Bucket(rate, self.clock)

    def passed(self, *paces: pacing.Pace, late: float = 0.0) -> list[int]:
        """Bytes of each in ``SECONDS``, all of them always wanting more."""
        begun, due = self.clock.now, [self.clock.now] * len(paces)
        found, wanted = [0] * len(paces), [False] * len(paces)
        while min(due) <= begun + SECONDS:
            one = due.index(min(due))
            self.clock.now = max(self.clock.now, due[one])
            found[one] += window.SIZE if wanted[one] else 0
            due[one] = self.clock.now + late + paces[one].ask(window.SIZE)
            wanted[one] = True
        self.clock.now = begun + SECONDS
        return found

    def assert_rate(self, rate: float, passed: list[int]) -> None:
        self.assertGreater(sum(passed), 0.9 * rate * SECONDS)
        self.assertLess(sum(passed), 1.1 * rate * SECONDS)

    def test_rate(self) -> None:
        for rate in (4, 50, 1000):
            found = self.passed(self.pace(rate))
            self.assert_rate(rate * MIB, found)

    def pace(self, *rates: float) -> pacing.Pace:
        return pacing.Pace([self.bucket(rate * MIB) for rate in rates],
                           self.clock)

    def test_slowest_decides(self) -> None:
        self.assert_rate(20 * MIB, self.passed(self.pace(50, 20, 100)))

    def test_answers_that_come_late(self) -> None:
        """Are made up for."""
        self.assert_rate(50 * MIB, self.passed(self.pace(50), late=0.02))

    def test_shared_evenly(self) -> None:
        shared = self.bucket(60 * MIB)
        found = self.passed(*(pacing.Pace([shared], self.clock)
                              for _ in range(3)))
        self.assert_rate(60 * MIB, found)
        self.assertLessEqual(max(found) - min(found), window.SIZE)

    def test_what_one_leaves_is_the_others(self) -> None:
        shared = self.bucket(60 * MIB)
        slow = pacing.Pace([shared, self.bucket(10 * MIB)], self.clock)
        found = self.passed(slow, pacing.Pace([shared], self.clock))
        self.assert_rate(10 * MIB, found[:1])
        self.assert_rate(60 * MIB, found)

    def test_idle_saves_little(self) -> None:
        pace = self.pace(50)
        self.clock.now += 3600
        self.assert_rate(50 * MIB, self.passed(pace))

    def test_greedy_child_takes_nothing_of_others(self) -> None:
        """It asks for more than a window, less than nothing, and again."""
        shared = self.bucket(10 * MIB)
        bad = pacing.Pace([shared], self.clock)
        for size in [10 ** 400, -10 ** 400, *[window.SIZE] * 1000]:
            bad.ask(size)
        self.assertAlmostEqual(
            2 * window.SIZE / (10 * MIB) - pacing.BURST,
            pacing.Pace([shared], self.clock).ask(window.SIZE) - pacing.BURST)

    def test_wait_is_over(self) -> None:
        pace = self.pace(1)
        self.assertAlmostEqual(2, pace.ask(window.SIZE))
        self.clock.now += 1
        self.assertAlmostEqual(1, pace.ask(window.SIZE))
        self.clock.now += 1
        self.assertAlmostEqual(2, pace.ask(window.SIZE))


class AskingTest(unittest.TestCase):

    def test_told(self) -> None:
        sent: list[dict[str, Any]] = []
        asking = pacing.Asking(sent.append)
        asking.told(pacing.answer(1.5).decode())
        self.assertEqual(1.5, asking.ask(7))
        self.assertEqual([{'want': 7}], sent)

    def test_nobody_answers_any_more(self) -> None:
        asking = pacing.Asking(lambda line: asking.over())
        self.assertEqual(0, asking.ask(7))


class Recorded(pacing.Pace):
    """Also says what was asked, and when that may pass."""

    def __init__(self, *buckets: pacing.Bucket) -> None:
        super().__init__(buckets)
        self.asked: list[tuple[float, int]] = []
        self.once = threading.Event()

    def ask(self, size: int) -> float:
        wait = super().ask(size)
        self.asked.append((self._clock() + wait, size))
        self.once.set()
        return wait


class ChildTest(test_runner.RunnerCase):
    """Real children, and the real clock."""

    def test_asks_for_each_window(self) -> None:
        pace = Recorded(pacing.Bucket(1e12))
        result = self.run_child(self.job('Full', 9 * MIB), pace=pace)
        self.assertEqual(9 * MIB, result['virtual_size'])
        self.assertEqual([2 * MIB] * 4 + [MIB],
                         [size for _when, size in pace.asked])

    def test_two_share(self) -> None:
        """No more passes than may, of both together."""
        rate = 40 * MIB
        shared = pacing.Bucket(rate)
        begun = shared._clock()
        paces = [Recorded(shared), Recorded(shared)]
        other = threading.Thread(target=self.run_child, args=(
            self.job('Full', 20 * MIB, name='other'),), kwargs={
                'pace': paces[1]})
        other.start()
        self.run_child(self.job('Full', 20 * MIB), pace=paces[0])
        other.join()
        passed = 0
        for when, size in sorted(paces[0].asked + paces[1].asked):
            passed += size
            self.assertLessEqual(
                passed, rate * (when - begun + pacing.BURST) + 1)
        self.assertEqual(40 * MIB, passed)

    def test_stopped_while_it_waits(self) -> None:
        """For a wait that is longer than any test."""
        pace = Recorded(pacing.Bucket(1))

        def gone(report: dict[str, Any]) -> None:
            if pace.once.is_set():
                raise exceptions.TransferCancelled(detail='gone')

        with waiting.bounded():
            self.assertRaises(exceptions.TransferCancelled, self.run_child,
                              self.job('Full'), pace=pace, progress=gone)
        self.assertEqual([], self.left())
        self.assertEqual(1, len(pace.asked))

    def test_zeros_are_free(self) -> None:
        pace = Recorded(pacing.Bucket(1))
        self.run_child(self.job(), pace=pace)
        self.assertEqual([], pace.asked)

    def test_nobody_asks_without_a_limit(self) -> None:
        """Who asked all the same would be stopped."""
        self.run_child(self.job('Full'))
        with self.assertRaisesRegex(exceptions.TransferFailed, 'none of its'):
            self.run_child(self.job('Asking', name='other'))

    def test_no_number(self) -> None:
        shared = pacing.Bucket(10 * MIB)
        with self.assertRaisesRegex(exceptions.TransferFailed, 'none of its'):
            self.run_child(self.job('Asking'), pace=pacing.Pace([shared]))
        self.assertEqual([], self.left())
        self.assertLess(pacing.Pace([shared]).ask(window.SIZE), 0.3)

    def test_answers_are_not_read(self) -> None:
        """Of a child that only asks: its parent is not held up."""
        python = self.work / 'python'
        python.write_text("#!/bin/sh\ncase $* in *transfer.child*) "
                          "exec yes '{\"want\": 1}';; esac\n"
                          'exec %s "$@"\n' % sys.executable)
        python.chmod(0o700)
        with waiting.bounded(), mock.patch.object(
                runner, 'STOP_GRACE', 0.1), self.assertRaisesRegex(
                    exceptions.TransferFailed, 'reads no answer'):
            self.run_child(self.job('Full'), pace=Recorded(
                pacing.Bucket(MIB)), python=str(python))

    def test_parent_killed(self) -> None:
        """While its child waits, for longer than any test."""
        parent = subprocess.Popen([sys.executable, '-c', (
            'import os, sys\n'
            'from glance_lifecycle.transfer import job, pacing, runner\n'
            'runner.Child(job.Job.from_json(sys.argv[1]), '
            'os.open(".", os.O_RDONLY), lambda report: print(report, '
            'flush=True), pace=pacing.Pace([pacing.Bucket(1)])).run()'),
            self.job('Full').to_json()], stdout=subprocess.PIPE)
        assert parent.stdout is not None
        for _twice in range(2):
            self.assertIn(b"'done': 0", parent.stdout.readline())
        child, = test_runner.children(parent.pid)
        parent.kill()
        parent.communicate()
        waiting.until('it has ended', lambda: not test_runner.alive(child))
        self.assertEqual([], self.left())
