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

"""One object on its way into Swift, while its bytes are still coming.

A segment may be larger than memory, so its bytes go from the engine's
buffers straight into the connection, and whoever brings them waits until
they have gone: that wait is the back-pressure.
"""

from collections.abc import Callable
import hashlib
import threading

from glance_lifecycle.transfer import zeros

# Given to the connection at a time. It asks for 16 KiB; 65536 reads and
# writes for each GiB cost 0.4 CPU seconds more.
_PIECE = 256 * 1024


class BrokenOff(Exception):
    """The transfer is given up, so the request must not end well."""


class Stream:
    """A request's body as a file to be read once.

    :param length: bytes in all
    :param sent: called whenever the connection has taken something
    :ivar missing: bytes not given yet
    """

    def __init__(self, length: int, sent: Callable[[], None]) -> None:
        self.length = length
        self.missing = length
        self._sent = sent
        self._changed = threading.Condition()
        self._piece: memoryview | None = None
        self._over = False
        self._broken = False
        self._md5 = hashlib.md5(usedforsecurity=False)

    # The side that has the bytes.

    def give(self, data: memoryview) -> bool:
        """Hand over ``data``; False if nobody reads any more.

        On return the buffer may be used again.
        """
        if not len(data):
            return True
        self.missing -= len(data)
        if not self.missing:
            # The reader does not come back after the last byte, so that
            # nothing would tell when the buffer is free.
            data = memoryview(bytes(data))
        with self._changed:
            if self._over:
                return False
            self._piece = data
            self._changed.notify_all()
            if not self.missing:
                return True
            self._changed.wait_for(
                lambda: self._piece is None or self._over)
            return not self._over

    def give_zeros(self, length: int) -> bool:
        for start in range(0, length, len(zeros.BLOCK)):
            if not self.give(zeros.BLOCK[:length - start]):
                return False
        return True

    def break_off(self) -> None:
        """Make the reader fail, so that the service stores nothing."""
        with self._changed:
            self._broken = True
            self._changed.notify_all()

    # The request's side.

    def read(self, size: int = -1) -> bytes | memoryview:
        """The next bytes, however many are asked for; b'' at the end.

        What was returned last has been sent when this is called again.

        :raises BrokenOff: the transfer was given up
        """
        with self._changed:
            self._sent()
            if self._piece is not None and not len(self._piece):
                self._piece = None
                self._changed.notify_all()
            self._changed.wait_for(
                lambda: self._piece is not None or self._broken
                or not self.missing)
            if self._broken:
                raise BrokenOff()
            if self._piece is None:
                return b''
            part, self._piece = self._piece[:_PIECE], self._piece[_PIECE:]
        self._md5.update(part)
        return part

    def end(self) -> None:
        """The request is over; nobody will read what is given."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def md5(self) -> str:
        """Hexadecimal, of everything that was read."""
        return self._md5.hexdigest()


class Upload(threading.Thread):
    """One request that stores one object.

    :param name: the object's
    :param put: sends it; called in this thread with the name and the
        stream, returns the entity tag
    :ivar error: why it failed, once it is over
    """

    def __init__(self, name: str, length: int, sent: Callable[[], None],
                 put: Callable[[str, Stream], str]) -> None:
        super().__init__(name='swift-put', daemon=True)
        self.object = name
        self.stream = Stream(length, sent)
        self.tag = ''
        self.error: BaseException | None = None
        self._put = put
        self.start()

    def run(self) -> None:
        try:
            self.tag = self._put(self.object, self.stream)
        except BaseException as error:
            self.error = error
        finally:
            self.stream.end()
