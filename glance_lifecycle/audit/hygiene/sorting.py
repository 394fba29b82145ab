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


"""Lines in the order of their keys, however many there are.

What does not fit into memory goes into a file that has no name: nothing of it
is left, whatever comes. Listings of pools and buckets come in order, and those
of directories do not.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import heapq
import itertools
import os
import tempfile
from typing import IO

from glance_lifecycle import exceptions

#: Bytes of lines that are held in memory, what Python takes for each included.
HELD = 24 * 1024 ** 2
_OF_A_LINE = 64

_CHUNK = 64 * 1024

# Not /tmp, which may be memory, but where nobody says so.
_USUAL = '/var/tmp'  # noqa: S108 - a file without a name

SEPARATOR = b'\t'


class Lines:
    """Filled once, and then read as often as is needed.

    A line is its key, a tabulator, and the rest; no key is the beginning of
    another, or has a tabulator or a line feed in it.

    :param held: bytes in memory
    """

    def __init__(self, held: int = HELD) -> None:
        self._most = held
        self._held: list[bytes] = []
        self._bytes = 0
        self._file: IO[bytes] | None = None
        # Where in the file each run begins, and ends.
        self._runs: list[tuple[int, int]] = []
        # The last line of the last run, and the greatest of all.
        self._last = self._greatest = b''
        self.count = 0

    def add(self, key: bytes, rest: bytes) -> None:
        """:raises ConfigurationError: there is no room for it"""
        line = key + SEPARATOR + rest + b'\n'
        self._held.append(line)
        self._bytes += len(line) + _OF_A_LINE
        self.count += 1
        if self._bytes >= self._most:
            self._spill()

    def _spill(self) -> None:
        self._held.sort()
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=_directory())
            start = self._file.tell()
            self._file.writelines(self._held)
            self._file.flush()
            end = self._file.tell()
        except OSError as error:
            raise exceptions.InputRefused(
                detail='What was listed cannot be sorted: %s. Name a '
                'directory with room in the environment variable TMPDIR'
                % error.strerror) from error
        if self._runs and self._held[0] >= self._last:
            start = self._runs.pop()[0]
        self._runs.append((start, end))
        self._last = self._held[-1]
        self._greatest = max(self._greatest, self._last)
        self._held = []
        self._bytes = 0

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        """Key and rest of each."""
        for line in self._merged():
            key, _separator, rest = line.partition(SEPARATOR)
            yield key, rest[:-1]

    def _merged(self) -> Iterator[bytes]:
        self._held.sort()
        runs: list[Iterable[bytes]] = [self._run(run) for run in self._runs]
        if self._held and self._held[0] < self._greatest:
            runs.append(self._held)
            return heapq.merge(*runs)
        merged = runs[0] if len(runs) == 1 else heapq.merge(*runs)
        return itertools.chain(merged, self._held)

    def _run(self, run: tuple[int, int]) -> Iterator[bytes]:
        assert self._file is not None  # noqa: S101 - for mypy
        position, end = run
        begun = b''
        while position < end:
            data = os.pread(self._file.fileno(),
                            min(_CHUNK, end - position), position)
            if not data:
                raise exceptions.InternalError(
                    detail='a temporary file has become shorter')
            position += len(data)
            lines = (begun + data).split(b'\n')
            begun = lines.pop()
            for line in lines:
                yield line + b'\n'

    def close(self) -> None:
        self._held, self._runs = [], []
        if self._file is not None:
            self._file.close()


def _directory() -> str | None:
    """None for where Python puts its temporary files."""
    if 'TMPDIR' in os.environ or not os.access(_USUAL, os.W_OK):
        return None
    return _USUAL


# No line has an empty key.
_END = (b'', b'')


def groups(first: Iterable[tuple[bytes, bytes]],
           second: Iterable[tuple[bytes, bytes]]
           ) -> Iterator[tuple[bytes, list[bytes], list[bytes]]]:
    """What two sorted streams have of each key.

    :returns: the key, and the rests of the one and of the other; one of the
        two may be empty
    :raises InternalError: they are not sorted
    """
    left, right = iter(first), iter(second)
    last = b''
    one, other = next(left, _END), next(right, _END)
    while one is not _END or other is not _END:
        if other is _END or (one is not _END and one[0] <= other[0]):
            key = one[0]
        else:
            key = other[0]
        if key <= last:
            # What belongs together would come apart: needed things, too,
            # would look needless.
            raise exceptions.InternalError(detail='What was sorted is not')
        last = key
        ones: list[bytes] = []
        others: list[bytes] = []
        while one[0] == key and one is not _END:
            ones.append(one[1])
            one = next(left, _END)
        while other[0] == key and other is not _END:
            others.append(other[1])
            other = next(right, _END)
        yield key, ones, others
