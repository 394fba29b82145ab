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

"""Images and tasks as the service itself sees and corrects them.

With an administrator's rights, and where the domain model of Glance knows no
way (from importing back to uploading), in the database.
"""

import calendar
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Any

from glance.common import exception as glance_exception
import glance.db
from glance.db.sqlalchemy import api as sqlalchemy_api
from glance.db.sqlalchemy import models
from oslo_utils import timeutils
import sqlalchemy as sa

from glance_lifecycle.glance_host import domain
from glance_lifecycle.glance_host import settings
from glance_lifecycle.glance_host import transactions

PENDING = 'pending'
PROCESSING = 'processing'

retry = transactions.retry
admin_context = transactions.admin_context


@dataclasses.dataclass(frozen=True, slots=True)
class ImageState:
    """What the database says of an image, for recovery.

    :ivar lock: the task that holds the import lock, None for none
    :ivar locations: store -> URL
    :ivar importing: stores in os_glance_importing_to_stores
    """

    status: str
    size: int | None
    lock: str | None
    locations: Mapping[str, str]
    importing: Sequence[str]


@retry
def image_state(image_id: str) -> ImageState | None:
    """The image as it is now, None if it is deleted or never was."""
    try:
        image = _repo().get(image_id)
    except glance_exception.NotFound:
        return None
    if image.status == 'deleted':
        return None
    properties = image.extra_properties
    importing = properties.get('os_glance_importing_to_stores') or ''
    return ImageState(
        image.status, image.size, properties.get('os_glance_import_task'),
        {loc['metadata'].get('store', ''): loc['url']
         for loc in image.locations},
        [store for store in importing.split(',') if store])


@retry
def task_status(task_id: str) -> str | None:
    """The status of a task, None if it is gone."""
    task = _task(task_id)
    return task and str(task.status)


def task_over(task_id: str) -> bool:
    return task_status(task_id) in (None, 'success', 'failure')


def end_task(task_id: str, *, failure: str | None) -> None:
    """End a task that nobody runs any more, or correct its message.

    :param failure: the reason; None for success
    """
    ended: list[Any] = []
    _end_task(task_id, failure, ended)
    if ended:
        # Its own setter would, before it was saved, and at each attempt.
        domain.notify_task(ended[0], admin_context())


@retry
def _end_task(task_id: str, failure: str | None, ended: list[Any]) -> None:
    """:param ended: gets the task, if this ended it, even at an attempt of
    which no answer came
    """
    repo = _task_repo()
    try:
        task = repo.get(task_id)
    except glance_exception.NotFound:
        return
    if task.status == PENDING:
        task.begin_processing()
    if task.status == PROCESSING:
        if failure is None:
            task.succeed({'image_id': task.image_id})
        else:
            task.fail(failure)
        ended[:] = [task]
    elif task.status == 'failure' and failure is not None:
        task.message = failure
    else:
        return
    repo.save(task)


@retry
def drop_lock(image_id: str, task_id: str) -> bool:
    """Release the image's import lock if that task holds it."""
    try:
        glance.db.get_api().image_delete_property_atomic(
            image_id, 'os_glance_import_task', task_id)
    except glance_exception.NotFound:
        return False
    return True


@retry
def clear_stores(image_id: str, stores: Sequence[str]) -> None:
    """Move stores from the list of importing ones to that of failed ones."""
    transactions.change(image_id, lambda image: domain.list_stores(
        image, remove=stores, failed=stores))


@retry
def set_queued(image_id: str, **attributes: Any) -> None:
    """Put an image back to where its user can import or stage it anew."""
    _put_back(image_id, {'status': 'queued', 'size': None,
                         'virtual_size': None, **attributes})


