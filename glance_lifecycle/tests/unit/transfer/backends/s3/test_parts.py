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

"""Parts of an upload: bounded, exact, and sent by several threads."""

import hashlib
import threading
import unittest

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies

from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.tests import waiting
from glance_lifecycle.transfer.backends.s3 import parts as s3_parts

LAYOUT = strategies.lists(strategies.tuples(
    strategies.booleans(), strategies.integers(1, 2500)), max_size=8)


class Sender:
    """Stands for the service."""

    def __init__(self) -> None:
        self.parts: dict[int, bytes] = {}
        self.at_once = 0
        self.most = 0
        self.fail_at = 0
        self.hold = threading.Event()
        self.hold.set()
        self._lock = threading.Lock()

    def send(self, part: s3_parts.Part) -> str:
        with self._lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        self.hold.wait()
        content = b''.join(part.pieces())
        assert len(content) == part.length
        assert hashlib.md5(content).digest() == part.md5()
        with self._lock:
            self.at_once -= 1
            self.parts[part.number] = content
        if part.number == self.fail_at:
            raise OSError('made to fail')
        return f'tag-{part.number}'

    def content(self) -> bytes:
        return b''.join(self.parts[n] for n in sorted(self.parts))


class PartsTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.sender = Sender()

    def parts(self, size: int = 1000, held: int = 3) -> s3_parts.Parts:
        parts = s3_parts.Parts(self.sender.send, size, held)
        self.addCleanup(parts.stop, waiting.BOUND)
        self.addCleanup(self.sender.hold.set)
        return parts

    @settings(max_examples=40)
    @given(LAYOUT, strategies.integers(100, 3000), strategies.integers(1, 5))
    def test_any_layout(self, layout: list[tuple[bool, int]], size: int,
                        held: int) -> None:
        sender = Sender()
        parts = s3_parts.Parts(sender.send, size, held)
        expected = b''
        for number, (data, length) in enumerate(layout):
            if data:
                piece = helpers.noise(length, number)
                parts.write(memoryview(piece))
                expected += piece
            else:
                parts.zero(length)
                expected += bytes(length)
        tags = parts.finish()
        self.assertEqual(expected, sender.content())
        count = -(-len(expected) // size)
        self.assertEqual({n: f'tag-{n}' for n in range(1, count + 1)}, tags)
        self.assertEqual([size] * (count - 1),
                         [len(sender.parts[n]) for n in range(1, count)])

    def test_the_buffer_is_free_at_once(self) -> None:
        parts = self.parts()
        buffer = bytearray(b'a' * 1500)
        self.sender.hold.clear()
        parts.write(memoryview(buffer))
        buffer[:] = b'b' * 1500
        self.sender.hold.set()
        parts.finish()
        self.assertEqual(b'a' * 1500, self.sender.content())

    def test_several_at_once_and_no_more(self) -> None:
        self.sender.hold.clear()
        parts = self.parts(held=4)
        writer = threading.Thread(target=parts.zero, args=(40 * 1000,))
        writer.start()
        waiting.until('three are sent', lambda: self.sender.at_once == 3)
        self.sender.hold.set()
        writer.join(waiting.BOUND)
        parts.finish()
        self.assertEqual(3, self.sender.most)

    def test_waits_for_a_service_that_is_slow(self) -> None:
        parts = self.parts(held=3)
        self.sender.hold.clear()
        written: list[int] = []

        def write() -> None:
            for number in range(10):
                parts.write(memoryview(bytes(1000)))
                written.append(number)

        writer = threading.Thread(target=write)
        writer.start()
        self.assertEqual(3, waiting.settled(lambda: len(written), 0.1))
        self.sender.hold.set()
        writer.join()
        self.assertEqual(10, len(parts.finish()))

    def test_failure_is_raised(self) -> None:
        for fail_at in (1, 3, 6):
            with self.subTest(fail_at):
                self.sender = Sender()
                self.sender.fail_at = fail_at
                parts = self.parts()
                with self.assertRaisesRegex(OSError, 'made to fail'):
                    for _ in range(6):
                        parts.zero(1000)
                    parts.finish()

    def test_stop(self) -> None:
        self.sender.hold.clear()
        parts = self.parts()
        parts.zero(2000)
        self.assertFalse(parts.stop(0.02))
        self.sender.hold.set()
        self.assertTrue(parts.stop(waiting.BOUND))

    def test_no_thread_is_left(self) -> None:
        parts = self.parts()
        parts.zero(5000)
        parts.finish()
        for thread in parts._threads:
            thread.join(waiting.BOUND)
            self.assertFalse(thread.is_alive())

    def test_zeros_take_no_memory(self) -> None:
        parts = self.parts(size=1 << 40)
        parts.zero(1 << 20)
        self.assertIsNone(parts._filling and parts._filling._memory)


class BodyTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.part = s3_parts.Part(1 << 20)
        self.content = (helpers.noise(300000) + bytes(200000)
                        + helpers.noise(1000, 2))
        self.part.add(memoryview(self.content[:300000]))
        self.part.add_zeros(200000)
        self.part.add(memoryview(self.content[500000:]))
        self.sent = 0
        self.stopped = threading.Event()
        self.body = s3_parts.Body(self.part, self.count, self.stopped)

    def count(self) -> None:
        self.sent += 1

    def rest(self) -> bytes:
        return b''.join(iter(lambda: bytes(self.body.read(16384)), b''))

    def test_read(self) -> None:
        self.assertEqual(len(self.content), len(self.body))
        self.assertEqual(self.content, self.rest())
        self.assertEqual(b'', self.body.read())
        self.assertGreater(self.sent, 3)

    def test_again_from_anywhere(self) -> None:
        for offset in (0, 1, 299999, 300000, 400000, 500500, 501000):
            self.assertEqual(offset, self.body.seek(offset))
            self.assertEqual(offset, self.body.tell())
            self.assertEqual(self.content[offset:], self.rest())
        self.assertEqual(501000, self.body.seek(0, 2))
        self.assertEqual(500000, self.body.seek(-1000, 1))

    def test_stopped(self) -> None:
        self.body.read()
        self.stopped.set()
        self.assertRaises(s3_parts.Stopped, self.body.read)

    def test_an_empty_part_has_a_body(self) -> None:
        body = s3_parts.Body(s3_parts.Part(1), self.count, self.stopped)
        self.assertTrue(body)
        self.assertEqual(b'', body.read())
