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

"""What can happen to a service while a copy is read, as a mix-in."""

from collections.abc import Iterator
import contextlib
import hashlib
import threading
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.tests.functional.fixtures import bad_network
from glance_lifecycle.tests.functional.stores import object_faults
from glance_lifecycle.tests.functional.stores import source_case
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.tests import waiting
from glance_lifecycle.transfer.backends import stored

MIB = source_case.MIB
TIMEOUT = 5
# For what is meant to succeed.
PATIENT = int(waiting.BOUND)
CONTENT = helpers.Image(*[helpers.noise(2 * MIB, n) for n in range(6)])
SHA512 = hashlib.sha512(CONTENT.content).hexdigest()


class SourceFaults(source_case.SourceCase):
    """Of a service that is reached over a network."""

    def service_fixture(self) -> Any:
        """``stopped()``, ``kill()``, ``restart()``."""
        raise NotImplementedError

    def service_port(self) -> int:
        raise NotImplementedError

    def through(self, options: dict[str, Any], url: str) -> None:
        """Change a source's options: reach the service by this address."""
        raise NotImplementedError

    @contextlib.contextmanager
    def reading(self, timeout: float = TIMEOUT,
                url: str = '') -> Iterator[stored.StoredSource]:
        found = self.described(self.location or self.put(CONTENT))
        found['options']['timeout'] = timeout
        if url:
            self.through(found['options'], url)
        source = self.source(-1, **found)
        try:
            yield source
        finally:
            source.close()

    @contextlib.contextmanager
    def fails(self, text: str) -> Iterator[None]:
        """The error comes, tells why, and holds no secret."""
        with self.assertRaisesRegex(exceptions.StoreError, text) as caught:
            yield
        self.assertEqual('one', caught.exception.store)
        self.assertNotIn('secret', str(caught.exception))

    def open_again(self, timeout: float = TIMEOUT) -> None:
        """What was put is still there."""
        found = self.described(self.location)
        found['options']['timeout'] = timeout
        self.source(-1, **found).close()

    def check_works(self) -> None:
        with self.reading(PATIENT) as source:
            self.assertEqual(SHA512, self.digest(source))

    # Silent, for ever and for a while.

    def test_silent_before(self) -> None:
        self.check_works()
        with self.service_fixture().stopped(), self.fails(
                f'did not answer within {TIMEOUT} s'):
            self.open_again()

    def test_silent_while_reading(self) -> None:
        with self.reading() as source:
            source.read_into(0, memoryview(bytearray(MIB)))
            with self.service_fixture().stopped(), self.fails(
                    f'did not answer within {TIMEOUT} s'):
                self.digest(source)
        self.check_works()

    def test_silent_for_a_while(self) -> None:
        with (self.reading(PATIENT) as source,
              contextlib.ExitStack() as stopped):
            stopped.enter_context(self.service_fixture().stopped())
            timer = threading.Timer(5, stopped.close)
            timer.start()
            self.assertEqual(SHA512, self.digest(source))
            timer.join()

    # Gone, for ever and for a while.

    def test_gone_before(self) -> None:
        self.check_works()
        self.service_fixture().kill()
        try:
            with self.fails('ECONNREFUSED'):
                self.open_again()
        finally:
            self.service_fixture().restart()
        self.open_again(PATIENT)

    def test_gone_while_reading(self) -> None:
        with self.reading() as source:
            source.read_into(0, memoryview(bytearray(MIB)))
            self.service_fixture().kill()
            try:
                with self.fails('connection.*(ECONN|EPIPE|closed)'):
                    self.digest(source)
            finally:
                self.service_fixture().restart()
        self.check_works()

    def test_restarted_while_reading(self) -> None:
        with self.reading(PATIENT) as source:
            source.read_into(0, memoryview(bytearray(MIB)))
            self.service_fixture().kill()
            found: list[str | BaseException] = []

            def read() -> None:
                try:
                    found.append(self.digest(source))
                except BaseException as error:
                    found.append(error)
            reader = threading.Thread(target=read)
            with object_faults.attempts() as failed:
                reader.start()
                waiting.until('it notices', lambda: failed or found)
                # By this thread: a server ends with the one that started it.
                self.service_fixture().restart()
                reader.join(waiting.BOUND)
            self.assertEqual([SHA512], found)

    def test_cut_anywhere(self) -> None:
        """Only what was cut is read again."""
        network = bad_network.BadNetwork(self.service_port(), answers=True)
        network.setUp()
        self.addCleanup(network.cleanUp)
        with self.reading(PATIENT, network.url) as source:
            self.assertEqual(SHA512, self.digest(source))
        whole = network.sent
        self.assertLess(whole, len(CONTENT.content) + MIB)
        for point in (1, 100, 400, *range(1000, whole, whole // 8)):
            with self.subTest(point, of=whole):
                network.reset()
                network.cut_at = point
                with self.reading(PATIENT, network.url) as source:
                    self.assertEqual(SHA512, self.digest(source))
        for point in (1, 4000, whole // 2):
            with self.subTest(point, of=whole, gone=True):
                network.reset()
                network.cut_at, network.gone = point, True
                with self.fails('connection'):
                    with self.reading(TIMEOUT, network.url) as source:
                        self.digest(source)
