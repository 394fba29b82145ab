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

"""Copies of the same bytes, in stores of files, come to share their blocks.

Whatever is believed here, no byte can change: see ``file.dedupe``. What is
checked is that only stored copies of active images are touched at all.
"""

import collections
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import dataclasses
import enum
import errno
import os
from typing import Protocol

from glance_lifecycle.audit.duplicates import grouping
from glance_lifecycle.audit.duplicates import members
from glance_lifecycle.audit.hygiene import wording
from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import errors
from glance_lifecycle.transfer.backends.file import dedupe
from glance_lifecycle.transfer.backends.file import equal_files
from glance_lifecycle.transfer.backends.file import inventory as files
from glance_lifecycle.transfer.backends import inventory

#: Why a file is left alone.
CANNOT = ('Its file system cannot share blocks of equal files. XFS with '
          'reflink=1 and Btrfs can.')

# Files that are open at once, of the 1024 that a process usually may have.
_OPEN = 256

# Images that one statement asks for.
_BATCH = 500


class Host(Protocol):
    """Where Glance's database is."""

    def some(self, ids: Sequence[str]) -> Mapping[str, members.Image]:
        """Those of them that are active now."""


class Result(enum.StrEnum):
    """What came of a file.

    SOURCE: others have its blocks. GONE: it is not there any more, nor is it
    wanted. LEFT: it was not touched. DIFFERS: its bytes are not those of the
    source.
    """

    SOURCE = 'source'
    PLANNED = 'to share'
    SHARED = 'shared'
    ALREADY = 'shared already'
    GONE = 'gone'
    LEFT = 'left'
    DIFFERS = 'differs'
    FAILED = 'failed'


@dataclasses.dataclass(frozen=True, slots=True)
class File:
    """One stored copy.

    :ivar group: of the image
    :ivar size: bytes of the image
    """

    # It may be large, and the rest tells files apart.
    group: grouping.Group = dataclasses.field(compare=False)
    image_id: str
    store: str
    spot: inventory.Spot
    size: int


@dataclasses.dataclass(frozen=True, slots=True)
class Done:
    """:ivar bytes: that are shared now, or would be"""

    file: File
    result: Result
    bytes: int = 0
    detail: str = ''

    @property
    def failed(self) -> bool:
        return self.result in (Result.DIFFERS, Result.FAILED)


@dataclasses.dataclass(frozen=True, slots=True)
class Set:
    """Files of one file system that are to share their blocks.

    :ivar files: the first has the blocks that the others are to have
    :ivar left: bytes that the others could give back
    """

    files: tuple[File, ...]
    left: int


