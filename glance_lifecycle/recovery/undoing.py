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

"""Remove from stores what a transfer made there, and forget nothing else.

Before each single removal the image is looked at again: it may have become
active, or be somebody else's by now. What cannot be removed, or cannot be
proven to be gone, stays in the journal with its marks.

Of a transfer that was killed, a store on the network may still have a request
that it carries out later. So such a store is looked through twice, the second
time when that must be over.
"""

from collections.abc import Sequence
import dataclasses
import json
import time

from oslo_config import cfg
from oslo_log import log as logging

from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.recovery import plan as recovery_plan
from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import journal
from glance_lifecycle.transfer import sink

CONF = cfg.CONF
LOG = logging.getLogger(__name__)

Reach = recovery_plan.Reach

# Every object is younger than this.
ALWAYS = 0.0

BUSY = 'Another import or copy of the image is going on.'
UNPROVEN = (
    'An object of that name is there, and nothing proves that this import '
    'made it, so it stays. Look at it. Then remove it with '
    '"glance-lifecycle-manage recover --by-name %(task)s", or keep it and '
    'drop the record with "glance-lifecycle-manage recover --forget '
    '%(task)s".')
ELSEWHERE = ('The store is not the one that it was when the image was '
             'written. Mount, or configure, that one again.')
LATE = ('All that was there is removed. A request that was under way may '
        'still be carried out, so it is looked for again in %d seconds.')


@dataclasses.dataclass(frozen=True, slots=True)
class Undone:
    """What came of it.

    :ivar removed: stores where there was something of ours
    :ivar left: store -> why its target is still in the journal
    :ivar again_in: seconds until another look makes sense for one of them,
        though nothing is wrong; 0 for none
    """

    removed: tuple[str, ...]
    left: dict[str, str]
    again_in: float = 0.0


class _Left(Exception):
    """The target stays in the journal; the text says why."""


