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


"""A file-like object whose bytes another thread hands over.

One buffer deep: the giver waits until its buffer has been taken, because it
will be reused, and that wait is the back-pressure.
"""

import threading

from glance_lifecycle.transfer import zeros


class Broken(Exception):
    """The bytes end here and are not whole; the store must not keep them.

    Raised into the driver's ``add``, so it is not one of our own errors:
    nobody but the driver sees it.
    """


class Handover:
    """Between the thread that has the bytes and the driver that reads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._piece: memoryview | None = None
        self._complete = False
        self._broken = False
        self._reader_gone = False
        self._asked = False

    @property
    def was_asked(self) -> bool:
        """Whether the driver has begun to store."""
        return self._asked

    def give(self, data: memoryview) -> bool:
        """Hand over all of ``data``; False if nobody reads any more."""
        if not len(data):
            return True
        with self._changed:
            self._piece = data
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: self._piece is None or self._reader_gone or
                self._broken)
            taken = self._piece is None
            self._piece = None
            return taken

    def give_zeros(self, length: int) -> bool:
        """Hand over ``length`` zeros; False if nobody reads any more."""
        for start in range(0, length, len(zeros.BLOCK)):
            if not self.give(zeros.BLOCK[:length - start]):
                return False
        return True

    def finish(self) -> None:
        """There are no more bytes: ``read`` answers b'' from here on."""
        with self._changed:
            self._complete = True
            self._changed.notify_all()

    def break_off(self) -> None:
        """Make the reader fail, whatever it waits for."""
        with self._changed:
            self._broken = True
            self._changed.notify_all()

    def reader_left(self) -> None:
        """The driver returned; nobody will read what is given."""
        with self._changed:
            self._reader_gone = True
            self._changed.notify_all()

    def wait_asked(self, timeout: float) -> None:
        """Until the driver asks for bytes, has returned, or it took long."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._asked or self._reader_gone, timeout)

    def read(self, size: int = -1) -> bytes:
        """Exactly ``size`` bytes, fewer only at the end.

        Swift counts on full reads. A negative size means all there is.

        :raises Broken: the transfer was given up
        """
        parts: list[bytes] = []
        missing = size
        while missing:
            part = self._take(missing)
            if not part:
                break
            parts.append(part)
            missing -= len(part)
            if size < 0:
                missing = -1
        return parts[0] if len(parts) == 1 else b''.join(parts)

    def _take(self, size: int) -> bytes:
        with self._changed:
            self._asked = True
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: self._piece is not None or self._complete or
                self._broken)
            if self._broken:
                raise Broken()
            if self._piece is None:
                return b''
            end = size if size >= 0 else len(self._piece)
            part = bytes(self._piece[:end])
            rest = self._piece[end:]
            self._piece = rest if len(rest) else None
            self._changed.notify_all()
            return part
