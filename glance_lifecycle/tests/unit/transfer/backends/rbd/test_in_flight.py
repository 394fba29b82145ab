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


"""Many questions at once, and the answers in order."""

from collections.abc import Iterator
import threading

import testtools

from glance_lifecycle.transfer.backends.rbd import in_flight


class EachTest(testtools.TestCase):

    def test_order(self) -> None:
        self.assertEqual([2 * one for one in range(200)], list(
            in_flight.each(range(200), lambda one: 2 * one)))

    def test_at_once(self) -> None:
        """So many have to be asked before any of them is answered."""
        together = threading.Barrier(in_flight.MOST, timeout=30)

        def look(one: int) -> int:
            together.wait()
            return one
        count = 3 * in_flight.MOST
        self.assertEqual(list(range(count)),
                         list(in_flight.each(range(count), look)))

    def test_bounded(self) -> None:
        taken = []

        def things() -> Iterator[int]:
            for one in range(1000):
                taken.append(one)
                yield one
        answers = in_flight.each(things(), lambda one: one)
        self.assertEqual(0, next(answers))
        self.assertLessEqual(len(taken), 2 * in_flight.MOST + 1)
        del answers

    def test_error(self) -> None:
        def look(one: int) -> int:
            if one == 3:
                raise ValueError('three')
            return one
        answers = in_flight.each(range(1000), look)
        self.assertEqual([0, 1, 2], [next(answers) for _ in range(3)])
        self.assertRaises(ValueError, next, answers)
