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

"""The one pass: a source's bytes to all digests and all stores at once.

    source --windows--> decode pool --> digest lane x D
                                    |-> sink lane   x S
                                    \\-> what is looked at of a few

Nothing is visible in a store before every byte is written and hashed
everywhere. Zeros are never written, and not read where the source knows of
them. The first error, or a cancel, stops everything; a store that may fail is
dropped and the rest go on.
"""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from concurrent import futures
import dataclasses
import logging
import threading
from typing import Any


from glance_lifecycle import exceptions
from glance_lifecycle.transfer import buffers
from glance_lifecycle.transfer import extents
from glance_lifecycle.transfer import lane
from glance_lifecycle.transfer import sharing
from glance_lifecycle.transfer import sink as sink_api
from glance_lifecycle.transfer import source as sources
from glance_lifecycle.transfer import window
from glance_lifecycle.transfer import zeros

LOG = logging.getLogger(__name__)

# 16 x 2 MiB: enough to ride out a store that pauses for a tenth of a second,
# little enough to stay far below the memory limit.
BUFFERS = 16


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """What one pass did.

    :ivar digests: algorithm -> hexadecimal digest of the guest's bytes
    :ivar stored: store -> where its copy is
    :ivar failed: store -> why it was dropped
    :ivar bytes_written: store -> bytes given to it, holes not counted
    """

    virtual_size: int
    digests: dict[str, str]
    stored: dict[str, sink_api.Stored]
    failed: dict[str, exceptions.LifecycleError]
    bytes_read: int
    bytes_written: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        return {
            'virtual_size': self.virtual_size,
            'digests': self.digests,
            'stored': {s: dataclasses.asdict(c)
                       for s, c in self.stored.items()},
            'failed': {s: e.to_dict() for s, e in self.failed.items()},
            'bytes_read': self.bytes_read,
            'bytes_written': self.bytes_written,
        }


