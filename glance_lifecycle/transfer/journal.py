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

"""What a transfer has begun, on disk, so that a death leaves no riddle.

One file a transfer, ``<state_dir>/transfers/<task id>.json``: lines, appended
and synced, see ``journal_record``. The owner holds an exclusive flock on it
for as long as it lives, and its child process inherits the descriptor and
with it the lock. So a journal that can be locked belongs to nobody alive, and
what it tells of may be undone.

An import that a worker runs has two owners: the worker holds the journal while
it works, and glance-api, from first to last, a lock on the file of that name
with the suffix ``.awaited``. While that is held, the journal is nobody else's,
locked or not.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import errno
import fcntl
import logging
import os
import time
from typing import Any
import uuid

from glance_lifecycle import exceptions
from glance_lifecycle.transfer import journal_record as records
from glance_lifecycle.transfer import sink

LOG = logging.getLogger(__name__)

DIRECTORY = 'transfers'
SUFFIX = '.json'

AWAITED_SUFFIX = '.awaited'

# Not yet a journal: without a lock, or without a first line.
NEW_SUFFIX = '.new'

# Seconds: how long one who recovers a journal is waited for, and how often it
# is looked whether it has let go of it.
_PATIENCE = 15.0
_PAUSE = 0.05

_LOOK = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW


class Journal:
    """A locked record on disk. Close it and the lock is gone."""

    def __init__(self, path: str, fd: int, record: records.Record) -> None:
        self._path = path
        self.fd = fd
        self.record = record

    def note(self, **fields: Any) -> None:
        """Change the record, here and, before returning, on disk.

        :raises ConfigurationError: the state directory cannot be written
        """
        for name, value in fields.items():
            setattr(self.record, name, value)
        append(self.fd, records.plain(self.record, fields))

    def created(self, store: str, mark: sink.Mark) -> None:
        """Note one more mark; see ``Record.created``.

        :raises ConfigurationError: the state directory cannot be written
        """
        append(self.fd, {'created': [store, mark]})
        self.record.created.setdefault(store, []).append(mark)

    def reread(self) -> None:
        """Learn what the child process has noted."""
        self.record.created = _read(self._path, self.fd).created

    def remove(self) -> None:
        """The transfer is over and leaves nothing to do."""
        for path in (self._path, _awaited(self._path)):
            try:
                os.unlink(path)
            except FileNotFoundError:
                pass
        self.close()

    def retake(self) -> bool:
        """Have it again after ``close()``, with all that was noted since.

        :returns: whether nobody else has it now
        :raises ConfigurationError: the state directory cannot be read
        """
        found = _adopt(self._path)
        if found is None:
            return False
        self.fd, self.record = found.fd, found.record
        return True

    def close(self) -> None:
        """Let go of the lock; what is on disk stays."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def create(state_dir: str, task_id: str, image_id: str) -> Journal:
    """Begin, or find again, the journal of one task of this process.

    :raises ConfigurationError: the state directory cannot be written, or
        the task's journal belongs to another process that lives
    """
    directory = os.path.join(state_dir, DIRECTORY)
    path = os.path.join(directory, task_id + SUFFIX)
    record = records.Record(task_id, image_id)
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        fd = _born_locked(directory, path, record)
    except FileExistsError:
        return _found_again(path, record)
    except OSError as error:
        raise _unusable(directory, error) from error
    return Journal(path, fd, record)


def append(fd: int, fields: Mapping[str, Any]) -> None:
    """Add one line to the journal of that descriptor, durably.

    Also by the child, which knows of its journal nothing but this.

    :raises ConfigurationError: the state directory cannot be written
    """
    line = records.line(fields)
    try:
        if os.write(fd, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fdatasync(fd)
    except OSError as error:
        raise _unusable(DIRECTORY, error) from error


def _born_locked(directory: str, path: str, record: records.Record) -> int:
    """A new journal, which nobody ever sees unlocked or empty.

    Whoever looks for the dead locks what is not locked: made by open(2) and
    locked after that, 5 of 13,596 were taken from their owners.

    :raises FileExistsError: there is one
    :raises OSError: it cannot be made
    """
    while True:
        new = os.path.join(directory, '.%s%s' % (uuid.uuid4(), NEW_SUFFIX))
        fd = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND
                     | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            # ``_sweep`` may have it, or have removed it, between the two.
            if _lock(fd) and os.fstat(fd).st_nlink:
                append(fd, records.plain(
                    record, ('version', 'task_id', 'image_id')))
                os.link(new, path)
                os.unlink(new)
                _sync(directory)
                return fd
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)


def _found_again(path: str, record: records.Record) -> Journal:
    fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
                 | os.O_NOFOLLOW)
    journal = Journal(path, fd, record)
    if not _lock(fd):
        journal.close()
        raise exceptions.ConfigurationError(
            detail='another live process has task %s' % record.task_id)
    journal.note(task_id=record.task_id, image_id=record.image_id)
    journal.reread()
    return journal


def _sync(directory: str) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def exists(state_dir: str, task_id: str) -> bool:
    """Whether a task has a journal here, whoever holds it."""
    return os.path.exists(os.path.join(state_dir, DIRECTORY,
                                       task_id + SUFFIX))


def take(state_dir: str, task_id: str) -> Journal | None:
    """The journal of one task, locked; None if there is none to be had.

    :raises ConfigurationError: the state directory cannot be read
    """
    return _adopt(os.path.join(state_dir, DIRECTORY, task_id + SUFFIX))


