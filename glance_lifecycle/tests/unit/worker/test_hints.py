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

import threading

import testtools

from glance_lifecycle.tests import waiting
from glance_lifecycle.worker import hints


class HintsTest(testtools.TestCase):

    def test_each_once_in_order(self) -> None:
        waiting_ones = hints.Hints()
        for image_id in ('b', 'a', 'b', 'c', 'a'):
            waiting_ones.seen(image_id)
        self.assertEqual(3, len(waiting_ones))
        self.assertEqual(['b', 'a', 'c'], waiting_ones.take(0))
        self.assertEqual([], waiting_ones.take(0))

    def test_seen_again_once_taken(self) -> None:
        """What changes while somebody looks is looked at again."""
        waiting_ones = hints.Hints()
        waiting_ones.seen('a')
        waiting_ones.take(0)
        waiting_ones.seen('a')
        self.assertEqual(['a'], waiting_ones.take(0))

    def test_too_many(self) -> None:
        waiting_ones = hints.Hints(limit=2)
        for image_id in ('a', 'b'):
            waiting_ones.seen(image_id)
        self.assertFalse(waiting_ones.overflowed())
        for image_id in ('c', 'a', 'd'):
            waiting_ones.seen(image_id)
        self.assertTrue(waiting_ones.overflowed())
        self.assertFalse(waiting_ones.overflowed())
        self.assertEqual(['a', 'b'], waiting_ones.take(0))
        # There is room again, and the next overflow is told again.
        for image_id in ('c', 'd', 'e'):
            waiting_ones.seen(image_id)
        self.assertTrue(waiting_ones.overflowed())
        self.assertEqual(['c', 'd'], waiting_ones.take(0))

    def test_one_that_waits_already_is_no_overflow(self) -> None:
        waiting_ones = hints.Hints(limit=1)
        waiting_ones.seen('a')
        waiting_ones.seen('a')
        self.assertFalse(waiting_ones.overflowed())

    def test_waits_for_the_first(self) -> None:
        waiting_ones = hints.Hints()
        taken: list[str] = []
        taker = threading.Thread(
            target=lambda: taken.extend(waiting_ones.take(None)))
        taker.start()
        waiting_ones.seen('a')
        taker.join(waiting.BOUND)
        self.assertEqual(['a'], taken)

    def test_closed(self) -> None:
        waiting_ones = hints.Hints()
        takers = [threading.Thread(target=waiting_ones.take, args=(None,))
                  for _ in range(2)]
        for taker in takers:
            taker.start()
        waiting_ones.close()
        for taker in takers:
            taker.join(waiting.BOUND)
            self.assertFalse(taker.is_alive())
        # Those that come too late are not lost.
        waiting_ones.seen('a')
        self.assertEqual(['a'], waiting_ones.take(None))

    def test_many_threads(self) -> None:
        """Nothing is lost, whoever sees and whoever takes."""
        waiting_ones = hints.Hints()
        taken: list[str] = []

        def take() -> None:
            while found := waiting_ones.take(None):
                taken.extend(found)

        def see(number: int) -> None:
            for image in range(200):
                waiting_ones.seen(f'{number}-{image}')
        takers = [threading.Thread(target=take) for _ in range(3)]
        seers = [threading.Thread(target=see, args=(number,))
                 for number in range(4)]
        for thread in (*takers, *seers):
            thread.start()
        for thread in seers:
            thread.join(waiting.BOUND)
        waiting_ones.close()
        for thread in takers:
            thread.join(waiting.BOUND)
        self.assertEqual(sorted(f'{number}-{image}' for number in range(4)
                                for image in range(200)), sorted(taken))
