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

"""Logs of any size, hostile or not, searched for a few words in one pass.

Memory is bounded by a block, whatever the length of a line; the lines kept
are bounded in number and length, without secrets and control characters. What
is packed is unpacked as it is read.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import os
import stat
from typing import Protocol

from glance_lifecycle.audit.diagnosis import facts
from glance_lifecycle.audit.diagnosis import log_line
from glance_lifecycle.audit.diagnosis import packed
from glance_lifecycle import exceptions

_BLOCK = 1024 * 1024
# Of one line. What is longer is cut: the words are found in all of it.
_LONGEST = 16 * 1024
# The first so many lines of a file are kept, and the last.
MOST_LINES = 1000
# Words searched for: one costs as much as another.
MOST_WORDS = 16
# Of a traceback, which does not repeat the words.
_MOST_FOLLOWING = 60


class Source(Protocol):
    """What is read from its beginning to its end."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at its end."""


def read(path: str, words: Sequence[str], host: str = ''
         ) -> list[facts.Line]:
    """The lines with one of the words, and the tracebacks below them.

    :raises ConfigurationError: the file cannot be read
    """
    try:
        # A pipe is waited for, as of "journalctl | ..." in <(...).
        with open(path, 'rb', buffering=0) as file:
            if stat.S_ISDIR(os.fstat(file.fileno()).st_mode):
                raise IsADirectoryError(21, 'Is a directory')
            return kept(search(packed.Log(file), words), path, host)
    except packed.Broken as error:
        raise exceptions.InputRefused(
            detail='The log %s cannot be read: %s' % (path, error)) from None
    except OSError as error:
        raise exceptions.InputRefused(
            detail='The log %s cannot be read: %s' % (path, error.strerror)
        ) from None


def kept(found: Iterable[tuple[int, bytes]], path: str, host: str = ''
         ) -> list[facts.Line]:
    """The first and the last of them, parsed."""
    first: list[tuple[int, bytes]] = []
    last: dict[int, tuple[int, bytes]] = {}
    count = 0
    for one in found:
        if len(first) < MOST_LINES // 2:
            first.append(one)
        else:
            last[count % (MOST_LINES // 2)] = one
            count += 1
    lines = [*first, *sorted(last.values())]
    return [log_line.parse(data, path, number, host)
            for number, data in lines]


def search(file: Source, words: Sequence[str]
           ) -> Iterator[tuple[int, bytes]]:
    """Number from 1, and bytes, of each line wanted.

    :param words: whole; each of at least one byte
    """
    wanted = [word.encode() for word in words if word][:MOST_WORDS]
    following = _Following()
    number, said = 1, 0
    for block in _blocks(file):
        counted = 0
        for start, end, hit in _hits(block, wanted, following):
            line = block[start:min(end, start + _LONGEST)]
            number += block.count(b'\n', counted, start)
            counted = start
            if hit:
                following.begin(line)
            elif not following.wants(line):
                continue
            # Parts of a long line begin all with the same bytes.
            if number > said:
                said = number
                yield number, line
        number += block.count(b'\n', counted)


class _Following:
    """The lines of a traceback, after one that had the words."""

    def __init__(self) -> None:
        self.left = 0
        self._key: bytes | None = None

    def begin(self, line: bytes) -> None:
        self._key = log_line.traceback_key(line)
        self.left = _MOST_FOLLOWING if self._key else 0

    def wants(self, line: bytes) -> bool:
        if self._key is not None and log_line.continues(line, self._key):
            self.left -= 1
            return True
        self.left = 0
        return False


def _hits(block: bytes, wanted: list[bytes], following: _Following
          ) -> Iterator[tuple[int, int, bool]]:
    """Begin and end of each line to look at, and whether it has a word."""
    at = 0
    places = {word: block.find(word) for word in wanted}
    while at < len(block):
        hit = min((place for place in places.values() if place >= 0),
                  default=-1)
        if following.left:
            start = at
        elif hit < 0:
            return
        else:
            start = block.rfind(b'\n', at, hit) + 1 or at
        end = block.find(b'\n', start)
        end = len(block) if end < 0 else end
        yield start, end, start <= hit < end
        at = end + 1
        for word, place in places.items():
            if 0 <= place < at:
                places[word] = block.find(word, at)


def _blocks(file: Source) -> Iterator[bytes]:
    """Whole lines, but of one that is longer than a block, its parts.

    A word is never cut: parts of a line overlap.
    """
    rest = b''
    while True:
        data = file.read(_BLOCK)
        if not data:
            if rest:
                yield rest
            return
        end = data.rfind(b'\n')
        if end >= 0:
            yield rest + data[:end + 1]
            rest = data[end + 1:]
        elif len(rest) < _BLOCK:
            rest += data
        else:
            # The beginning of the line goes with it: it has the time.
            yield rest
            rest = rest[:256] + b' ... ' + rest[-256:] + data
