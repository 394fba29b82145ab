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
"""

from collections.abc import Sequence
import dataclasses
import json
from typing import Any

from oslo_log import log as logging

from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.recovery import plan as recovery_plan
from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import journal
from glance_lifecycle.transfer import sink

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


@dataclasses.dataclass(frozen=True, slots=True)
class Undone:
    """What came of it.

    :ivar removed: stores where there was something of ours
    :ivar left: store -> why its target is still in the journal
    """

    removed: tuple[str, ...]
    left: dict[str, str]


class _Left(Exception):
    """The target stays in the journal; the text says why."""


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
    removed, left = [], {}
    for target in record.targets:
        try:
            if _Visit(record, target, holder, by_name, complete).run():
                removed.append(target.store)
        except (_Left, exceptions.LifecycleError) as error:
            left[target.store] = str(error).rstrip('.') + '.'
        except Exception as error:
            # The others are tried all the same.
            LOG.exception('Cannot remove image %s from store %s.',
                          record.image_id, target.store)
            left[target.store] = (
                'Unexpected %s; the log has the details.'
                % type(error).__name__)
    for store, why in left.items():
        LOG.error('Image %(image)s, store %(store)s: %(why)s It stays on '
                  'record. Recovery, or the next import of the image, looks '
                  'again.', {'image': record.image_id, 'store': store,
                             'why': why})
    rest = [t for t in record.targets if t.store in left]
    if len(rest) < len(record.targets):
        dead.note(targets=rest)
    return Undone(tuple(removed), left)


class _Visit:
    """One store, looked at once."""

    def __init__(self, record: journal.Record, target: jobs.Target,
                 holder: str, by_name: bool, complete: bool) -> None:
        self._record = record
        self._target = target
        self._holder = holder
        self._by_name = by_name
        self._complete = complete
        self._marks = record.marks(target.store)

    def run(self) -> bool:
        """:returns: whether something was removed"""
        record, store = self._record, self._target.store
        if self._complete and not self._marks:
            return False
        # The look that counts: nothing else comes before the removal.
        state = glance_host.image_state(record.image_id)
        reach = recovery_plan.reach(record, store, state, self._holder)
        if reach is Reach.WAIT:
            raise _Left(BUSY)
        removed = self._target.undo(record.image_id,
                                    self._usable(reach, state))
        self._prove(reach)
        return removed

    def _usable(self, reach: Reach,
                state: glance_host.ImageState | None
                ) -> Sequence[sink.Mark]:
        own = [mark for mark in self._marks if not _by_name(mark)]
        if reach is Reach.BESIDE and state is not None:
            url = state.locations.get(self._target.store,
                                      state.locations.get('', ''))
            return self._target.apart(self._record.image_id, own, url)
        if self._by_name:
            return [*self._marks, sink.since(ALWAYS)]
        return self._marks if reach is Reach.ALL else own

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
        if absent and _plain(now) not in map(_plain, absent):
            raise _Left(ELSEWHERE)


def _by_name(mark: sink.Mark) -> bool:
    return 'absent' in mark or 'since' in mark


def _plain(mark: sink.Mark) -> Any:
    """Which store it tells of, as it comes back from a journal."""
    return json.loads(json.dumps({key: value for key, value in mark.items()
                                  if key != sink.BEGUN}))