class Engine:
    """Runs one pass, once.

    :param source: opened and validated
    :param sinks: not begun yet; at least one
    :param algorithms: digests to compute, as hashlib names them
    :param all_must_succeed: whether one store's failure fails all
    :param workers: threads that decode; more than the cores is no use
    :param expected: algorithm -> the hexadecimal digest that the bytes must
        have, or nothing becomes visible
    :param looker: refuses the image for what its bytes are, None for a pass
        whose bytes were looked at before
    :param pace: told how many bytes are to pass, returns how many seconds to
        wait for that; None where there is no limit
    """

    def __init__(self, source: sources.Source,
                 sinks: Sequence[sink_api.Sink], algorithms: Sequence[str],
                 *, all_must_succeed: bool = True, workers: int = 2,
                 expected: Mapping[str, str] | None = None,
                 looker: lane.Looker | None = None,
                 pace: Callable[[int], float] | None = None) -> None:
        self._source = source
        self._pace = pace
        self._expected = dict(expected or {})
        self._stopped = threading.Event()
        self._error: BaseException | None = None
        self._error_lock = threading.Lock()
        self._pool = buffers.BufferPool(BUFFERS, window.SIZE)
        self._workers = workers
        # Windows of zeros hold no buffer and still must not pile up.
        self._slots = threading.BoundedSemaphore(4 * BUFFERS)
        self._digests = [lane.DigestLane(a, self._stopped, self._fail)
                         for a in algorithms]
        self._sinks = [lane.SinkLane(s, not all_must_succeed, self._stopped,
                                     self._fail) for s in sinks]
        self._lanes: list[lane.Lane] = [*self._digests, *self._sinks]
        self._looking = None
        if looker is not None:
            self._looking = lane.LookingLane(looker, self._stopped,
                                             self._fail)

    def cancel(self, detail: str) -> None:
        """Stop at once; ``run()`` raises TransferCancelled. Any thread."""
        self._fail(exceptions.TransferCancelled(detail=detail))

    def progress(self) -> dict[str, Any]:
        """How far every part is, in bytes of the virtual size."""
        return {
            'total': self._source.virtual_size,
            'done': min(part.position for part in self._lanes),
            'stores': {s.sink.store: -1 if s.error else s.position
                       for s in self._sinks},
        }

    def run(self) -> Report:
        """Do the whole pass.

        :raises ImageRefused: the image breaks its format's rules, or has
            not the digest that was expected (``hash-mismatch``)
        :raises SourceError: the image cannot be read
        :raises StoreError: a store failed and all must succeed, or all did
        :raises TransferCancelled: ``cancel()`` was called
        """
        try:
            self._begin()
            self._pass()
            if self._looking is not None:
                self._looking.looker.finish()
            self._compare()
            stored = self._commit()
        except BaseException:
            for part in self._sinks:
                part.abort()
            raise
        return Report(
            virtual_size=self._source.virtual_size,
            digests={d.digest.algorithm: d.digest.hexdigest()
                     for d in self._digests},
            stored=stored,
            failed={s.sink.store: s.error for s in self._sinks if s.error},
            bytes_read=self._source.bytes_read,
            bytes_written={s.sink.store: s.sink.bytes_written
                           for s in self._sinks},
        )

    def _begin(self) -> None:
        # One walk over all tables first, some milliseconds for each GiB: a
        # table that breaks the rules, or a store without room for the data,
        # shows before a byte is written.
        data = sum(extent.length for extent in self._source.extents()
                   if extent.kind is extents.Kind.DATA)
        for part in self._sinks:
            try:
                part.sink.begin(self._source.virtual_size, data_size=data)
            except Exception as error:
                part.drop(error)
        self._check()
        sharing.pair([part.sink for part in self._live_sinks()])

    def _pass(self) -> None:
        threads = [*self._lanes]
        if self._looking is not None:
            threads.append(self._looking)
        for part in threads:
            part.start()
        decoders = futures.ThreadPoolExecutor(self._workers, 'decode')
        try:
            for win in window.windows(self._source.extents()):
                if self._stopped.is_set() or not self._live_sinks():
                    break
                if self._pace is not None and not win.is_zero:
                    self._stopped.wait(self._pace(win.data))
                self._hand_over(win, decoders)
        except buffers.Stopped:
            pass
        except BaseException as error:
            self._fail(error)
        finally:
            for part in threads:
                part.items.put(None)
            for part in threads:
                part.join()
            decoders.shutdown()
        self._check()

    def _hand_over(self, win: window.Window,
                   decoders: futures.ThreadPoolExecutor) -> None:
        self._slots.acquire()
        view = None
        if not win.is_zero:
            view = self._pool.take()[:win.length]
        lanes = self._lanes
        if self._looking is not None and self._looking.looker.wants(win):
            lanes = [*lanes, self._looking]
        item = lane.Item(win, view, len(lanes), self._release)
        if view is None:
            item.ready.set()
        else:
            decoders.submit(self._decode, item)
        for part in lanes:
            part.items.put(item)

    def _decode(self, item: lane.Item) -> None:
        assert item.view is not None  # noqa: S101 - for mypy
        try:
            for piece in item.window.pieces:
                at = piece.start - item.window.start
                part = item.view[at:at + piece.length]
                if self._stopped.is_set():
                    break
                if piece.kind is extents.Kind.ZERO:
                    zeros.clear(part)
                else:
                    self._source.read_into(piece.start, part)
            else:
                # Once, for all stores: raw files and clusters hold zeros
                # that no map tells of.
                item.pieces = zeros.refined(
                    item.pieces, item.view, item.window.start)
        except BaseException as error:
            self._fail(error)
        finally:
            item.ready.set()

    def _release(self, item: lane.Item) -> None:
        if item.view is not None:
            # The pool wants the whole buffer back, not the window's slice.
            self._pool.give_back(memoryview(item.view.obj))
        self._slots.release()

    def _compare(self) -> None:
        found = {d.digest.algorithm: d.digest.hexdigest()
                 for d in self._digests}
        for algorithm, value in self._expected.items():
            if found[algorithm] != value:
                raise exceptions.ImageRefused(
                    reason='hash-mismatch',
                    detail='the %s of its bytes is %s and must be %s' % (
                        algorithm, found[algorithm], value))

    def _commit(self) -> dict[str, sink_api.Stored]:
        """Make every copy visible, at the same time: each has its fsync."""
        live = self._live_sinks()
        stored: dict[str, sink_api.Stored] = {}
        with futures.ThreadPoolExecutor(len(live), 'commit') as pool:
            results = [(p, pool.submit(p.sink.commit)) for p in live]
        for part, result in results:
            try:
                stored[part.sink.store] = result.result()
            except Exception as error:
                part.drop(error)
        try:
            self._check()
        except BaseException as cause:
            for part in live:
                if part.sink.store in stored:
                    _take_back(part.sink, cause)
            raise
        return stored

    def _live_sinks(self) -> list[lane.SinkLane]:
        return [s for s in self._sinks if s.error is None]

    def _check(self) -> None:
        """Raise what ended the transfer, if anything did."""
        if self._error is not None:
            raise self._error
        if not self._live_sinks():
            first = self._sinks[0].error
            assert first is not None  # noqa: S101 - for mypy
            raise first

    def _fail(self, error: BaseException) -> None:
        with self._error_lock:
            if self._error is None:
                self._error = error
        self._stopped.set()
        self._pool.stop()


def _take_back(sink: sink_api.Sink, cause: BaseException) -> None:
    """Undo a commit. What goes wrong with that must not hide the cause.

    The journal has what cannot be removed now.
    """
    try:
        sink.undo(sink.store, sink.image_id, sink.options, sink.marks)
    except Exception as error:
        LOG.error('Cannot take back the copy of image %s: %s', sink.image_id,
                  error)
        cause.add_note('Besides: %s' % error)
