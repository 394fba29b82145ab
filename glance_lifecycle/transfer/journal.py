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

One file a transfer, ``<state_dir>/transfers/<task id>.json``: JSON lines,
appended and synced, each overriding fields of those before. The owner holds
an exclusive flock on it for as long as it lives, and its child process
inherits the descriptor and with it the lock. So a journal that can be locked
belongs to nobody alive, and what it tells of may be undone.
"""

from collections.abc import Iterator
import dataclasses
import fcntl
import json
import os
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer import job as jobs

DIRECTORY = 'transfers'
SUFFIX = '.json'


@dataclasses.dataclass(slots=True)
class Record:
    """One import, as far as it got.

    :ivar method: Glance's import method, ``glance-direct`` and so on
    :ivar stores: the stores asked for
    :ivar targets: what is being written; empty before writing begins
    :ivar staged: path of the staged file, '' before it is known
    :ivar scratch: paths beside it that we made
    :ivar stage_host: the host that holds the staged file, as Glance had it
    :ivar disk_format: the image's, before we changed it
    :ivar changed: the image's record was changed before its import had ended
    :ivar signature: properties of the user's signature, before that
    :ivar protected: the image's flag, before that
    """

    task_id: str
    image_id: str
    method: str = ''
    stores: list[str] = dataclasses.field(default_factory=list)
    targets: list[jobs.Target] = dataclasses.field(default_factory=list)
    staged: str = ''
    scratch: list[str] = dataclasses.field(default_factory=list)
    stage_host: str = ''
    disk_format: str = ''
    container_format: str = ''
    changed: bool = False
    signature: dict[str, str] = dataclasses.field(default_factory=dict)
    protected: bool = False


class Journal:
    """A locked record on disk. Close it and the lock is gone."""

    def __init__(self, path: str, fd: int, record: Record) -> None:
        self._path = path
        self.fd = fd
        self.record = record

    def note(self, **fields: Any) -> None:
        """Change the record, here and, before returning, on disk.

        :raises ConfigurationError: the state directory cannot be written
        """
        for name, value in fields.items():
            setattr(self.record, name, value)
        full = dataclasses.asdict(self.record)
        line = json.dumps({name: full[name] for name in fields}) + '\n'
        try:
            os.write(self.fd, line.encode())
            os.fdatasync(self.fd)
        except OSError as error:
            raise _unusable(self._path, error) from error

    def remove(self) -> None:
        """The transfer is over and leaves nothing to do."""
        try:
            os.unlink(self._path)
        except FileNotFoundError:
            pass
        self.close()

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
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND
                     | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise _unusable(directory, error) from error
    journal = Journal(path, fd, Record(task_id, image_id))
    if not _lock(fd):
        journal.close()
        raise exceptions.ConfigurationError(
            detail='another live process has task %s' % task_id)
    journal.note(task_id=task_id, image_id=image_id)
    return journal


def exists(state_dir: str, task_id: str) -> bool:
    """Whether a task has a journal here, whoever holds it."""
    return os.path.exists(os.path.join(state_dir, DIRECTORY,
                                       task_id + SUFFIX))


def abandoned(state_dir: str) -> Iterator[Journal]:
    """The journals whose owners are dead, each locked by us meanwhile.

    The caller closes or removes each. Journals of this process's own live
    transfers are locked and so not among them.

    :raises ConfigurationError: the state directory cannot be read
    """
    directory = os.path.join(state_dir, DIRECTORY)
    try:
        names = sorted(os.listdir(directory))
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unusable(directory, error) from error
    for name in names:
        if name.endswith(SUFFIX):
            journal = _adopt(os.path.join(directory, name))
            if journal is not None:
                yield journal


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
    return Journal(path, fd, _read(path, fd))


def _read(path: str, fd: int) -> Record:
    task_id = os.path.basename(path).removesuffix(SUFFIX)
    fields: dict[str, Any] = {}
    with open(fd, closefd=False) as lines:
        for line in lines:
            try:
                fields |= json.loads(line)
            except ValueError:
                # The line that its writer died in; nothing relied on it.
                break
    known = {f.name for f in dataclasses.fields(Record)}
    fields = {'image_id': '', **fields, 'task_id': task_id}
    record = Record(**{k: v for k, v in fields.items() if k in known})
    record.targets = [t if isinstance(t, jobs.Target) else jobs.Target(**t)
                      for t in record.targets]
    return record


def _lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _unusable(path: str, error: OSError) -> exceptions.ConfigurationError:
    return exceptions.ConfigurationError(
        detail='[lifecycle] state_dir cannot be used (%s). Tell the operator, '
        'who finds its path in the log of glance-api.' % error.strerror,
        operator='%s: %s. It must be writable by glance-api and be kept '
        'across restarts.' % (path, error.strerror))
