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

"""The parts of an upload: filled by one thread, sent by several.

Memory is bounded by the number of parts: who fills them waits until one has
been sent. Zeros take no memory, but are sent like everything else.
"""

import base64
from collections.abc import Callable
from collections.abc import Iterator
import functools
import hashlib
import mmap
import threading

from glance_lifecycle.transfer import zeros

# Given to the connection at a time. It asks for 16 KiB; 65536 reads and
# writes for each GiB cost 0.4 CPU seconds more.
_PIECE = 256 * 1024


class Stopped(Exception):
    """The upload is given up; breaks off a request that is under way."""


class Part:
    """Consecutive bytes of an image; used again for others.

    :param size: bytes that it has room for
    :ivar number: counted from 1
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.number = 0
        self.length = 0
        self._memory: memoryview | None = None
        # (begin, end, whether these are zeros), without gap
        self._runs: list[tuple[int, int, bool]] = []

    def clear(self, number: int) -> None:
        self.number = number
        self.length = 0
        self._runs = []

    @property
    def room(self) -> int:
        return self.size - self.length

    def add(self, data: memoryview) -> None:
        """Take a copy of ``data``, for which there is room."""
        if self._memory is None:
            # Pages that no data ever come to take no memory.
            self._memory = memoryview(mmap.mmap(-1, self.size))
        self._memory[self.length:self.length + len(data)] = data
        self._extend(len(data), False)

    def add_zeros(self, length: int) -> None:
        self._extend(length, True)

    def _extend(self, length: int, zero: bool) -> None:
        begin = self.length
        self.length += length
        if self._runs and self._runs[-1][2] is zero:
            begin = self._runs.pop()[0]
        self._runs.append((begin, self.length, zero))

    def pieces(self, offset: int = 0) -> Iterator[memoryview]:
        """The bytes from ``offset`` on, without a copy."""
        for begin, end, zero in self._runs:
            for start in range(max(begin, offset), end, _PIECE):
                stop = min(end, start + _PIECE)
                if zero:
                    yield zeros.BLOCK[:stop - start]
                else:
                    assert self._memory is not None  # noqa: S101 - for mypy
                    yield self._memory[start:stop]

    def md5(self) -> bytes:
        if self.length and all(zero for _begin, _end, zero in self._runs):
            return _md5_of_zeros(self.length)
        digest = hashlib.md5(usedforsecurity=False)
        for piece in self.pieces():
            digest.update(piece)
        return digest.digest()


@functools.lru_cache(maxsize=4)
def _md5_of_zeros(length: int) -> bytes:
    part = Part(length)
    part.add_zeros(length)
    digest = hashlib.md5(usedforsecurity=False)
    for piece in part.pieces():
        digest.update(piece)
    return digest.digest()


def content_md5(md5: bytes) -> str:
    """As the header has it (RFC 1864)."""
    return base64.b64encode(md5).decode()


class Body:
    """A part as a file to be read, as often as it takes to send it.

    :param sent: called before each piece after the first: the one before
        was taken
    :param stopped: break off when it is set
    """

    def __init__(self, part: Part, sent: Callable[[], None],
                 stopped: threading.Event) -> None:
        self._part = part
        self._sent = sent
        self._stopped = stopped
        self.seek(0)

    def __len__(self) -> int:
        return self._part.length

    def __bool__(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes | memoryview:
        """The next bytes, however many are asked for; b'' at the end.

        :raises Stopped: the upload is given up
        """
        if self._stopped.is_set():
            raise Stopped()
        if self._position:
            self._sent()
        piece = next(self._pieces, b'')
        self._position += len(piece)
        return piece

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = 0) -> int:
        base = (0, getattr(self, '_position', 0), len(self))[whence]
        self._position = base + offset
        self._pieces = self._part.pieces(self._position)
        return self._position


class Parts:
    """All parts of one upload.

    :param send: called in several threads, with one part each; returns its
        entity tag
    :param size: bytes of a part
    :param held: parts in memory, one of them being filled
    """

    def __init__(self, send: Callable[[Part], str], size: int,
                 held: int) -> None:
        self._send = send
        self._size = size
        self._left_to_make = held
        self._senders = max(1, held - 1)
        self._changed = threading.Condition()
        self._free: list[Part] = []
        self._waiting: list[Part] = []
        self._filling: Part | None = None
        self._busy = 0
        self._count = 0
        self._tags: dict[int, str] = {}
        self._error: BaseException | None = None
        self._threads: list[threading.Thread] = []
        self.stopped = threading.Event()

    def write(self, data: memoryview) -> None:
        """Add bytes; waits while too much is under way.

        :raises StoreError: a part could not be sent
        """
        start = 0
        while start < len(data):
            part = self._current()
            piece = data[start:start + part.room]
            part.add(piece)
            start += len(piece)
            self._pass_on(part)

    def zero(self, length: int) -> None:
        while length:
            part = self._current()
            piece = min(length, part.room)
            part.add_zeros(piece)
            length -= piece
            self._pass_on(part)

    def finish(self) -> dict[int, str]:
        """Send what is left, and wait until all has been sent.

        :returns: part number -> entity tag
        :raises StoreError: a part could not be sent
        """
        part, self._filling = self._filling, None
        if part is not None:
            self._queue(part)
        with self._changed:
            self._changed.wait_for(lambda: self._error or not (
                self._busy or self._waiting))
        self._check()
        # The threads have nothing more to do.
        self.stop(0)
        return dict(sorted(self._tags.items()))

    def stop(self, timeout: float) -> bool:
        """Break off; whether nothing is under way any more.

        :param timeout: seconds to wait for that
        """
        self.stopped.set()
        with self._changed:
            self._waiting.clear()
            self._changed.notify_all()
            return self._changed.wait_for(lambda: not self._busy, timeout)

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _current(self) -> Part:
        if self._filling is None:
            self._count += 1
            self._filling = self._take()
            self._filling.clear(self._count)
        return self._filling

    def _take(self) -> Part:
        with self._changed:
            self._changed.wait_for(lambda: self._error or self._free
                                   or self._left_to_make)
            self._check()
            if self._free:
                return self._free.pop()
            self._left_to_make -= 1
            return Part(self._size)

    def _pass_on(self, part: Part) -> None:
        if not part.room:
            self._filling = None
            self._queue(part)

    def _queue(self, part: Part) -> None:
        with self._changed:
            self._waiting.append(part)
            self._changed.notify_all()
        if len(self._threads) < self._senders:
            thread = threading.Thread(target=self._work, name='s3-part',
                                      daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        while (part := self._next()) is not None:
            tag, error = '', None
            try:
                tag = self._send(part)
            except BaseException as caught:
                error = caught
            with self._changed:
                self._busy -= 1
                self._tags[part.number] = tag
                self._free.append(part)
                if error is not None:
                    self._error = self._error or error
                self._changed.notify_all()

    def _next(self) -> Part | None:
        with self._changed:
            self._changed.wait_for(
                lambda: self._waiting or self._over())
            if self._over():
                return None
            self._busy += 1
            return self._waiting.pop(0)

    def _over(self) -> bool:
        return self.stopped.is_set() or self._error is not None
