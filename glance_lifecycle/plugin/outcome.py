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

"""How an import ends: put right what failed, and tidy up after Glance.

Glance's own reverts can fail and then leak the image's lock for an hour, or
hide the reason from the user; and its last tasks run after ours. So each
import is followed to the end of its task by ``_follow``.
"""

import os
import threading
import time

from oslo_log import log as logging

from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.plugin import session as sessions
from glance_lifecycle.recovery import plan as recovery_plan
from glance_lifecycle.recovery import recovering
from glance_lifecycle.recovery import undoing

LOG = logging.getLogger(__name__)

# How long Glance may take from our last task to the end of its own. After
# that the journal stays, and recovery has another look.
FOLLOW_SECONDS = 120
FOLLOW_INTERVAL = 0.2

# How often to look at the task while Glance downloads or uploads by itself.
WATCH_INTERVAL = 5


def follow(session: sessions.Session) -> None:
    """Watch this import to the end of its task, from its very beginning.

    Glance may end it before our first task, when a download or a quota
    fails, and then tells no plugin.
    """
    if session.followed:
        return
    session.followed = True
    threading.Thread(target=_to_the_end, args=(session,),
                     name='lifecycle-follow', daemon=True).start()


def sealed(session: sessions.Session) -> None:
    """The image is active; Glance has only its staged file to delete."""
    session.over.set()


def undo(session: sessions.Session) -> None:
    """Remove from the stores what this import wrote there. Never raises.

    And nothing else, whatever ended it: each sink has put on record what it
    made. What cannot be removed now stays in the journal.
    """
    if session.journal is None:
        return
    # Each is tried, whatever becomes of the other.
    for undoing_one in (_undo_stores, _undo_scratch):
        try:
            undoing_one(session)
        except Exception:
            # What is left is in the journal, for recovery.
            LOG.exception('Cannot remove all that the import of image %s has '
                          'made.', session.glance.image_id)
            session.leftovers = True


def _undo_stores(session: sessions.Session) -> None:
    assert session.journal is not None  # noqa: S101 - for mypy
    session.journal.reread()
    _undo_rest(session)


def _undo_scratch(session: sessions.Session) -> None:
    assert session.journal is not None  # noqa: S101 - for mypy
    for path in session.journal.record.scratch:
        remove(path)


def _undo_rest(session: sessions.Session) -> None:
    assert session.journal is not None  # noqa: S101 - for mypy
    # A connection may have been lost in the very COMMIT of the import.
    glance_host.settle(session.glance.image_id)
    undone = undoing.undo(session.journal,
                          complete=undoing.told(session.error))
    session.leftovers |= bool(undone.left)
    recovering.look_again(undone.again_in)


def failed(session: sessions.Session) -> None:
    """Put the image back to where its user can act. Never raises.

    A bad image is removed from staging and goes back to ``queued``. When
    the fault was not the image's, what the user staged is kept and the
    image goes back to ``uploading``: import again, without a new upload.
    """
    try:
        if isinstance(session.error, exceptions.TransferCancelled):
            _gone(session)
        else:
            _give_back(session)
    except exceptions.TransferCancelled:
        # Deleted, or taken over, just after it had failed.
        _quietly_gone(session)
    except Exception:
        LOG.exception('Cannot put image %s back after its failed import.',
                      session.glance.image_id)
        session.leftovers = True
    session.over.set()


def remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def _quietly_gone(session: sessions.Session) -> None:
    try:
        _gone(session)
    except Exception:
        LOG.exception('Cannot tidy up after image %s, which was deleted.',
                      session.glance.image_id)
        session.leftovers = True


def _gone(session: sessions.Session) -> None:
    """Deleted, or somebody else's by now: its state is not for us."""
    image_id = session.glance.image_id
    if glance_host.image_state(image_id) is None and session.journal:
        # Glance's delete may have missed a file that was not there yet.
        if session.journal.record.staged:
            remove(session.journal.record.staged)


def _give_back(session: sessions.Session) -> None:
    record = session.journal.record if session.journal else None
    staged = record.staged if record else ''
    keep = recovery_plan.keeps_staged(session.glance.method, session.error)
    size = os.stat(staged).st_size if (
        keep and staged and os.path.exists(staged)) else None
    attributes = {}
    if record and record.disk_format and not session.direct:
        # Already changed for the upload of the converted file.
        attributes = {'disk_format': record.disk_format,
                      'container_format': record.container_format}
    session.glance.give_back(
        session.stores, why=str(session.error) if session.error else None,
        staged_size=size, **attributes)
    if record and record.changed:
        glance_host.restore(record.image_id, record.signature,
                            record.protected)
    if size is None and staged and (
            session.glance.method not in glance_host.DOWNLOADS):
        remove(staged)


def _to_the_end(session: sessions.Session) -> None:
    done = False
    try:
        if _wait(session):
            _tidy(session)
            done = not session.leftovers
    except Exception:
        LOG.exception('Cannot follow task %s to its end.',
                      session.glance.task_id)
    finally:
        session.close(done=done)


def _wait(session: sessions.Session) -> bool:
    """Wait for the end of the task; False if it does not come."""
    while not session.over.wait(WATCH_INTERVAL):
        if _task_over(session):
            return True
    started = time.monotonic()
    while time.monotonic() - started < FOLLOW_SECONDS:
        if _task_over(session):
            return True
        time.sleep(FOLLOW_INTERVAL)
    return False


def _task_over(session: sessions.Session) -> bool:
    try:
        return glance_host.task_over(session.glance.task_id)
    except Exception as error:
        # A database that is away for a moment comes back.
        LOG.warning('Cannot look at task %s: %s', session.glance.task_id,
                    error)
        return False


def _tidy(session: sessions.Session) -> None:
    task_id, image_id = session.glance.task_id, session.glance.image_id
    if session.error is not None:
        glance_host.end_task(task_id, failure=str(session.error))
    state = glance_host.image_state(image_id)
    if state is None or state.status == 'active':
        _remove_staged(session)
    if session.error is None:
        _forget_stored(session, state)
    if state is None or state.lock not in (None, task_id):
        return
    if state.status == 'queued' and session.direct:
        # Glance's download task, when it failed, had our empty list.
        glance_host.clear_stores(image_id, session.stores)
    if state.lock == task_id:
        LOG.warning('Task %(task)s is over and still held the lock of image '
                    '%(image)s; it is released.',
                    {'task': task_id, 'image': image_id})
        glance_host.drop_lock(image_id, task_id)


def _forget_stored(session: sessions.Session,
                   state: glance_host.ImageState | None) -> None:
    """What is registered. A store that was dropped may have kept a part.

    So may all where the image is gone: a DELETE that has read the image just
    before it was sealed knows of no location, and deletes no data. What one
    leaves to Glance's scrubber stays: an operator may want it back.
    """
    if session.journal is None or (
            state is not None and not state.locations):
        return
    session.journal.reread()
    stays = state.locations if state is not None else (
        glance_host.scrubbed_later(session.glance.image_id))
    session.note(targets=[t for t in session.journal.record.targets
                          if t.store not in stays])
    _undo_rest(session)


def _remove_staged(session: sessions.Session) -> None:
    """In staged mode Glance removes only the file that it uploaded.

    Only the very file that we had opened: by now a copy-image may have
    staged its own under that name.
    """
    if session.direct or session.fd < 0 or session.journal is None:
        return
    path = session.journal.record.staged
    try:
        if os.path.samestat(os.lstat(path), os.fstat(session.fd)):
            remove(path)
    except FileNotFoundError:
        pass
