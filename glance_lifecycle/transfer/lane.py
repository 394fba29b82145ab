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

"""Lanes: the threads that a window passes through, each at its own pace.

Every lane gets every window, in order. A window's buffer goes back to the
pool when the last lane has done with it; so the slowest lane sets the pace
and memory stays bounded.
"""

import abc
from collections.abc import Callable
import logging
import queue
import threading
from typing import Protocol

from glance_lifecycle import exceptions
from glance_lifecycle.transfer import buffers
from glance_lifecycle.transfer import digest as digests
from glance_lifecycle.transfer import extents
from glance_lifecycle.transfer import sink as sinks
from glance_lifecycle.transfer import window

# The standard logging: this runs in a child process that must start within
# milliseconds, and oslo.log alone takes 150 of them to import.
LOG = logging.getLogger(__name__)

# Long runs of zeros are hashed in slices, so that a stop is heeded soon.
ZERO_SLICE = 64 * 1024 * 1024


class Item:
    """One window on its way: decoded by the pool, used by every lane.

    :param view: the buffer that holds the bytes; None where all is zero
    :param release: called once, when the last lane is done
    :ivar pieces: the window's, or finer, once the bytes are known
    """

    def __init__(self, win: window.Window, view: memoryview | None,
                 lanes: int, release: Callable[['Item'], None]) -> None:
        self.window = win
        self.view = view
        self.pieces = win.pieces
        self.ready = threading.Event()
        self._users = lanes
        self._release = release
        self._lock = threading.Lock()

    def done(self) -> None:
        with self._lock:
            self._users -= 1
            last = self._users == 0
        if last:
            self._release(self)


class Lane(threading.Thread, metaclass=abc.ABCMeta):
    """A thread that takes items in order until it is given None.

    :param stopped: set when the whole transfer is to end early
    :param fail: called with the error when this lane must end the transfer
    """

    def __init__(self, name: str, stopped: threading.Event,
                 fail: Callable[[BaseException], None]) -> None:
        super().__init__(name=name, daemon=True)
        self.items: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self.position = 0
        self._stopped = stopped
        self._fail = fail

    def run(self) -> None:
        while (item := self.items.get()) is not None:
            item.ready.wait()
            if not self._stopped.is_set():
                try:
                    self.take(item)
                    self.position = item.window.end
                except buffers.Stopped:
                    pass
                except BaseException as error:
                    self._fail(error)
            item.done()

    @abc.abstractmethod
    def take(self, item: Item) -> None:
        """Use one window."""


class DigestLane(Lane):

    def __init__(self, algorithm: str, stopped: threading.Event,
                 fail: Callable[[BaseException], None]) -> None:
        super().__init__('digest-' + algorithm, stopped, fail)
        self.digest = digests.Digest(algorithm)

    def take(self, item: Item) -> None:
        if item.view is not None:
            self.digest.data(item.view)
            return
        length = item.window.length
        for start in range(0, length, ZERO_SLICE):
            if self._stopped.is_set():
                raise buffers.Stopped()
            self.digest.zeros(min(ZERO_SLICE, length - start))


class Looker(Protocol):
    """Sees windows pass, and refuses the image for what is in them."""

    def wants(self, win: window.Window) -> bool:
        """Whether to be given this one; asked in order, in any thread."""

    def look(self, win: window.Window, view: memoryview | None) -> None:
        """:param view: its bytes; None where all is zero

        :raises ImageRefused: as soon as that can be told
        """

    def finish(self) -> None:
        """Called when all has passed.

        :raises ImageRefused: for what only the end tells
        """


class LookingLane(Lane):
    """Beside the others, and given few windows: the pass does not wait."""

    def __init__(self, looker: Looker, stopped: threading.Event,
                 fail: Callable[[BaseException], None]) -> None:
        super().__init__('look', stopped, fail)
        self.looker = looker

    def take(self, item: Item) -> None:
        self.looker.look(item.window, item.view)


class SinkLane(Lane):
    """Writes one store.

    :param optional: a failure drops this store and the others go on
    :ivar error: why this store was dropped, or None
    """

    def __init__(self, sink: sinks.Sink, optional: bool,
                 stopped: threading.Event,
                 fail: Callable[[BaseException], None]) -> None:
        super().__init__('sink-' + sink.store, stopped, fail)
        self.sink = sink
        self.optional = optional
        self.error: exceptions.LifecycleError | None = None

    def take(self, item: Item) -> None:
        if self.error is not None:
            return
        try:
            for piece in item.pieces:
                if piece.kind is extents.Kind.ZERO:
                    self.sink.zero(piece.start, piece.length)
                else:
                    assert item.view is not None  # noqa: S101 - for mypy
                    at = piece.start - item.window.start
                    self.sink.write(piece.start,
                                    item.view[at:at + piece.length])
        except Exception as error:
            self.drop(error)

    def drop(self, error: Exception) -> None:
        """Give this store up; ends the transfer unless it is optional."""
        LOG.warning('Store %s dropped at byte %d: %s', self.sink.store,
                    self.position, exceptions.sentence(str(error)))
        self.error = as_store_error(self.sink.store, error)
        self.abort()
        if not self.optional:
            self._fail(self.error)

    def abort(self) -> None:
        """Sinks do not raise here; one that does must not stop the others.
        """
        try:
            self.sink.abort()
        except Exception:
            LOG.exception('Cannot remove the unfinished copy from store %s.',
                          self.sink.store)


def as_store_error(store: str,
                   error: BaseException) -> exceptions.LifecycleError:
    if isinstance(error, exceptions.LifecycleError):
        return error
    LOG.error('Unexpected error in store %s.', store, exc_info=error)
    return exceptions.StoreError(
        store=store, detail='unexpectedly (%s); the log of glance-api has '
        'the details.' % type(error).__name__)