@retry
def settle(image_id: str) -> None:
    """Wait until nothing that a dead process has sent is under way.

    Its last COMMIT may still be, and no look at the image would show it. But
    it has the image's row locked, for its own change of it or, by a foreign
    key, for a location; so who has that lock comes after it. In a cluster
    (Galera) a lock counts on one node only: of an image that is importing,
    whose dead import may be about to make it active, the row is written to
    besides, and of two writes the later one fails.
    """
    images = models.Image.__table__
    with sqlalchemy_api.session_for_write() as session:
        session.execute(sa.select(images.c.id).where(
            images.c.id == image_id).with_for_update()).all()
        session.execute(sa.update(images).where(
            images.c.id == image_id, images.c.status == 'importing').values(
                updated_at=timeutils.utcnow()))


@retry
def restore(image_id: str, signature: Mapping[str, str],
            protected: bool) -> None:
    """Take back what an import had written before it failed.

    :param signature: of the user's file; without it the next import would
        compare that file with ours
    :param protected: as it was: what failed must be free to be deleted
    """
    transactions.change(image_id, lambda image: domain.apply(
        image, domain.Wanted(signature, signature, protected=protected)))
    image = told(image_id)
    if image is not None:
        domain.notify(image, 'image.update')


@retry
def told(image_id: str) -> Any:
    """The image, for a notification about it; None if it is gone."""
    try:
        return domain.notifying(_repo(), admin_context()).get(image_id)
    except glance_exception.NotFound:
        return None


def _put_back(image_id: str, values: dict[str, Any]) -> None:
    """From importing, where the domain model knows no way.

    :raises glance.common.exception.Conflict: it is in another state
    """
    try:
        glance.db.get_api().image_update(admin_context(), image_id, values,
                                         from_state='importing')
    except glance_exception.Conflict:
        # Perhaps by ourselves, and the answer was lost.
        now = image_state(image_id)
        if now is None or now.status != values['status']:
            raise


@dataclasses.dataclass(frozen=True, slots=True)
class StaleTask:
    """An import task that nobody has touched for long.

    :ivar stores: the stores it was asked to import to
    :ivar idle: seconds since its record last changed
    :ivar created: when it was made, in seconds since the epoch
    """

    task_id: str
    image_id: str
    method: str
    stores: Sequence[str]
    idle: float
    created: float


@retry
def stale_tasks(seconds: float) -> list[StaleTask]:
    """Imports that have not ended, whose task has not changed for so long.

    One that waits for a thread of its glance-api is pending, has its lock, and
    dies with that glance-api as those do that run.
    """
    found = []
    now = timeutils.utcnow()
    rows = [row for status in (PENDING, PROCESSING)
            for row in glance.db.get_api().task_get_all(
                admin_context(), filters={'status': status,
                                          'type': 'api_image_import'})]
    for row in rows:
        idle = (now - row['updated_at']).total_seconds()
        task = _task(row['id'])
        if idle < seconds or task is None:
            continue
        request = task.task_input or {}
        found.append(StaleTask(
            task.task_id, request.get('image_id') or task.image_id,
            request.get('import_req', {}).get('method', {}).get('name', ''),
            [s for s in request.get('backend') or [] if s], idle,
            calendar.timegm(row['created_at'].timetuple())))
    return found


def _task(task_id: str) -> Any:
    """None too where half of its record is missing: Glance cannot read it.

    Whoever purges by hand removes ``task_info``, and leaves ``tasks``.
    """
    try:
        return _task_repo().get(task_id)
    except glance_exception.NotFound:
        return None
    except KeyError as error:
        if error.args != ('input',):
            raise
        return None


# Not of Glance's gateway: each reads all policies anew, 10 ms of CPU.
def _repo() -> Any:
    return glance.db.ImageRepo(admin_context(), glance.db.get_api())


def _task_repo() -> Any:
    return glance.db.TaskRepo(admin_context(), glance.db.get_api())


@retry
def set_uploading(image_id: str, size: int, **attributes: Any) -> None:
    """Put an image back to where its user can ask for the import again.

    Glance's own transitions know no way back from importing to uploading,
    and its import removed the note of which host has the staged file.
    """
    values: dict[str, Any] = {'status': 'uploading', 'size': size,
                              **attributes}
    host = settings.self_url()
    if host:
        values['properties'] = {'os_glance_stage_host': host}
    _put_back(image_id, values)
