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

"""Which workers are alive, and the jobs of those that are not.

On one host the kernel tells who is gone: each worker holds a lock on a file
of its own, which nobody else can have before that. Of a frozen one, and of
those of other hosts, it is known whether its sign of life still changes; by
whose clock does not matter.
"""

from collections.abc import Callable
from collections.abc import Sequence
import contextlib
import datetime
import fcntl
import os
import pathlib
import socket
import time
import uuid

from oslo_log import log as logging

from glance_lifecycle import exceptions
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import owned
from glance_lifecycle.worker import presence

LOG = logging.getLogger(__name__)


class Liveness:
    """One worker's own sign of life, and a watch on those of others.

    :param state_dir: of the host: [lifecycle] state_dir
    :param mode: of the worker, which is shown to operators
    :param expiry: seconds without a change until one that does not hold its
        lock here is taken for dead, or one that does for frozen
    :param imports: whether it runs imports, for its glance-api to know
    :param clock: seconds, monotonic
    :ivar id: a UUID, new at each start
    :raises ConfigurationError: its file cannot be made
    """

    def __init__(self, database: engine.Database, state_dir: str, mode: str,
                 expiry: float,
                 clock: Callable[[], float] = time.monotonic, *,
                 imports: bool = False) -> None:
        self.id = str(uuid.uuid4())
        self._database = database
        self._directory = pathlib.Path(state_dir, 'workers')
        self._expiry = expiry
        self._clock = clock
        # Worker -> its last sign, and when that was first seen here.
        self._signs: dict[str, tuple[datetime.datetime, float]] = {}
        self._presence = presence.Presence(database, self.id, mode=mode,
                                           imports=imports)
        self._fd = self._hold()

    def _hold(self) -> int:
        try:
            # A worker that root tries keeps no other from it.
            owned.make_directory(self._directory.parent)
            owned.make_directory(self._directory)
            fd = os.open(self._directory / self.id,
                         os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC,
                         0o600)
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise exceptions.ConfigurationError(
                detail='[lifecycle] state_dir: %s' % error.strerror,
                operator=str(self._directory)) from error
        return fd

    def beat(self, away: Sequence[str] = ()) -> None:
        """Tell that this one is alive: several times before the expiry.

        :param away: stores whose jobs it lets wait
        """
        self._presence.beat(away)

    def take_back(self) -> int:
        """Queue the jobs of workers that are gone; how many those were."""
        return len(claims.take_back(self._database, self.living,
                                    actor='worker %s' % self.id))

    def living(self) -> set[str]:
        """Ids of the workers that are alive; the others are forgotten."""
        alive = {self.id}
        for worker in presence.workers(self._database):
            if worker.id == self.id or self._alive(worker):
                alive.add(worker.id)
                continue
            LOG.warning('Worker %(worker)s of host %(host)s is gone.', {
                'worker': worker.id, 'host': worker.host})
            presence.forget(self._database, worker.id)
            with contextlib.suppress(OSError):
                (self._directory / worker.id).unlink()
        self._signs = {worker: sign for worker, sign in self._signs.items()
                       if worker in alive}
        return alive

    def gone(self) -> None:
        """This worker ends, and has no job any more."""
        try:
            self._presence.gone()
        finally:
            with contextlib.suppress(OSError):
                (self._directory / self.id).unlink()
            os.close(self._fd)

    def _alive(self, worker: presence.Worker) -> bool:
        if ended(self._directory, worker):
            return False
        sign, since = self._signs.get(worker.id, (None, 0.0))
        now = self._clock()
        if sign != worker.seen_at:
            self._signs[worker.id] = (worker.seen_at, now)
            return True
        return now - since < self._expiry


def ended(directory: pathlib.Path, worker: presence.Worker) -> bool:
    """Whether that worker of this host is gone.

    False where this host, or this user, cannot tell.

    :param directory: ``workers`` in [lifecycle] state_dir
    """
    return worker.host == socket.gethostname() and _free(
        directory / worker.id)


def _free(path: pathlib.Path) -> bool:
    """Whether nobody has the lock any more; False where there is no file."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return True
