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

"""A progress line on a terminal, and nothing where there is none."""

from collections.abc import Iterator
import os
import sys
import time
from typing import BinaryIO
from typing import TextIO

_INTERVAL = 0.2


class Progress:
    """One line on stderr, so that stdout stays what the formatter wrote.

    :param total: bytes; 0 if unknown
    """

    def __init__(self, what: str, total: int,
                 stream: TextIO | None = None) -> None:
        self._what = what
        self._total = total
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._started = time.monotonic()
        self._shown = 0.0
        self._width = 0

    def at(self, done: int) -> None:
        now = time.monotonic()
        if now - self._shown < _INTERVAL:
            return
        self._shown = now
        rate = done / 2 ** 20 / max(now - self._started, 0.001)
        share = '%d MiB' % (done // 2 ** 20)
        if self._total:
            share = '%3d %% of %d MiB' % (100 * done // self._total,
                                          self._total // 2 ** 20)
        left = ''
        if self._total and done:
            left = ', %s left' % _time((now - self._started) * max(
                0, self._total - done) / done)
        self.say('%s: %s, %d MiB/s%s' % (self._what, share, rate, left))

    def say(self, text: str) -> None:
        if self._live:
            self._stream.write('\r' + text.ljust(self._width))
            self._stream.flush()
            self._width = len(text)

    def end(self) -> None:
        """Leave the line empty for what comes next."""
        if self._live and self._width:
            self._stream.write('\r' + ' ' * self._width + '\r')
            self._stream.flush()
            self._width = 0


def _time(seconds: float) -> str:
    whole = int(seconds)
    if whole < 60:
        return '%d s' % whole
    if whole < 3600:
        return '%d min' % (whole // 60)
    return '%d h %02d min' % (whole // 3600, whole // 60 % 60)


class Upload:
    """A file as the body of a request: read as it is sent, with progress.

    The length, which becomes Content-Length, is that of the file when it was
    opened.
    """

    def __init__(self, file: BinaryIO, progress: Progress) -> None:
        self._file = file
        self._progress = progress
        self._size = os.fstat(file.fileno()).st_size
        self._file.seek(0)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self.read(1024 * 1024):
            yield chunk

    def read(self, size: int = -1) -> bytes:
        # http.client asks for 8 KiB at a time, which halves the rate.
        data = self._file.read(max(size, 256 * 1024) if size >= 0 else size)
        self._progress.at(self._file.tell())
        return data