class _Late(Exception):
    """The target stays in the journal for so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


def told(error: BaseException | None) -> bool:
    """Whether a transfer that ended like that put all it made on record.

    Its child process did, if it said itself how it ended. One that died, or
    was told to stop and perhaps killed, did not.
    """
    return error is None or isinstance(error, (
        exceptions.ImageRefused, exceptions.SourceError,
        exceptions.StoreError))


def undo(dead: journal.Journal, *, holder: str = '', by_name: bool = False,
         complete: bool = False) -> Undone:
    """Undo each target, and leave those in the journal that cannot be.

    :param holder: the task that asks, where it is not the journal's
    :param by_name: the operator has looked: also remove what bears the
        image's name and cannot be proven to be this transfer's
    :param complete: the transfer ended orderly, so a store of which it noted
        nothing needs no visit
    :raises ConfigurationError: the journal cannot be written
    """
    record = dead.record
    removed: list[str] = []
    left, late = {}, {}
    for target in record.targets:
        visit = _Visit(dead, target, holder, by_name, complete)
        try:
            visit.run()
        except _Late as error:
            late[target.store] = error.seconds
        except (_Left, exceptions.LifecycleError) as error:
            left[target.store] = str(error).rstrip('.') + '.'
        except Exception as error:
            # The others are tried all the same.
            LOG.exception('Cannot remove image %s from store %s.',
                          record.image_id, target.store)
            left[target.store] = (
                'Unexpected %s; the log has the details.'
                % type(error).__name__)
        if visit.removed:
            removed.append(target.store)
    for store, why in left.items():
        LOG.error('Image %(image)s, store %(store)s: %(why)s It stays on '
                  'record. Recovery, or the next import of the image, looks '
                  'again.', {'image': record.image_id, 'store': store,
                             'why': why})
    rest = [t for t in record.targets if t.store in (*left, *late)]
    if len(rest) < len(record.targets):
        dead.note(targets=rest)
    return Undone(
        tuple(removed),
        left | {store: LATE % seconds for store, seconds in late.items()},
        max(late.values(), default=0.0))


class _Visit:
    """One store, looked at once.

    :ivar removed: whether something was
    """

    def __init__(self, dead: journal.Journal, target: jobs.Target,
                 holder: str, by_name: bool, complete: bool) -> None:
        self.removed = False
        self._journal = dead
        self._record = record = dead.record
        self._target = target
        self._holder = holder
        self._by_name = by_name
        self._complete = complete
        self._marks = record.marks(target.store)

    def run(self) -> None:
        """:raises _Left: there is something that is not removed
        :raises _Late: there may be something later
        :raises LifecycleError: the store, or the database, cannot be asked
        """
        record, store = self._record, self._target.store
        if self._complete and not self._marks:
            return
        begun = time.time()
        # The look that counts: nothing else comes before the removal.
        state = glance_host.image_state(record.image_id)
        reach = recovery_plan.reach(record, store, state, self._holder)
        if reach is Reach.WAIT:
            raise _Left(BUSY)
        self.removed = self._target.undo(record.image_id,
                                         self._usable(reach, state))
        self._prove(reach)
        if reach is not Reach.BESIDE and self._marks and not self._complete:
            self._settle(begun)

    def _settle(self, begun: float) -> None:
        """:raises _Late: this look came too early to be the last one"""
        store, seconds = self._target.store, self._settle_time()
        if not seconds:
            return
        first = self._record.looked.get(store)
        # From the future: the host's clock was set back.
        if first is None or first > begun:
            first = time.time()
            self._journal.note(looked={**self._record.looked, store: first})
        if begun < first + seconds:
            raise _Late(seconds - max(0.0, begun - first))

    def _settle_time(self) -> int:
        if not self._target.load().late:
            return 0
        return int(CONF.lifecycle_transfer.object_store_settle_time)

    def _usable(self, reach: Reach,
                state: glance_host.ImageState | None
                ) -> Sequence[sink.Mark]:
        own = [mark for mark in self._marks
               if not _by_name(mark) and sink.ASKED not in mark]
        if self._target.store in self._record.looked:
            # What was asked for has been kept out; by now others may ask.
            marks = [mark for mark in self._marks if sink.ASKED not in mark]
        else:
            marks = self._marks
        if reach is Reach.BESIDE and state is not None:
            url = state.locations.get(self._target.store,
                                      state.locations.get('', ''))
            return self._target.apart(self._record.image_id, own, url)
        if self._by_name:
            return [*marks, sink.since(ALWAYS)]
        return marks if reach is Reach.ALL else own

    def _prove(self, reach: Reach) -> None:
        """What is not known by its identity must be seen to be gone.

        :raises StoreError: the store cannot be looked into
        """
        named = [mark for mark in self._marks if _by_name(mark)]
        absent = [mark for mark in named if 'absent' in mark]
        known = self._marks and not named
        vouched = self._by_name or (absent and reach is Reach.ALL)
        if reach is not Reach.BESIDE and (known or vouched):
            return
        try:
            now = self._target.absent(self._record.image_id)
        except exceptions.StoreDuplicate:
            if reach is Reach.BESIDE or (
                    not named and self._record.version > 1):
                # Registered; or of somebody else, for we made nothing.
                return
            raise _Left(UNPROVEN % {'task': self._record.task_id}) from None
        if absent and not any(_is_same_store(then, now) for then in absent):
            raise _Left(ELSEWHERE)


def _by_name(mark: sink.Mark) -> bool:
    return 'absent' in mark or 'since' in mark


def _is_same_store(then: sink.Mark, now: sink.Mark) -> bool:
    """By all that the older mark says, which may be of an older release."""
    # As it comes back from a journal.
    now = json.loads(json.dumps(now))
    then = json.loads(json.dumps(then))
    return all(now.get(key) == value for key, value in then.items()
               if key != sink.BEGUN)
