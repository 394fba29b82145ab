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

"""Whole files that are said to be equal, window by window.

What is shared already is left alone: its blocks are at the same place. Memory
does not grow with the files, nor with how fragmented they are.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import itertools
import os
from typing import NamedTuple

from glance_lifecycle.transfer.backends.file import dedupe
from glance_lifecycle.transfer.backends.file import extent_map

_WINDOW = dedupe.MOST

# What every device reads ahead, of which each call has to ask for one: the
# kernel compares page by page, and reads nothing ahead itself. Measured: 315
# MiB/s without, 1400 with, as much as reading alone.
_AHEAD = 128 * 1024

_Part = tuple[int, int]


@dataclasses.dataclass
class Outcome:
    """What came of one target.

    :ivar shared: bytes that it shares by now, and did not before
    :ivar differs_at: in these bytes or after them, it is not as the source:
        offset; None if it is
    :ivar error: number of what the kernel said; 0 for nothing
    """

    shared: int = 0
    differs_at: int | None = None
    error: int = 0

    @property
    def stopped(self) -> bool:
        return self.differs_at is not None or self.error != 0


class _Window(NamedTuple):
    """One range of all the files.

    :ivar parts: of each target, what is still to be shared
    """

    start: int
    end: int
    maps: list[list[extent_map.Extent]]
    parts: list[list[_Part]]

    @property
    def bytes(self) -> int:
        return sum(end - start for parts in self.parts
                   for start, end in parts)


class EqualFiles:
    """A file, and others that are to have its blocks.

    Descriptors are the caller's.

    :param size: bytes of each
    :ivar outcomes: of the targets, in their order
    :ivar freed: bytes of the device that these files had and have no more:
        they are free, unless something else has them, such as a snapshot
    """

    def __init__(self, source_fd: int, target_fds: Sequence[int], size: int
                 ) -> None:
        self._source = source_fd
        self._targets = tuple(target_fds)
        self._size = size
        self.outcomes = [Outcome() for _ in target_fds]
        self.freed = 0

    def left(self) -> int:
        """Bytes that the targets have to themselves, and could share.

        :raises OSError: the file system does not tell
        """
        return sum(window.bytes for window in self._windows())

    def share(self, progress: Callable[[int], None]) -> None:
        """Share them; what differs is left from there on.

        :param progress: called with the bytes that were done
        :raises OSError: the file system does not tell where blocks are, or
            cannot share them
        """
        windows = (one for one in self._windows() if one.bytes)
        following = next(windows, None)
        if following is not None:
            self._read_ahead(following)
        while following is not None:
            window, following = following, next(windows, None)
            if following is not None:
                self._read_ahead(following)
            self._share(window, progress)

    def _windows(self) -> Iterator[_Window]:
        for start in range(0, self._size, _WINDOW):
            end = min(start + _WINDOW, self._size)
            yield self._window(start, end)

    def _window(self, start: int, end: int) -> _Window:
        maps = [extent_map.extents(fd, start, end)
                for fd in (self._source, *self._targets)]
        return _Window(start, end, maps, [
            [] if outcome.stopped else extent_map.apart(
                maps[0], found, start, end)
            for found, outcome in zip(maps[1:], self.outcomes)])

    def _read_ahead(self, window: _Window) -> None:
        parts = {part for parts in window.parts for part in parts}
        wanted = [(self._source, part) for part in sorted(parts)] + [
            (fd, part) for fd, parts in zip(self._targets, window.parts)
            for part in parts]
        for fd, (start, end) in wanted:
            for at in range(start, end, _AHEAD):
                os.posix_fadvise(fd, at, min(_AHEAD, end - at),
                                 os.POSIX_FADV_WILLNEED)

    def _share(self, window: _Window, progress: Callable[[int], None]
               ) -> None:
        # Those that lack the same are asked about at once.
        wanted: dict[_Part, list[int]] = {}
        for number, parts in enumerate(window.parts):
            for part in parts:
                wanted.setdefault(part, []).append(number)
        for part, numbers in sorted(wanted.items()):
            self._share_part(part, numbers)
            progress((part[1] - part[0]) * len(numbers))
        after = self._window(window.start, window.end)
        self.freed += max(0, _taken(window) - _taken(after))

    def _share_part(self, part: _Part, numbers: Sequence[int]) -> None:
        """Some are done before others, and are asked for the rest then."""
        at: dict[int, list[int]] = {part[0]: list(numbers)}
        while at:
            offset = min(at)
            some = [one for one in at.pop(offset)
                    if not self.outcomes[one].stopped]
            for few in _batched(some):
                answers = dedupe.share(
                    self._source, [self._targets[one] for one in few],
                    offset, part[1] - offset)
                for number, answer in zip(few, answers):
                    self._note(number, offset, answer)
                    if (answer.length and offset + answer.length < part[1]):
                        at.setdefault(offset + answer.length, []).append(
                            number)

    def _note(self, number: int, offset: int, answer: dedupe.Answer) -> None:
        outcome = self.outcomes[number]
        outcome.shared += answer.length
        if answer.result is dedupe.Result.DIFFERS:
            outcome.differs_at = offset
        elif answer.result is dedupe.Result.FAILED:
            outcome.error = answer.error


def _taken(window: _Window) -> int:
    return extent_map.taken(window.maps, window.start, window.end)


def _batched(numbers: Sequence[int]) -> Iterator[list[int]]:
    left = iter(numbers)
    while batch := list(itertools.islice(left, dedupe.AT_ONCE)):
        yield batch
