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

"""What can happen to an object store, as a mix-in for the tests of a sink.

Stock holds whole images in memory, hangs, or leaves uploads behind.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import json
import os
import pathlib
import threading
from typing import Any
from typing import ClassVar
from unittest import mock

from glance_lifecycle import exceptions
from glance_lifecycle.tests.functional.fixtures import bad_network
from glance_lifecycle.tests.functional.stores import noted
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.tests import waiting
from glance_lifecycle.transfer.backends.object_store import patience
from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import journal
from glance_lifecycle.transfer import runner
from glance_lifecycle.transfer import sink as sinks

IMAGE = helpers.IMAGE
MIB = 1024 * 1024
TIMEOUT = 5
# For what is meant to succeed.
PATIENT = int(waiting.BOUND)

# Longer than what sockets and servers hold of one request.
PIECES = 12
CONTENT = helpers.Image(*[helpers.noise(2 * MIB, n) for n in range(PIECES)])


@contextlib.contextmanager
def attempts() -> Iterator[list[Exception]]:
    """The errors of the calls that failed, of which some are tried again."""
    insist = patience.Patience.insist
    failed: list[Exception] = []

    def watched(self: patience.Patience, attempt: Callable[[], Any],
                may_pass: Callable[[Exception], bool]) -> Any:
        def judged(error: Exception) -> bool:
            failed.append(error)
            return may_pass(error)
        return insist(self, attempt, judged)
    with mock.patch.object(patience.Patience, 'insist', watched):
        yield failed


class FaultTests(noted.Noted):
    """The rest is for the class of a sink to say.

    :cvar entry: ``module:class`` of the sink
    :cvar resumes: what a broken connection held is sent again
    """

    entry: ClassVar[str]
    resumes: ClassVar[bool]

    path: pathlib.Path

    def service_fixture(self) -> Any:
        """``pid``, ``stopped()``, ``kill()``, ``start()``, ``restart()``."""
        raise NotImplementedError

    def fault_options(self, url: str = '', **other: Any) -> dict[str, Any]:
        """Options of a store.

        :param url: reach the service by this address
        """
        raise NotImplementedError

    def content(self) -> bytes | None:
        raise NotImplementedError

    def left(self) -> list[str]:
        raise NotImplementedError

    def service_port(self) -> int:
        raise NotImplementedError

    # Tools.

    def fault_sink(self, url: str = '', **other: Any) -> sinks.Sink:
        sink: sinks.Sink = self.noting(jobs.load(self.entry)(
            'one', IMAGE, self.fault_options(
                url, **{'timeout': TIMEOUT, **other})))
        return sink

    def fault_undo(self, url: str = '', **other: Any) -> bool:
        return bool(jobs.load(self.entry).undo(
            'one', IMAGE, self.fault_options(url, **{
                'timeout': TIMEOUT, **other}), self.created))

    def fault_begun(self, **other: Any) -> sinks.Sink:
        sink = self.fault_sink(**other)
        sink.begin(len(CONTENT.content))
        helpers.feed(sink, CONTENT, 2)
        return sink

    def go_on(self, sink: sinks.Sink) -> None:
        """Write on, until the end or an error."""
        offset = 4 * MIB
        for piece in CONTENT.pieces[2:]:
            assert isinstance(piece, bytes)
            sink.write(offset, memoryview(piece))
            offset += len(piece)
        sink.commit()

    @contextlib.contextmanager
    def fails(self, text: str,
              kind: type[exceptions.StoreError] = exceptions.StoreError
              ) -> Iterator[None]:
        """The error comes, tells why, and holds no secret.

        Around it stands what makes it come: while a service is silent or
        gone, the end of it is not waited for.
        """
        with self.assertRaisesRegex(kind, text) as caught:
            yield
        self.assertEqual('one', caught.exception.store)
        self.assertNotIn('secret', str(caught.exception))

    def undo_all(self) -> None:
        """Undo until nothing is left.

        What the service had read whole before it fell silent, or before the
        connection broke, it may carry out after undo has looked.
        """
        def undone() -> bool:
            self.fault_undo(timeout=PATIENT)
            return not self.left()
        waiting.until('nothing is left', undone)

    def check_works(self) -> None:
        """It is back: nothing is left when undone, and imports succeed."""
        self.undo_all()
        helpers.store(self.fault_sink(timeout=PATIENT), CONTENT)
        self.assertTrue(CONTENT.content == self.content())
        self.assertTrue(self.fault_undo(timeout=PATIENT))
        self.assertEqual([], self.left())

    # Silent, for ever and for a while.

    def test_silent_before(self) -> None:
        with self.service_fixture().stopped():
            sink = self.fault_sink()
            with self.fails(f'did not answer within {TIMEOUT} s'):
                sink.begin(MIB)
            sink.abort()
            with self.fails(f'did not answer within {TIMEOUT} s'):
                self.fault_undo()
        self.check_works()

    def test_silent_while_writing(self) -> None:
        sink = self.fault_begun()
        with self.service_fixture().stopped():
            with self.fails(f'did not answer within {TIMEOUT} s'):
                self.go_on(sink)
            sink.abort()
        self.check_works()

    def test_silent_at_the_end(self) -> None:
        sink = self.fault_sink()
        sink.begin(len(CONTENT.content))
        helpers.feed(sink, CONTENT)
        waiting.settled(lambda: sink.bytes_written)
        with self.service_fixture().stopped():
            with self.fails(f'did not answer within {TIMEOUT} s'):
                sink.commit()
            sink.abort()
        self.check_works()

    def test_silent_for_a_while(self) -> None:
        sink = self.fault_begun(timeout=PATIENT)
        stopped = contextlib.ExitStack()
        self.addCleanup(stopped.close)
        stopped.enter_context(self.service_fixture().stopped())
        timer = threading.Timer(6, stopped.close)
        timer.start()
        self.addCleanup(timer.join)
        self.go_on(sink)
        self.assertTrue(CONTENT.content == self.content())
        self.assertTrue(self.fault_undo())

    # Gone, for ever and for a while.

    def test_gone_before(self) -> None:
        service = self.service_fixture()
        # The fixture's identity service needs Swift for the first token.
        self.fault_undo()
        service.kill()
        try:
            sink = self.fault_sink()
            with self.fails('ECONNREFUSED'):
                sink.begin(MIB)
            sink.abort()
        finally:
            service.restart()
        self.check_works()

    def test_gone_while_writing(self) -> None:
        service = self.service_fixture()
        sink = self.fault_begun()
        service.kill()
        try:
            with self.fails('connection.*(ECONN|EPIPE|closed)'):
                self.go_on(sink)
            sink.abort()
        finally:
            service.restart()
        self.check_works()

    def test_restarted_while_writing(self) -> None:
        service = self.service_fixture()
        sink = self.fault_begun(timeout=PATIENT)
        service.kill()
        over: list[BaseException | None] = []

        def write() -> None:
            try:
                self.go_on(sink)
                over.append(None)
            except BaseException as error:
                over.append(error)

        writer = threading.Thread(target=write)
        with attempts() as failed:
            writer.start()
            waiting.until('it notices', lambda: failed or over)
            # By this thread: a server ends with the one that started it.
            service.restart()
            writer.join(waiting.BOUND)
        self.assertEqual(1, len(over))
        if self.resumes:
            self.assertIsNone(over[0])
            self.assertTrue(CONTENT.content == self.content())
        else:
            self.assertIsInstance(over[0], exceptions.StoreError)
            sink.abort()
        self.check_works()

    # Cut at every call.

    def test_cut_anywhere(self) -> None:
        """A cut ends in the whole image, or in an error and in nothing."""
        network = bad_network.BadNetwork(self.service_port())
        network.setUp()
        self.addCleanup(network.cleanUp)
        image = helpers.Image(helpers.noise(3 * MIB), 5000, b'tail')
        helpers.store(self.fault_sink(network.url), image)
        self.assertTrue(self.fault_undo())
        whole = network.sent
        # Requests without a body are few bytes, at both ends.
        points = [*range(1, 4000, 500),
                  *range(4000, whole - 4000, whole // 6),
                  *range(whole - 4000, whole, 500)]
        ends = {True: 0, False: 0}
        for point in points:
            with self.subTest(point, of=whole):
                ends[self.cut_once(network, point, image)] += 1
        # Requests without a body are tried again everywhere.
        self.assertGreater(ends[True],
                           len(points) // 3 if self.resumes else 0)
        for point in points[::4]:
            with self.subTest(point, of=whole, gone=True):
                self.cut_once(network, point, image, gone=True)

    def cut_once(self, network: bad_network.BadNetwork, point: int,
                 image: helpers.Image, gone: bool = False) -> bool:
        network.reset()
        network.cut_at = point
        network.gone = gone
        sink = self.fault_sink(network.url, timeout=1 if gone else PATIENT)
        try:
            helpers.store(sink, image)
        except exceptions.StoreError as error:
            self.assertNotIn('secret', str(error))
            sink.abort()
            self.assertIsNone(self.content())
            if not gone:
                # That whose connection was cut: see undo_all.
                self.assertLessEqual(len(self.left()), 1)
            self.undo_all()
            return False
        self.assertTrue(image.content == self.content())
        self.assertTrue(self.fault_undo())
        return True

    # Memory.

    def test_memory_while_silent(self) -> None:
        """A child's memory while its store pauses for 30 s."""
        size = 512 * MIB
        source = self.path / 'source'
        block = helpers.noise(MIB)
        with source.open('wb') as stream:
            for number in range(size // MIB):
                stream.write(block[number:] + block[:number])
        record = journal.create(str(self.path / 'state'), 'task', IMAGE)
        self.addCleanup(record.close)
        job = jobs.Job(
            image_id=IMAGE, journal=record.fd,
            source='glance_lifecycle.transfer.formats.raw:RawSource',
            source_options={}, digests=('md5', 'sha512'),
            targets=(jobs.Target('one', self.entry, self.memory_options()),),
            progress_interval=0.1, limits=jobs.Limits(
                memory=1024 * MIB + jobs.load(self.entry).address_space))
        fd = os.open(source, os.O_RDONLY)
        self.addCleanup(os.close, fd)
        stopped = contextlib.ExitStack()
        self.addCleanup(stopped.close)
        timers: list[threading.Timer] = []

        def stop(report: dict[str, Any]) -> None:
            if not timers and report['done'] > 100 * MIB:
                stopped.enter_context(self.service_fixture().stopped())
                timers.append(threading.Timer(30, stopped.close))
                timers[0].start()

        result = runner.Child(job, fd, stop).run()
        self.assertEqual(1, len(timers))
        # The pause had an end before the transfer had.
        self.assertTrue(timers[0].finished.is_set())
        self.assertEqual(size, result['bytes_written']['one'])
        self.assertLess(result['peak_memory'], 250 * MIB, json.dumps(result))
        record.reread()
        for mark in record.record.marks('one'):
            self.note('one', mark)
        self.assertTrue(self.fault_undo())

    def memory_options(self) -> dict[str, Any]:
        """As an operator has them who sets nothing, but the timeout."""
        return self.fault_options(timeout=PATIENT)
