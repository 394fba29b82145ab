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

"""Whether anybody has a file open: the kernel knows of all processes."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import enum
import fcntl
import signal


class Use(enum.Enum):
    """What a lease tells of a file.

    NONE: nobody else has it open. OPEN: somebody has. UNKNOWN: the file
    system has no leases, or the file is of another user.
    """

    NONE = 'none'
    OPEN = 'open'
    UNKNOWN = 'unknown'


@contextlib.contextmanager
def alone(fd: int) -> Iterator[Callable[[], bool]]:
    """Nobody else has it open; yields whether nobody has wanted it since.

    A lease, fcntl(2): the kernel knows of all processes in all containers,
    and lets who opens the file wait until the lease is over, 45 s at most.

    :raises OSError: it is open, by EAGAIN, or that cannot be told
    """
    # The signal that somebody wants it is one that is ignored.
    fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    yield lambda: fcntl.fcntl(fd, fcntl.F_GETLEASE) == fcntl.F_WRLCK


def use(fd: int) -> Use:
    """Whether anybody has it open but the caller, who must be its only user.

    The lease is given back at once: who opens the file meanwhile waits for
    no longer than that.
    """
    try:
        with alone(fd):
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return Use.OPEN
    except OSError:
        return Use.UNKNOWN
    return Use.NONE
