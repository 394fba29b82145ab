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

"""How long a service may be silent."""

import threading
import unittest
from unittest import mock

from glance_lifecycle.transfer.backends.object_store import patience


class Clock(threading.Event):
    """Of a machine that does nothing but pause.

    :ivar now: seconds, as ``time.monotonic()``
    """

    now = 0.0

    def monotonic(self) -> float:
        return self.now

    def wait(self, timeout: float | None = None) -> bool:
        self.now += timeout or 0
        return self.is_set()


class Pause(threading.Event):
    """Says when somebody pauses."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        self.begun.set()
        return super().wait(timeout)


class PatienceTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.pauses(0.01, 0.04)
        self.clock = Clock()
        self.calls = 0

    def pauses(self, first: float, longest: float) -> None:
        patched = mock.patch.object(patience, '_PAUSES', (first, longest))
        patched.start()
        self.addCleanup(patched.stop)

    def patience(self, seconds: float) -> patience.Patience:
        patched = mock.patch.object(patience, 'time', self.clock)
        patched.start()
        self.addCleanup(patched.stop)
        made = patience.Patience(seconds)
        made._stopped = self.clock
        return made

    def fail(self, times: int) -> str:  # type: ignore[override]
        self.calls += 1
        if self.calls <= times:
            raise ConnectionError('gone')
        return 'well'

    def test_what_passes(self) -> None:
        self.assertEqual('well', self.patience(10).insist(
            lambda: self.fail(3), lambda error: True))
        self.assertEqual(4, self.calls)

    def test_what_does_not(self) -> None:
        with self.assertRaises(ConnectionError):
            self.patience(10).insist(lambda: self.fail(3),
                                         lambda error: False)
        self.assertEqual(1, self.calls)

    def test_not_for_ever(self) -> None:
        with self.assertRaises(ConnectionError):
            self.patience(10).insist(lambda: self.fail(99),
                                         lambda error: True)
        self.assertEqual(10, self.calls)

    def test_no_longer_than_it_may_be_silent(self) -> None:
        with self.assertRaises(ConnectionError):
            self.patience(0.1).insist(lambda: self.fail(99),
                                      lambda error: True)
        self.assertLessEqual(self.clock.now, 0.1)
        self.assertLess(self.calls, 8)

    def test_a_sign_of_life_counts(self) -> None:
        waiting = self.patience(0.1)

        def attempt() -> str:
            self.clock.now += 0.06
            waiting.heard()
            return self.fail(4)
        self.assertEqual('well', waiting.insist(attempt, lambda error: True))

    def test_stop_ends_a_pause(self) -> None:
        self.pauses(1e6, 1e6)
        waiting = patience.Patience(1e7)
        pause = waiting._stopped = Pause()

        def stop() -> None:
            pause.begun.wait()
            waiting.stop()
        stopper = threading.Thread(target=stop)
        stopper.start()
        self.addCleanup(stopper.join)
        with self.assertRaises(ConnectionError):
            waiting.insist(lambda: self.fail(99), lambda error: True)
        self.assertEqual(2, self.calls)
        waiting.resume(3)
        self.assertEqual(3, waiting.seconds)
        self.calls = 0
        self.pauses(0.0, 0.0)
        self.assertEqual('well', waiting.insist(
            lambda: self.fail(1), lambda error: True))
