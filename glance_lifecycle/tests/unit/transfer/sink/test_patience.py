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
import time
import unittest

from glance_lifecycle.transfer.sink import patience


class PatienceTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        before = patience._PAUSES
        patience._PAUSES = (0.01, 0.04)
        self.addCleanup(setattr, patience, '_PAUSES', before)
        self.calls = 0

    def fail(self, times: int) -> str:  # type: ignore[override]
        self.calls += 1
        if self.calls <= times:
            raise ConnectionError('gone')
        return 'well'

    def test_what_passes(self) -> None:
        self.assertEqual('well', patience.Patience(10).insist(
            lambda: self.fail(3), lambda error: True))
        self.assertEqual(4, self.calls)

    def test_what_does_not(self) -> None:
        with self.assertRaises(ConnectionError):
            patience.Patience(10).insist(lambda: self.fail(3),
                                         lambda error: False)
        self.assertEqual(1, self.calls)

    def test_not_for_ever(self) -> None:
        with self.assertRaises(ConnectionError):
            patience.Patience(10).insist(lambda: self.fail(99),
                                         lambda error: True)
        self.assertEqual(10, self.calls)

    def test_no_longer_than_it_may_be_silent(self) -> None:
        started = time.monotonic()
        with self.assertRaises(ConnectionError):
            patience.Patience(0.1).insist(lambda: self.fail(99),
                                          lambda error: True)
        self.assertLess(time.monotonic() - started, 0.2)
        self.assertLess(self.calls, 8)

    def test_a_sign_of_life_counts(self) -> None:
        waiting = patience.Patience(0.1)

        def attempt() -> str:
            time.sleep(0.06)
            waiting.heard()
            return self.fail(4)
        self.assertEqual('well', waiting.insist(attempt, lambda error: True))

    def test_stop_ends_a_pause(self) -> None:
        patience._PAUSES = (30.0, 30.0)
        waiting = patience.Patience(100)
        timer = threading.Timer(0.05, waiting.stop)
        timer.start()
        self.addCleanup(timer.join)
        with self.assertRaises(ConnectionError):
            waiting.insist(lambda: self.fail(99), lambda error: True)
        self.assertEqual(2, self.calls)
        waiting.resume(3)
        self.assertEqual(3, waiting.seconds)
        self.calls = 0
        patience._PAUSES = (0.0, 0.0)
        self.assertEqual('well', waiting.insist(
            lambda: self.fail(1), lambda error: True))
