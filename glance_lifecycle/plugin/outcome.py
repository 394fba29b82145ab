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
from glance_lifecycle.plugin import glance_image
from glance_lifecycle.plugin import session as sessions

LOG = logging.getLogger(__name__)

# How long Glance may take from our last task to the end of its own. After
# that the journal stays, and recovery has another look.
FOLLOW_SECONDS = 120
FOLLOW_INTERVAL = 0.2


def sealed(session: sessions.Session) -> None:
    """The image is active; Glance has only its staged file to delete."""
    _follow(session)


def handed_over(session: sessions.Session) -> None:
    """Glance uploads now, for as long as that takes."""
    _follow(session, patience=None)


def undo(session: sessions.Session) -> None:
    """Remove from the stores what this import wrote there. Never raises."""
    try:
        if session.journal is None:
            return
        state = glance_image.image_state(session.glance.image_id)
        referenced = state.locations if state else {}
        for target in session.journal.record.targets:
            if target.store not in referenced:
                target.undo(session.glance.image_id)
        for path in session.journal.record.scratch:
            remove(path)
    except Exception:
        # What is left is in the journal, for recovery.
        LOG.exception('Cannot remove all of image %s from the stores now',
                      session.glance.image_id)
        session.leftovers = True


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
    except Exception:
        LOG.exception('Cannot put image %s back after its failed import',
                      session.glance.image_id)
        session.leftovers = True
    _follow(session)


def keeps_staged(method: str, error: exceptions.LifecycleError | None) -> bool:
    """Whether the staged file is worth another attempt.

    A downloaded one is not kept: Glance's download tasks remove it, and the
    user asks for the download again.
    """
    return (method == 'glance-direct'
            and not isinstance(error, exceptions.ImageRefused))


def remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def _gone(session: sessions.Session) -> None:
    """Deleted, or somebody else's by now: its state is not for us."""
    image_id = session.glance.image_id
    if glance_image.image_state(image_id) is None and session.journal:
        # Glance's delete may have missed a file that was not there yet.
        if session.journal.record.staged:
            remove(session.journal.record.staged)


def _give_back(session: sessions.Session) -> None:
    record = session.journal.record if session.journal else None
    staged = record.staged if record else ''
    keep = keeps_staged(session.glance.method, session.error)
    size = os.stat(staged).st_size if (
        keep and staged and os.path.exists(staged)) else None
    attributes = {}
    if record and record.disk_format and not session.direct:
        # Already changed for the upload of the converted file.
        attributes = {'disk_format': record.disk_format,
                      'container_format': record.container_format}
    session.glance.give_back(session.stores, staged_size=size, **attributes)
    if size is None and staged and (
            session.glance.method not in glance_image.DOWNLOADS):
        remove(staged)


def _follow(session: sessions.Session,
            patience: float | None = FOLLOW_SECONDS) -> None:
    if session.followed:
        return
    session.followed = True
    threading.Thread(target=_to_the_end, args=(session, patience),
                     name='lifecycle-follow', daemon=True).start()


def _to_the_end(session: sessions.Session, patience: float | None) -> None:
    done = False
    try:
        if _wait(session.glance.task_id, patience):
            _tidy(session)
            done = not session.leftovers
    except Exception:
        LOG.exception('Cannot follow task %s to its end',
                      session.glance.task_id)
    finally:
        session.close(done=done)


def _wait(task_id: str, patience: float | None) -> bool:
    started = time.monotonic()
    interval = FOLLOW_INTERVAL
    while patience is None or time.monotonic() - started < patience:
        time.sleep(interval)
        if glance_image.task_over(task_id):
            return True
        if patience is None:
            interval = min(interval * 2, 10)
    return False


def _tidy(session: sessions.Session) -> None:
    task_id, image_id = session.glance.task_id, session.glance.image_id
    if session.error is not None:
        glance_image.end_task(task_id, failure=str(session.error))
    state = glance_image.image_state(image_id)
    if state is not None and state.lock == task_id:
        LOG.warning('Task %(task)s is over and still held the lock of image '
                    '%(image)s; it is released',
                    {'task': task_id, 'image': image_id})
        glance_image.drop_lock(image_id, task_id)