class Sharing:
    """In some stores.

    :param stores: by their names; of files; closed by the caller
    :ivar skipped: what the plan leaves out
    :ivar cannot: store -> files that its file system cannot let share; they
        are not among the skipped ones
    :ivar already: how many sets share all of their blocks
    :ivar freed: bytes that the files had, and that nothing has by now, as far
        as they tell: what else has them, such as a snapshot, is not asked
    """

    def __init__(self, host: Host,
                 stores: Mapping[str, files.FileInventory]) -> None:
        self._host = host
        self._stores = stores
        self.skipped: list[Done] = []
        self.cannot: collections.Counter[str] = collections.Counter()
        self.already = 0
        self.freed = 0

    def plan(self, groups: Iterable[grouping.Group]) -> Iterator[Set]:
        """What is to be shared; nothing is read, and nothing changed.

        :raises LifecycleError: the database cannot be read
        """
        for group in groups:
            found: dict[int, dict[int, File]] = collections.defaultdict(dict)
            for file in self._files(group):
                with self._opened(file) as (fd, refused):
                    if refused is not None:
                        self.skipped.append(refused)
                    else:
                        status = os.fstat(fd)
                        # Another name of the same file is no other file.
                        found[status.st_dev].setdefault(status.st_ino, file)
            for one in found.values():
                yield from self._sets(list(one.values()))

    def _sets(self, found: Sequence[File]) -> Iterator[Set]:
        for start in range(1, len(found), _OPEN):
            some = (found[0], *found[start:start + _OPEN])
            with contextlib.ExitStack() as stack:
                ready, refused = self._ready(some, stack)
                self._skip(refused)
                if len(ready) < 2:
                    continue
                try:
                    left = _equal(ready).left()
                except OSError as error:
                    self._skip([Done(file, Result.LEFT, detail=_why(error))
                                for file, _fd in ready])
                    continue
            if left:
                yield Set(tuple(file for file, _fd in ready), left)
            else:
                self.already += 1

    def _skip(self, refused: Iterable[Done]) -> None:
        for one in refused:
            if one.detail == CANNOT:
                # All files of such a store would be in the list.
                self.cannot[one.file.store] += 1
            else:
                self.skipped.append(one)

    def share(self, one: Set, progress: Callable[[int], None]
              ) -> Iterator[Done]:
        """Do it, with what is there now.

        :param progress: called with the bytes that were done
        :raises LifecycleError: the database cannot be read
        """
        with contextlib.ExitStack() as stack:
            current = set(self._files(one.files[0].group))
            wanted = [file for file in one.files if file in current]
            yield from (Done(file, Result.GONE, detail='The image is not '
                             'active any more, or has no copy there.')
                        for file in one.files if file not in current)
            ready, refused = self._ready(wanted, stack)
            yield from refused
            if len(ready) < 2:
                return
            equal = _equal(ready)
            error = 0
            try:
                equal.share(progress)
            except OSError as failure:
                error = failure.errno or errno.EIO
            self.freed += equal.freed
            source = ready[0][0]
            yield Done(source, Result.SOURCE)
            for (file, _fd), outcome in zip(ready[1:], equal.outcomes):
                if error and not outcome.stopped:
                    outcome.error = error
                yield _done(file, source, outcome)

    def free(self) -> dict[int, int]:
        """Device -> bytes that are free."""
        found: dict[int, int] = {}
        for store in self._stores.values():
            found.update(store.free())
        return found

    def _files(self, group: grouping.Group) -> Iterator[File]:
        """Copies of its images as they are now, those of the oldest first."""
        ids = [one.id for one in group.members]
        seen = set()
        for start in range(0, len(ids), _BATCH):
            some = ids[start:start + _BATCH]
            now = self._host.some(some)
            for image_id in some:
                image = now.get(image_id)
                if image is None or image.size != group.members[0].size:
                    continue
                for location in image.locations:
                    for store in self._stores.values():
                        spot = store.spot(location.url)
                        if spot is not None and spot not in seen:
                            seen.add(spot)
                            yield File(group, image_id, store.store, spot,
                                       image.size)

    @contextlib.contextmanager
    def _opened(self, file: File) -> Iterator[tuple[int, Done | None]]:
        """A descriptor, or why there is none."""
        try:
            fd = self._stores[file.store].open(file.spot)
        except exceptions.CopyMissing as error:
            yield -1, Done(file, Result.GONE, detail=error.detail)
            return
        except exceptions.StoreError as error:
            yield -1, Done(file, Result.LEFT, detail=error.detail)
            return
        try:
            size = os.fstat(fd).st_size
            yield fd, None if size == file.size else Done(
                file, Result.LEFT, detail='It has %d bytes, and the image '
                '%d.' % (size, file.size))
        finally:
            os.close(fd)

    def _ready(self, found: Iterable[File], stack: contextlib.ExitStack
               ) -> tuple[list[tuple[File, int]], list[Done]]:
        """Those that can share with the first, open; and the others."""
        ready: list[tuple[File, int]] = []
        refused = []
        for file in found:
            fd, why = stack.enter_context(self._opened(file))
            if why is None and ready:
                try:
                    dedupe.check(ready[0][1], fd)
                except OSError as error:
                    why = Done(file, Result.LEFT, detail=_why(error))
            if why is None:
                ready.append((file, fd))
            else:
                refused.append(why)
        return ready, refused


def _equal(ready: Sequence[tuple[File, int]]) -> equal_files.EqualFiles:
    (first, source), *others = ready
    return equal_files.EqualFiles(source, [fd for _file, fd in others],
                                  first.size)


def _done(file: File, source: File, outcome: equal_files.Outcome) -> Done:
    if outcome.differs_at is not None:
        found = wording.made(wording.OTHER_BYTES, file.image_id, '').finding
        return Done(
            file, Result.DIFFERS, outcome.shared,
            '%s: Within %d bytes from byte %d on it is not as image %s in '
            'store %s, though both are said to be the same (%s). Nothing was '
            'changed there. %s' % (
                found.code, dedupe.MOST, outcome.differs_at, source.image_id,
                source.store, ', '.join(file.group.why), found.remedy))
    if outcome.error:
        return Done(file, Result.FAILED, outcome.shared,
                    _why(OSError(outcome.error, '')))
    return Done(file, Result.SHARED if outcome.shared else Result.ALREADY,
                outcome.shared)


def _why(error: OSError) -> str:
    if dedupe.cannot(error):
        return CANNOT
    if error.errno == errno.EPERM:
        return ('It belongs to another user. Run this as the user of '
                'glance-api.')
    if error.errno == errno.EROFS:
        return 'Its file system is mounted read-only.'
    return exceptions.sentence('The kernel says: %s' % errors.words(error))
