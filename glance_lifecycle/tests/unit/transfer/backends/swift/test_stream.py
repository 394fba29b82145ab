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

"""A request's body that is given and read by two threads."""

import hashlib
import mmap
import threading
import unittest

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies

from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.tests import waiting
from glance_lifecycle.transfer.backends.swift import stream as swift_stream


def nothing() -> None:
    pass


class Service:
    """Reads like a connection does."""

    def __init__(self) -> None:
        self.content = b''
        self.stop_after = -1
        self.error: Exception | None = None

    def put(self, _name: str, stream: swift_stream.Stream) -> str:
        while len(self.content) < stream.length:
            if 0 <= self.stop_after <= len(self.content):
                if self.error:
                    raise self.error
                return 'early'
            part = stream.read(16384)
            assert part
            self.content += part
        return hashlib.md5(self.content).hexdigest()


class StreamTest(unittest.TestCase):

    def start(self, service: Service, length: int) -> swift_stream.Upload:
        upload = swift_stream.Upload('name', length, nothing, service.put)
        self.addCleanup(upload.join, waiting.BOUND)
        self.addCleanup(upload.stream.break_off)
        return upload

    @settings(max_examples=50)
    @given(strategies.lists(strategies.tuples(
        strategies.booleans(), strategies.integers(1, 600000)),
        min_size=1, max_size=6))
    def test_any_layout(self, layout: list[tuple[bool, int]]) -> None:
        service = Service()
        expected = b''
        upload = self.start(service, sum(length for _d, length in layout))
        buffer = mmap.mmap(-1, 600000)
        for number, (data, length) in enumerate(layout):
            if data:
                view = memoryview(buffer)[:length]
                view[:] = piece = helpers.noise(length, number)
                self.assertTrue(upload.stream.give(view))
                # Used for other things at once.
                view[:] = b'\xee' * length
                expected += piece
            else:
                self.assertTrue(upload.stream.give_zeros(length))
                expected += bytes(length)
        upload.join(waiting.BOUND)
        self.assertIsNone(upload.error)
        self.assertEqual(0, upload.stream.missing)
        self.assertEqual(expected, service.content)
        self.assertEqual(upload.stream.md5(), upload.tag)

    def test_the_service_answers_early(self) -> None:
        for error in (None, OSError('full')):
            service = Service()
            service.stop_after = 300000
            service.error = error
            upload = self.start(service, 1000000)
            given = [upload.stream.give(memoryview(bytes(100000)))
                     for _ in range(6)]
            self.assertTrue(given[0])
            self.assertFalse(given[-1])
            upload.join(waiting.BOUND)
            self.assertIs(error, upload.error)

    def test_break_off(self) -> None:
        service = Service()
        upload = self.start(service, 1000)
        self.assertTrue(upload.stream.give(memoryview(b'x' * 10)))
        upload.stream.break_off()
        upload.join(waiting.BOUND)
        self.assertIsInstance(upload.error, swift_stream.BrokenOff)
        self.assertFalse(upload.stream.give(memoryview(b'x')))

    def test_the_giver_waits(self) -> None:
        """That is the back-pressure."""
        read = threading.Event()
        service = Service()

        def put(name: str, stream: swift_stream.Stream) -> str:
            read.wait()
            return service.put(name, stream)

        upload = swift_stream.Upload('name', 2000, nothing, put)
        self.addCleanup(upload.join, waiting.BOUND)
        giver = threading.Thread(
            target=upload.stream.give, args=(memoryview(bytes(1000)),))
        giver.start()
        self.assertTrue(waiting.settled(giver.is_alive, 0.05))
        read.set()
        giver.join(waiting.BOUND)
        self.assertFalse(giver.is_alive())
        upload.stream.give(memoryview(bytes(1000)))

    def test_nothing(self) -> None:
        upload = self.start(Service(), 0)
        self.assertTrue(upload.stream.give(memoryview(b'')))
        upload.join(waiting.BOUND)
        self.assertEqual(hashlib.md5().hexdigest(), upload.tag)
