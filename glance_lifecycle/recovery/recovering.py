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

Why a registered copy is never removed:

* The dead import cannot register anything any more. Its process and its
  child are gone, or the journal would be locked. What it has sent to the
  database may still be carried out: ``settle`` waits for that, and only then
  is the image looked at. If it is active by then, its copies have their
  locations, in the same transaction.
* Nobody else begins with the image meanwhile. It stays ``importing`` until its
  stores have been visited, and Glance refuses to import such an image, whoever
  has its lock; only DELETE gets through, after which nothing is registered. Of
  an image that is not importing, the task is ended first: Glance lets its lock
  be taken over only an hour after the task last changed.
* Others register only what they made themselves. So where they may be at work
  (another import has the lock; or the image is active, and a "store copy"
  takes no lock), only what has an identity of our own is removed, or nothing:
  see ``recovery_plan.reach``, which is asked before each single removal.

Why nothing is forgotten: a target leaves the journal when the store has said
that it is gone, or when the image has a location there; the journal goes when
it has no target left. The operator may decide otherwise: see ``forget``.
"""

from collections.abc import Iterator
import os
import threading

from oslo_config import cfg
from oslo_log import log as logging

from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.jobs import targets
from glance_lifecycle.recovery import plan as recovery_plan
from glance_lifecycle.recovery import undoing
from glance_lifecycle.transfer import journal
from glance_lifecycle.transfer import journal_record
from glance_lifecycle.transfer import journals
from glance_lifecycle.transfer import sink
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import opening

CONF = cfg.CONF
LOG = logging.getLogger(__name__)

STORE_COPY = recovery_plan.STORE_COPY
Plan = recovery_plan.Plan

# Names of threads.
RECOVERY = 'lifecycle-recovery'
LOOKING_AGAIN = 'lifecycle-recovery-again'

_begun = threading.Event()
_again = threading.Lock()


def at_first_import() -> None:
    """Recover once in the life of this process, in the background."""
    if _begun.is_set():
        return
    _begun.set()
    threading.Thread(target=_quietly, name=RECOVERY, daemon=True).start()


def look_again(seconds: float) -> None:
    """Recover once more, in the background, after so many seconds.

    For what ``undoing`` found to be too early. One at a time: it looks at all
    that is there, and if that is too early for some, once more.
    """
    with _again:
        if not seconds or any(t.name == LOOKING_AGAIN
                              for t in threading.enumerate()):
            return
        # The next whole second, so that it is not too early by a little.
        timer = threading.Timer(seconds + 1, _quietly)
        timer.name, timer.daemon = LOOKING_AGAIN, True
        timer.start()


def _quietly() -> None:
    threading.current_thread().name = RECOVERY
    again_in = 0.0
    try:
        for plan in recover(CONF.lifecycle.state_dir):
            LOG.warning('%s: %s', 'Recovered' if plan.finished
                        else 'Not all recovered', plan.text)
            again_in = max(again_in, plan.again_in)
        look_again(again_in)
    except Exception:
        LOG.exception('Recovery of dead imports failed; see '
                      'glance-lifecycle-manage recover.')


def recover(state_dir: str, dry_run: bool = False) -> Iterator[Plan]:
    """Undo every import whose owner is dead; yields what was done.

    :param dry_run: only say what would be done
    :raises ConfigurationError: the state directory cannot be read
    """
    for dead in _abandoned(state_dir):
        yield from _recover_one(dead, dry_run)


def recover_offloaded(state_dir: str) -> Iterator[Plan]:
    """The same for imports that a worker has run, and nothing else.

    Their glance-api died: nobody has told Glance yet that they are over.
    """
    for dead in _abandoned(state_dir):
        if dead.record.offloaded:
            yield from _recover_one(dead, False)
        else:
            dead.close()


def recover_copies(state_dir: str, image_id: str) -> Iterator[Plan]:
    """The same for copies of one image that died, and nothing else."""
    for dead in _without_jobs(journals.abandoned_of(state_dir, image_id)):
        if dead.record.method == STORE_COPY:
            yield from _recover_one(dead, False)
        else:
            dead.close()


def clear(state_dir: str, image_id: str, task_id: str) -> None:
    """Remove what ended imports of an image have left in its stores.

    For the next import, which holds the image now. A store that did not
    answer may keep a whole copy that Glance knows nothing of; no sink would
    write over that. What still cannot be removed is logged, and stays in its
    journal.

    :param task_id: of that import
    :raises ConfigurationError: the state directory cannot be read
    """
    state = glance_host.image_state(image_id)
    if state is None or state.lock != task_id:
        # Deleted; or taken over by another task, and what that makes is not
        # to be touched.
        return
    for dead in _without_jobs(journals.abandoned_of(
            state_dir, image_id, own=task_id)):
        try:
            glance_host.settle(image_id)
            undoing.undo(dead, holder=task_id)
        except Exception:
            # The import itself tells whether that is in its way.
            LOG.exception('Cannot remove what an earlier import has left of '
                          'image %s.', image_id)
        finally:
            dead.close()


def recover_stale(state_dir: str, seconds: float,
                  dry_run: bool = False) -> Iterator[Plan]:
    """The same for imports without a journal, by their age alone.

    Stock imports and copy-image leave no journal. A live one does not
    always change its task, so only the operator can say how long is dead.
    They get a journal here, so that what cannot be removed, or is older than
    the task and so perhaps not its own, is not forgotten with the task.

    :param seconds: since the task's record last changed
    """
    for stale in glance_host.stale_tasks(seconds):
        if journal.exists(state_dir, stale.task_id):
            continue
        try:
            record = _record(stale)
            if dry_run:
                yield _plan(record)
                continue
            dead = journal.create(state_dir, stale.task_id, stale.image_id)
            dead.note(method=record.method, stores=record.stores,
                      staged=record.staged, targets=record.targets)
            for store, marks in record.created.items():
                for mark in marks:
                    dead.created(store, mark)
        except Exception as error:
            LOG.exception('Cannot recover the import of image %s.',
                          stale.image_id)
            yield Plan(stale.image_id, stale.task_id, failed=_why(error))
        else:
            yield from _recover_one(dead, False)


def _record(stale: glance_host.StaleTask) -> journal_record.Record:
    state = glance_host.image_state(stale.image_id)
    stores = sorted({*stale.stores, *(state.importing if state else ())})
    return journal_record.Record(
        stale.task_id, stale.image_id, method=stale.method, stores=stores,
        targets=targets.targets(stores),
        staged=os.path.join(glance_host.staging_dir(), stale.image_id),
        created={s: [sink.since(stale.created)] for s in stores})


def find(state_dir: str, task_id: str) -> journal.Journal:
    """The journal of one dead import, locked by us; the caller closes it.

    :raises ConfigurationError: there is none, or its owner lives
    """
    for dead in _abandoned(state_dir):
        if dead.record.task_id == task_id:
            return dead
        dead.close()
    raise exceptions.InputRefused(
        detail='%s of %s. See "glance-lifecycle-manage recover --dry-run"' % (
            'The process is alive that has the journal'
            if journal.exists(state_dir, task_id) else 'There is no journal',
            task_id))


def _abandoned(state_dir: str) -> Iterator[journal.Journal]:
    return _without_jobs(journals.abandoned(state_dir))


def _without_jobs(found: Iterator[journal.Journal]
                  ) -> Iterator[journal.Journal]:
    """Without those that a worker has, or will have."""
    for dead in found:
        if has_worker(dead.record):
            dead.close()
        else:
            yield dead


def has_worker(record: journal_record.Record) -> bool:
    """Whether a worker is to bring the import to its end."""
    if not record.offloaded:
        return False
    try:
        database = opening.existing(CONF)
        try:
            job = jobs.latest(database, record.image_id, record.offloaded)
        finally:
            database.close()
    except errors.DatabaseMissing:
        return False
    except exceptions.LifecycleError as error:
        LOG.warning('The import of image %(image)s is left alone, for nobody '
                    'can tell whether a worker has it: %(error)s', {
                        'image': record.image_id,
                        'error': error.for_operator()})
        return True
    return job is not None and job.state in jobs.OPEN


def remove_by_name(dead: journal.Journal) -> Iterator[Plan]:
    """Recover one import, and remove what only bears the image's name.

    Destructive: the operator has made sure that it is of no use to anybody.
    """
    yield from _recover_one(dead, False, by_name=True)


def forget(dead: journal.Journal) -> Iterator[Plan]:
    """Recover one import, and drop its record with what cannot be removed.

    Destructive: nobody knows any more of what is left in the stores.
    """
    yield from _recover_one(dead, False, drop=True)


def planned(dead: journal.Journal) -> Plan:
    """What recovery would do about it; changes nothing."""
    return _plan(dead.record)


def _recover_one(dead: journal.Journal, dry_run: bool, *,
                 by_name: bool = False, drop: bool = False
                 ) -> Iterator[Plan]:
    try:
        if dry_run:
            plan = _plan(dead.record)
        else:
            plan = _carry_out(dead, by_name)
            if plan.finished or drop:
                dead.remove()
        yield plan
    except Exception as error:
        # One that cannot be recovered now must not keep the others.
        LOG.exception('Cannot recover the import of image %s.',
                      dead.record.image_id)
        yield Plan(dead.record.image_id, dead.record.task_id,
                   failed=_why(error))
    finally:
        dead.close()


def _why(error: Exception) -> str:
    if isinstance(error, exceptions.LifecycleError):
        return exceptions.sentence(str(error))
    return 'Unexpected %s; the log has the details.' % type(error).__name__


def _plan(record: journal_record.Record) -> Plan:
    """What to do about one dead import, as it is at this moment."""
    return recovery_plan.make_plan(
        record, glance_host.image_state(record.image_id),
        [path for path in (record.staged, *record.scratch)
         if path and os.path.exists(path)])


def _carry_out(dead: journal.Journal, by_name: bool) -> Plan:
    """Every step may have been done by a recovery that died itself.

    :returns: what was done
    """
    record = dead.record
    glance_host.settle(record.image_id)
    plan = _plan(record)
    if not plan.status:
        # The image is not importing: nothing but its task holds it for us.
        _end_task(plan)
    undone = undoing.undo(dead, by_name=by_name)
    removed = tuple(path for path in plan.files
                    if _remove_file(record, path))
    if record.method != STORE_COPY:
        _put_right(plan, record)
        _end_task(plan)
    return Plan(plan.image_id, plan.task_id, plan.status, plan.failure,
                undone.removed, removed, plan.waits, undone.left,
                undone.again_in)


def _end_task(plan: Plan) -> None:
    if not glance_host.task_over(plan.task_id):
        glance_host.end_task(plan.task_id, failure=plan.failure)


def _remove_file(record: journal_record.Record, path: str) -> bool:
    """Unless it is another by now: the image may have been staged anew."""
    try:
        before = os.lstat(path)
        if path not in _plan(record).files or not os.path.samestat(
                before, os.lstat(path)):
            return False
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True


def _put_right(plan: Plan, record: journal_record.Record) -> None:
    state = glance_host.image_state(record.image_id)
    if state is None or state.lock not in (None, record.task_id):
        return
    glance_host.clear_stores(record.image_id,
                             sorted({*state.importing, *record.stores}
                                    - set(state.locations)))
    if state.status == 'importing' and plan.status:
        attributes = {k: v for k, v in (
            ('disk_format', record.disk_format),
            ('container_format', record.container_format)) if v}
        if plan.status == 'uploading':
            glance_host.set_uploading(
                record.image_id, os.stat(record.staged).st_size,
                **attributes)
        else:
            glance_host.set_queued(record.image_id, **attributes)
        if record.changed:
            glance_host.restore(record.image_id, record.signature,
                                record.protected)
    glance_host.drop_lock(record.image_id, record.task_id)