def awaited(state_dir: str, task_id: str) -> int:
    """Let a journal be one's own, also while a worker works with it.

    :returns: a descriptor; who dies lets go of it
    :raises ConfigurationError: the state directory cannot be written
    """
    path = _awaited(os.path.join(state_dir, DIRECTORY, task_id + SUFFIX))
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
                     | os.O_NOFOLLOW, 0o600)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise _unusable(path, error) from error
    return fd


def is_awaited(state_dir: str, task_id: str) -> bool:
    """Whether the glance-api that asked for it lives."""
    return _is_awaited(os.path.join(state_dir, DIRECTORY, task_id + SUFFIX))


def _awaited(path: str) -> str:
    return path.removesuffix(SUFFIX) + AWAITED_SUFFIX


def _is_awaited(path: str) -> bool:
    try:
        fd = os.open(_awaited(path), os.O_WRONLY | os.O_CLOEXEC
                     | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        # Shared: nobody else who looks is whom the journal awaits.
        return not _lock(fd, fcntl.LOCK_SH)
    finally:
        os.close(fd)


def abandoned(state_dir: str) -> Iterator[Journal]:
    """The journals whose owners are dead, each locked by us meanwhile.

    The caller closes or removes each. Journals of this process's own live
    transfers are locked and so not among them.

    :raises ConfigurationError: the state directory cannot be read
    """
    for path in _paths(state_dir):
        if path.endswith(NEW_SUFFIX):
            _sweep(path)
        elif path.endswith(SUFFIX):
            journal = _abandoned(path)
            if journal is not None:
                yield journal


def abandoned_of(state_dir: str, image_id: str, own: str = ''
                 ) -> Iterator[Journal]:
    """The same of one image, for who is about to write its objects.

    Those of other images are not even locked: of several who look for their
    own at once, each would find some of them held by another, and go on as if
    there were none. Who recovers all that is dead holds each for a while as
    well, and is waited for.

    :param own: the caller's task, whose journal lives
    :raises ConfigurationError: the state directory cannot be read
    """
    for path in _paths(state_dir):
        if (path.endswith(SUFFIX)
                and os.path.basename(path) != own + SUFFIX
                and _image_of(path) == image_id):
            journal = _abandoned_soon(path)
            if journal is not None:
                yield journal


def _paths(state_dir: str) -> list[str]:
    directory = os.path.join(state_dir, DIRECTORY)
    try:
        return [os.path.join(directory, name)
                for name in sorted(os.listdir(directory))]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unusable(directory, error) from error


def _abandoned(path: str) -> Journal | None:
    journal = _adopt(path)
    if journal is not None and _is_awaited(path):
        journal.close()
        return None
    return journal


def _abandoned_soon(path: str) -> Journal | None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        journal = _abandoned(path)
        if (journal is not None or time.monotonic() > deadline
                or not os.path.exists(path) or _is_awaited(path)):
            return journal
        time.sleep(_PAUSE)


def _image_of(path: str) -> str | None:
    """Without a lock: the first line never changes. None if it has ended."""
    try:
        fd = os.open(path, _LOOK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        return _read(path, fd).image_id
    finally:
        os.close(fd)


def _every(_task_id: str) -> bool:
    return True


def seen(state_dir: str, wanted: Callable[[str], bool] = _every
         ) -> Iterator[tuple[records.Record, bool]]:
    """All records, and whether their owners live; nothing is taken.

    :param wanted: of which tasks' journals are opened
    :raises ConfigurationError: the state directory cannot be read
    """
    for path in _paths(state_dir):
        if path.endswith(SUFFIX) and wanted(
                os.path.basename(path).removesuffix(SUFFIX)):
            try:
                yield _seen(path)
            except FileNotFoundError:
                # Its transfer has just ended.
                continue
            except OSError as error:
                raise _unusable(path, error) from error


def _seen(path: str) -> tuple[records.Record, bool]:
    fd = os.open(path, _LOOK)
    try:
        # Shared, and let go of at once: others who look do not matter.
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            fcntl.flock(fd, fcntl.LOCK_UN)
            alive = _is_awaited(path)
        except BlockingIOError:
            alive = True
        return _read(path, fd), alive
    finally:
        os.close(fd)


def _sweep(path: str) -> None:
    """Remove what a process left that died while it made a journal."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return
    try:
        if _lock(fd):
            os.unlink(path)
    except FileNotFoundError:
        # Its maker was only between two calls.
        pass
    finally:
        os.close(fd)


def _adopt(path: str) -> Journal | None:
    try:
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
                     | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(path, error) from error
    # Between our open and our lock the owner may have removed the file.
    if not _lock(fd) or not os.fstat(fd).st_nlink:
        os.close(fd)
        return None
    journal = Journal(path, fd, _read(path, fd))
    if journal.record.version > records.VERSION:
        LOG.error('Journal %s was written by a later release and is left to '
                  'it.', path)
        journal.close()
        return None
    return journal


def _read(path: str, fd: int) -> records.Record:
    # Not by the descriptor's position, which its writers share.
    return records.read(
        os.path.basename(path).removesuffix(SUFFIX),
        os.pread(fd, os.fstat(fd).st_size, 0))


def _lock(fd: int, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _unusable(path: str, error: OSError) -> exceptions.ConfigurationError:
    return exceptions.ConfigurationError(
        detail='[lifecycle] state_dir cannot be used (%s). Tell the operator, '
        'who finds its path in the log of glance-api.' % error.strerror,
        operator='%s: %s. It must be writable by glance-api and be kept '
        'across restarts.' % (path, error.strerror))
