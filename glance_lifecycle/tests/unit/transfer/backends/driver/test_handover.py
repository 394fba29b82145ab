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
import unittest

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies

from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.tests import waiting
from glance_lifecycle.transfer.backends.driver import handover


class HandoverTest(unittest.TestCase):

    def start(self, pipe: handover.Handover,
              size: int) -> tuple[threading.Thread, list[bytes]]:
        got: list[bytes] = []

        def read() -> None:
            try:
                while part := pipe.read(size):
                    got.append(part)
            except handover.Broken:
                got.append(b'BROKEN')
            finally:
                pipe.reader_left()

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread, got

    @settings(max_examples=50)
    @given(strategies.lists(strategies.integers(-2000, 2000), max_size=12),
           strategies.integers(1, 3000))
    def test_any_pieces_any_reads(self, pieces: list[int],
                                  size: int) -> None:
        pipe = handover.Handover()
        thread, got = self.start(pipe, size)
        expected = b''
        for piece in pieces:
            if piece < 0:
                self.assertTrue(pipe.give_zeros(-piece))
                expected += bytes(-piece)
            else:
                data = bytearray(helpers.noise(piece))
                expected += data
                self.assertTrue(pipe.give(memoryview(data)))
                data[:] = bytes(piece)
        pipe.finish()
        thread.join()
        self.assertEqual(expected, b''.join(got))
        # Full reads, but for the last.
        self.assertTrue(all(len(part) == size for part in got[:-1]))

    def test_read_all(self) -> None:
        pipe = handover.Handover()
        thread, got = self.start(pipe, -1)
        pipe.give(memoryview(b'abc'))
        pipe.give_zeros(2)
        pipe.finish()
        thread.join()
        self.assertEqual([b'abc\0\0'], got)

    def test_long_zeros(self) -> None:
        pipe = handover.Handover()
        thread, got = self.start(pipe, 700000)
        self.assertTrue(pipe.give_zeros(3000001))
        pipe.finish()
        thread.join()
        self.assertEqual(3000001, sum(map(len, got)))

    def test_break_off_wakes_the_reader(self) -> None:
        pipe = handover.Handover()
        thread, got = self.start(pipe, 10)
        pipe.give(memoryview(b'abc'))
        pipe.break_off()
        thread.join(waiting.BOUND)
        self.assertEqual([b'BROKEN'], got)

    def test_break_off_wakes_the_giver(self) -> None:
        pipe = handover.Handover()
        threading.Timer(0.05, pipe.break_off).start()
        self.assertFalse(pipe.give(memoryview(b'nobody reads')))

    def test_reader_that_leaves_wakes_the_giver(self) -> None:
        pipe = handover.Handover()
        threading.Timer(0.05, pipe.reader_left).start()
        self.assertFalse(pipe.give(memoryview(b'nobody reads')))
