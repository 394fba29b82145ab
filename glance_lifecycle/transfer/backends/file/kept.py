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

"""The directory, below a data directory, of files that are in quarantine.

In the same file system, so that a file gets there by a new name alone, and
keeps its bytes, its owner, its mode and its times. No location leads there.
"""

import datetime
import errno
import os
import re

from glance_lifecycle.transfer.backends.file import datadir
from glance_lifecycle.transfer.backends import inventory

DIRECTORY = '.lifecycle-quarantine'

_MODE = 0o700
_OTHERS_WRITE = 0o022

_NAME = re.compile(r'([0-9a-f]{16})\.(.+)', re.DOTALL)


class NotOurs(Exception):
    """What has the name of the directory; the message is a sentence."""


def opened(directory: datadir.Datadir, make: bool = False) -> int | None:
    """A descriptor of the directory, to be closed by the caller.

    :param make: if it is not there
    :returns: None if it is not there
    :raises NotOurs: others may put there, or take away, what they like
    :raises OSError: as open(2) and mkdir(2) do
    """
    if make:
        try:
            os.mkdir(DIRECTORY, _MODE, dir_fd=directory.fd)
        except FileExistsError:
            pass
    try:
        fd = os.open(DIRECTORY, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW |
                     os.O_CLOEXEC, dir_fd=directory.fd)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise NotOurs('It is no directory.') from None
        raise
    try:
        _check(os.fstat(fd), os.fstat(directory.fd).st_uid)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _check(status: os.stat_result, owner: int) -> None:
    # The former where root looks at what is Glance's.
    if status.st_uid not in (owner, os.geteuid()):
        raise NotOurs('It belongs to another user.')
    if status.st_mode & _OTHERS_WRITE:
        raise NotOurs('Others than its owner may write there.')


def name(plan: str, original: str) -> str:
    """In that directory."""
    return '%s.%s' % (plan, original)


def parsed(found: str) -> tuple[str, str] | None:
    """The plan and the original name.

    :returns: None for what ``name`` has not made
    """
    match = _NAME.fullmatch(found)
    if match is None or not image_id(match[2]):
        return None
    return match[1], match[2]


def image_id(original: str) -> str:
    """Of what can be taken; empty for all else."""
    unfinished = datadir.unfinished(original)
    return inventory.image_id(
        original if unfinished is None else unfinished)


def note(plan: str, since: float) -> str:
    try:
        time = datetime.datetime.fromtimestamp(
            since, datetime.UTC).isoformat(timespec='seconds')
    except (OverflowError, ValueError, OSError):
        time = 'a time that cannot be'
    return 'It is in quarantine since %s, by the plan %s.' % (time, plan)
