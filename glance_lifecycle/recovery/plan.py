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

"""What recovery does about one dead import: decided here, done elsewhere.

Nothing here looks or acts: who asks has looked, asks again just before each
single removal, and so acts on what is true at that moment.
"""

from collections.abc import Collection
import dataclasses
import enum
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.transfer import journal_record

REASON = ('The glance-api process that ran this import ended before the '
          'import did. ')

# Of a journal: no import, but more copies of an active image. Nothing of it
# is in Glance before its end, neither a task nor a lock.
STORE_COPY = 'store-copy'
COPY_REASON = ('The process that copied this image ended before the copy '
               'was complete. Ask for it again.')

# From here on a "store copy", which takes no lock, may write the image.
ONCE_ACTIVE = ('active', 'deactivated')


class Reach(enum.Enum):
    """What may be removed of a transfer from one store, at one moment."""

    #: All that its marks tell of, also by name where one vouches for it:
    #: nobody else can be writing the image.
    ALL = 'all'
    #: Only what has the identity of a mark: by its name it could be a copy
    #: that somebody else is about to register.
    OWN = 'own'
    #: The image has a location in the store: only what is not there.
    BESIDE = 'beside'
    #: Nothing: another import, upload or copy holds the image, or the store.
    WAIT = 'wait'


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What recovery does about one dead import, or what it has done.

    :ivar status: the status the image gets; '' to leave it as it is
    :ivar failure: the task's message; None: it had succeeded
    :ivar undo: stores to remove this image from; once done, those where
        something was removed
    :ivar files: paths to remove
    :ivar waits: something is left for later: another import goes on
    :ivar left: once done, store -> why its record is kept
    :ivar again_in: seconds after which to look again for what a store may
        still carry out; 0 for none
    :ivar failed: why nothing, or not all of that, could be done; '' if it was
    """

    image_id: str
    task_id: str
    status: str = ''
    failure: str | None = None
    undo: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    waits: bool = False
    left: dict[str, str] = dataclasses.field(default_factory=dict)
    again_in: float = 0.0
    failed: str = ''

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do, so that the journal may go."""
        return not self.waits and not self.left and not self.failed

    @property
    def text(self) -> str:
        """The same for the operator."""
        parts = ['image %s (task %s)' % (self.image_id, self.task_id)]
        if self.failed:
            return '%s: it stays on record: %s' % (parts[0], self.failed)
        if self.undo:
            parts.append('unfinished copies removed from '
                         + ', '.join(self.undo))
        parts += ['%s removed' % path for path in self.files]
        if self.status:
            parts.append('status set to ' + self.status)
        parts.append('task ended: '
                     + (self.failure or 'success').rstrip('.'))
        if self.waits:
            parts.append('the rest is left until the import that holds the '
                         'image is over')
        text = '; '.join(parts) + '.'
        for store, why in self.left.items():
            text += ' Still on record for store %s: %s' % (store, why)
        return text

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self) | {
            'finished': self.finished, 'text': self.text}


def keeps_staged(method: str, error: exceptions.LifecycleError | None) -> bool:
    """Whether the staged file is worth another attempt.

    A downloaded one is not kept: Glance's download tasks remove it, and the
    user asks for the download again.
    """
    return (method == 'glance-direct'
            and not isinstance(error, exceptions.ImageRefused))


def reach(record: journal_record.Record, store: str,
          state: glance_host.ImageState | None, holder: str = '') -> Reach:
    """What may be removed from a store now.

    :param state: of the image, as it is at this moment
    :param holder: the task that asks, where it is not the record's
    """
    if state is None:
        return Reach.ALL
    # Glance does not always know of which store a location is.
    if store in state.locations or '' in state.locations:
        return Reach.BESIDE
    if record.method == STORE_COPY:
        # Who has the lock now may be writing another store.
        return Reach.WAIT if store in state.importing else Reach.OWN
    if state.lock in (record.task_id, holder or record.task_id):
        return Reach.ALL
    # An upload without an import has no lock, and may be to any store.
    if state.lock is not None or state.status == 'saving':
        return Reach.WAIT
    return Reach.OWN if state.status in ONCE_ACTIVE else Reach.ALL


def make_plan(record: journal_record.Record,
              state: glance_host.ImageState | None,
              files: Collection[str]) -> Plan:
    """What to do about one dead import.

    :param state: of the image, as it is at this moment
    :param files: which of the record's files are there
    """
    reaches = {t.store: reach(record, t.store, state)
               for t in record.targets}
    waits = Reach.WAIT in reaches.values()
    scratch = [path for path in record.scratch if path in files]
    staged = [path for path in [record.staged] if path in files]

    error = exceptions.from_dict(record.failure) if record.failure else None
    reason = '%s ' % error if error else REASON

    def plan(status: str, failure: str | None, paths: list[str],
             waits: bool = waits) -> Plan:
        return Plan(record.image_id, record.task_id, status, failure,
                    tuple(s for s, r in reaches.items()
                          if r in (Reach.ALL, Reach.OWN)),
                    tuple(paths), waits)

    if state is None:
        return plan('', REASON + 'The image was deleted meanwhile.',
                    staged + scratch)
    if record.method == STORE_COPY:
        return plan('', COPY_REASON, [])
    if state.lock not in (None, record.task_id):
        # Somebody began anew, perhaps with a scratch file of that name.
        return plan('', REASON, [], waits or bool(scratch))
    if state.status in ONCE_ACTIVE:
        # A copy that was complete would have its location.
        copying = record.method == 'copy-image' and any(
            r is not Reach.BESIDE for r in reaches.values())
        return plan('', REASON + 'Ask for the copy again.'
                    if copying else None, staged + scratch)
    if state.status not in ('importing', 'queued'):
        # Staged anew since; only our own files may go.
        return plan('', reason, scratch)
    if keeps_staged(record.method, error) and staged:
        return plan('uploading', reason + 'The staged data are kept: ask '
                    'for the import again.', scratch)
    return plan('queued', reason + 'Stage the image again, or ask for its '
                'download again.', staged + scratch)
