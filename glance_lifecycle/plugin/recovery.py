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

"""Undo what died with its process.

Stock Glance leaves an image whose API process died in mid-import in
``importing``, locked, with partial objects in its stores; all that helps is
to delete it, and not even that removes the objects. Here the journal tells
what was going on, and its lock tells that nobody is at it any more.
"""

from collections.abc import Iterator
import dataclasses
import os
import threading
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from glance_lifecycle import exceptions
from glance_lifecycle.plugin import glance_image
from glance_lifecycle.plugin import outcome
from glance_lifecycle.plugin import targets
from glance_lifecycle.transfer import journal

CONF = cfg.CONF
LOG = logging.getLogger(__name__)

REASON = ('The glance-api process that ran this import ended before the '
          'import did. ')
_begun = threading.Event()

# Of a journal: no import, but more copies of an active image. Nothing of it
# is in Glance before its end, neither a task nor a lock.
STORE_COPY = 'store-copy'
COPY_REASON = ('The process that copied this image ended before the copy '
               'was complete. Ask for it again.')


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What recovery does about one dead import.

    :ivar status: the status the image gets; '' to leave it as it is
    :ivar failure: the task's message; None: it had succeeded
    :ivar undo: stores to remove this image from
    :ivar files: paths to remove
    :ivar text: the same for the operator
    """

    image_id: str
    task_id: str
    status: str
    failure: str | None
    undo: tuple[str, ...]
    files: tuple[str, ...]
    text: str

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def at_first_import() -> None:
    """Recover once in the life of this process, in the background."""
    if _begun.is_set():
        return
    _begun.set()
    threading.Thread(target=_quietly, name='lifecycle-recovery',
                     daemon=True).start()


def _quietly() -> None:
    try:
        for plan in recover(CONF.lifecycle.state_dir):
            LOG.warning('Recovered: %s', plan.text)
    except Exception:
        LOG.exception('Recovery of dead imports failed; see '
                      'glance-lifecycle-manage recover')


def recover(state_dir: str, dry_run: bool = False) -> Iterator[Plan]:
    """Undo every import whose owner is dead; yields what was done.

    :param dry_run: only say what would be done
    :raises ConfigurationError: the state directory cannot be read
    """
    for dead in journal.abandoned(state_dir):
        yield from _recover_one(dead, dry_run)


def clear(state_dir: str, image_id: str) -> None:
    """Remove what ended imports of an image have left in its stores.

    For the next import, which holds the image now. A store that did not
    answer may keep a whole copy that Glance knows nothing of; no sink would
    write over that. What still cannot be removed is logged, and stays in its
    journal.

    :raises ConfigurationError: the state directory cannot be read
    """
    state = glance_image.image_state(image_id)
    if state is None or state.locations:
        # An active image is copied without its lock (STORE_COPY): a copy
        # that is complete may be about to be registered.
        return
    for dead in journal.abandoned(state_dir):
        try:
            record = dead.record
            if record.image_id == image_id and _undo(
                    record, tuple(t.store for t in record.targets)):
                dead.note(targets=[])
        except Exception:
            # The import itself tells whether that is in its way.
            LOG.exception('Cannot remove what an earlier import has left of '
                          'image %s', image_id)
        finally:
            dead.close()


def recover_copies(state_dir: str, image_id: str) -> Iterator[Plan]:
    """The same for copies of one image that died, and nothing else."""
    for dead in journal.abandoned(state_dir):
        record = dead.record
        if (record.method, record.image_id) == (STORE_COPY, image_id):
            yield from _recover_one(dead, False)
        else:
            dead.close()


def _recover_one(dead: journal.Journal, dry_run: bool) -> Iterator[Plan]:
    try:
        plan = make_plan(dead.record)
        if dry_run:
            yield plan
        elif _carry_out(plan, dead.record):
            dead.remove()
            yield plan
    except Exception:
        # One that cannot be recovered now must not keep the others.
        LOG.exception('Cannot recover the import of image %s',
                      dead.record.image_id)
    finally:
        dead.close()


def recover_stale(state_dir: str, seconds: float,
                  dry_run: bool = False) -> Iterator[Plan]:
    """The same for imports without a journal, by their age alone.

    Stock imports and copy-image leave no journal. A live one does not
    always change its task, so only the operator can say how long is dead.

    :param seconds: since the task's record last changed
    """
    for stale in glance_image.stale_tasks(seconds):
        if journal.exists(state_dir, stale.task_id):
            continue
        try:
            record = _record(stale)
            plan = make_plan(record)
            if dry_run or _carry_out(plan, record):
                yield plan
        except Exception:
            LOG.exception('Cannot recover the import of image %s',
                          stale.image_id)


def _record(stale: glance_image.StaleTask) -> journal.Record:
    state = glance_image.image_state(stale.image_id)
    stores = sorted({*stale.stores, *(state.importing if state else ())})
    return journal.Record(
        stale.task_id, stale.image_id, method=stale.method, stores=stores,
        targets=targets.targets(stores),
        staged=os.path.join(glance_image.staging_dir(), stale.image_id))


def make_plan(record: journal.Record) -> Plan:
    """What to do about one dead import; changes nothing."""
    state = glance_image.image_state(record.image_id)
    stores = tuple(t.store for t in record.targets
                   if state is None or t.store not in state.locations)
    scratch = tuple(record.scratch)
    staged = (record.staged,) if record.staged else ()
    if state is None:
        return _plan(record, '', REASON + 'The image was deleted meanwhile.',
                     stores, staged + scratch)
    if record.method == STORE_COPY:
        # Who has the lock now may be writing another store.
        return _plan(record, '', COPY_REASON, tuple(
            s for s in stores if s not in state.importing), ())
    if state.lock not in (None, record.task_id):
        # Somebody began anew; what lies in the stores is now theirs.
        return _plan(record, '', REASON, (), ())
    if state.status in ('active', 'deactivated'):
        # A copy that was complete would have its location.
        copying = record.method == 'copy-image' and stores
        return _plan(record, '', REASON + 'Ask for the copy again.'
                     if copying else None, stores, staged + scratch)
    if state.status not in ('importing', 'queued'):
        # Staged anew since; only our own files may go.
        return _plan(record, '', REASON, stores, scratch)
    if (outcome.keeps_staged(record.method, None) and record.staged
            and os.path.exists(record.staged)):
        return _plan(record, 'uploading', REASON + 'The staged data are '
                     'kept: ask for the import again.', stores, scratch)
    return _plan(record, 'queued', REASON + 'Stage the image again, or ask '
                 'for its download again.', stores, staged + scratch)


def _plan(record: journal.Record, status: str, failure: str | None,
          undo: tuple[str, ...], files: tuple[str, ...]) -> Plan:
    files = tuple(path for path in files if os.path.exists(path))
    parts = ['image %s (task %s)' % (record.image_id, record.task_id)]
    if undo:
        parts.append('unfinished copies removed from ' + ', '.join(undo))
    parts += ['%s removed' % path for path in files]
    if status:
        parts.append('status set to ' + status)
    parts.append('task ended: ' + (failure or 'success'))
    return Plan(record.image_id, record.task_id, status, failure, undo,
                files, '; '.join(parts))


def _carry_out(plan: Plan, record: journal.Record) -> bool:
    """Stores first: what is still there would be forgotten with the rest.

    Every step may have been done by a recovery that died itself.

    :returns: whether all is done; otherwise the journal stays
    """
    if not _undo(record, plan.undo):
        return False
    if record.method == STORE_COPY:
        state = glance_image.image_state(record.image_id)
        return not state or not any(
            t.store in state.importing for t in record.targets)
    for path in plan.files:
        outcome.remove(path)
    _put_right(plan, record)
    if not glance_image.task_over(plan.task_id):
        glance_image.end_task(plan.task_id, failure=plan.failure)
    return True


def _undo(record: journal.Record, stores: tuple[str, ...]) -> bool:
    """Whether nothing is left in these stores."""
    for target in record.targets:
        if target.store in stores:
            try:
                target.undo(record.image_id, record.marks(target.store))
            except exceptions.LifecycleError as error:
                LOG.error('Image %(image)s: %(error)s It is tried again at '
                          'the next recovery',
                          {'image': record.image_id, 'error': error})
                return False
    return True


def _put_right(plan: Plan, record: journal.Record) -> None:
    state = glance_image.image_state(record.image_id)
    if state is None or state.lock not in (None, record.task_id):
        return
    glance_image.clear_stores(record.image_id,
                              sorted({*state.importing, *record.stores}
                                     - set(state.locations)))
    if state.status == 'importing' and plan.status:
        attributes = {k: v for k, v in (
            ('disk_format', record.disk_format),
            ('container_format', record.container_format)) if v}
        if plan.status == 'uploading':
            glance_image.set_uploading(
                record.image_id, os.stat(record.staged).st_size,
                **attributes)
        else:
            glance_image.set_queued(record.image_id, **attributes)
        if record.changed:
            glance_image.restore(record.image_id, record.signature,
                                 record.protected)
    glance_image.drop_lock(record.image_id, record.task_id)
