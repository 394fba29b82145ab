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

"""The file of a plan: written once, read with a bound."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import errno
import fcntl
import os
from typing import TYPE_CHECKING

from osc_lib import exceptions as osc_exceptions

if TYPE_CHECKING:
    from glance_lifecycle.planning import document


def check_new(path: str | None) -> None:
    """Before the work, which may take long: whether it can be written after.

    :param path: None or empty where nothing is to be written
    :raises CommandError: it is there already, or its directory is not
    """
    if not path:
        return
    code = 0
    directory = os.path.dirname(path) or '.'
    if os.path.lexists(path):
        code = errno.EEXIST
    elif not os.path.isdir(directory):
        code = errno.ENOENT
    elif not os.access(directory, os.W_OK | os.X_OK):
        code = errno.EACCES
    if code:
        raise osc_exceptions.CommandError('%s cannot be written: %s.' % (
            path, os.strerror(code)))


def write(path: str, text: str) -> None:
    """:raises CommandError: it cannot be written, or is there already"""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(fd, 'w') as file:
            file.write(text + '\n')
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise osc_exceptions.CommandError('%s cannot be written: %s.' % (
            path, error.strerror)) from None


def write_plan(path: str, plan: document.Document, fewer: str) -> None:
    """As JSON.

    :param fewer: how to make a smaller one, without a full stop
    :raises CommandError: it is too large to be read, cannot be written, or is
        there already
    """
    text = plan.to_json()
    # One more is the end of the line.
    if len(text) >= plan.KIND.most:
        raise osc_exceptions.CommandError(
            'The plan is larger than %d MiB. %s.' % (
                plan.KIND.most // 2 ** 20, fewer))
    write(path, text)


@contextlib.contextmanager
def alone(path: str) -> Iterator[None]:
    """No other command of this host carries out that plan meanwhile.

    :raises CommandError: another one does, or the file cannot be opened
    """
    try:
        file = open(path, 'rb')
    except OSError as error:
        raise osc_exceptions.CommandError('%s cannot be read: %s.' % (
            path, error.strerror)) from None
    with file:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise osc_exceptions.CommandError(
                'Another command carries out the plan %s now: wait until it '
                'has ended.' % path if isinstance(error, BlockingIOError)
                else '%s cannot be locked: %s.' % (path, error.strerror)
            ) from None
        yield
