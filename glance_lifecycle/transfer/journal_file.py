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

"""The files of journals: where they are, how they are locked and read."""

from collections.abc import Mapping
import errno
import fcntl
import os
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer import journal_record as records

DIRECTORY = 'transfers'
SUFFIX = '.json'

AWAITED_SUFFIX = '.awaited'

#: Not yet a journal: without a lock, or without a first line.
NEW_SUFFIX = '.new'

#: To open one, for who may write it and for who only looks.
WRITE = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
LOOK = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW


def path_of(state_dir: str, task_id: str) -> str:
    return os.path.join(state_dir, DIRECTORY, task_id + SUFFIX)


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
        raise unusable(DIRECTORY, error) from error


def read(path: str, fd: int) -> records.Record:
    """What it tells."""
    # Not by the descriptor's position, which its writers share.
    return records.read(
        os.path.basename(path).removesuffix(SUFFIX),
        os.pread(fd, os.fstat(fd).st_size, 0))


def lock(fd: int, kind: int = fcntl.LOCK_EX) -> bool:
    """Whether one has the lock now; nobody is waited for."""
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def awaited(path: str) -> str:
    """Of the lock that who waits for a journal holds."""
    return path.removesuffix(SUFFIX) + AWAITED_SUFFIX


def is_awaited(path: str) -> bool:
    """Whether anybody holds that.

    :raises ConfigurationError: it cannot be read
    """
    try:
        fd = os.open(awaited(path), os.O_WRONLY | os.O_CLOEXEC
                     | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise unusable(path, error) from error
    try:
        # Shared: nobody else who looks is whom the journal awaits.
        return not lock(fd, fcntl.LOCK_SH)
    finally:
        os.close(fd)


def unusable(path: str, error: OSError) -> exceptions.ConfigurationError:
    return exceptions.ConfigurationError(
        detail='[lifecycle] state_dir cannot be used (%s). Tell the operator, '
        'who finds its path in the log of glance-api.' % error.strerror,
        operator='%s: %s. It must be writable by glance-api and be kept '
        'across restarts.' % (path, error.strerror))
