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

"""Changes of an image's record: whole, once, and with patience.

Glance reads an image in one transaction, writes it in another and its tags
in a third, so what somebody else wrote in between is lost, or is never looked
at. Its functions join a transaction that their thread has begun; here one
is begun around them, and holds the image's row from its first statement.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import functools
from typing import Any
from typing import ParamSpec
from typing import TypeVar

from glance.common import exception as glance_exception
from glance import context as glance_context
import glance.db
from glance.db.sqlalchemy import api as sqlalchemy_api
from glance.db.sqlalchemy import models
from oslo_config import cfg
from oslo_db import exception as db_exception
from oslo_log import log as logging
import sqlalchemy as sa
import tenacity

from glance_lifecycle import database_errors
from glance_lifecycle import exceptions
from glance_lifecycle.glance_host import domain

CONF = cfg.CONF
LOG = logging.getLogger(__name__)

P = ParamSpec('P')
T = TypeVar('T')

LOCK = 'os_glance_import_task'

#: What a database that is away, or busy, makes of a call.
ERRORS = database_errors.ERRORS

said = database_errors.said

# Of another database, or of an empty one.
_NOT_THERE = (db_exception.DBNonExistentDatabase,
              db_exception.DBNonExistentTable)


def passing(error: BaseException) -> bool:
    """Whether it may go well if it is tried again."""
    return isinstance(error, ERRORS) and not isinstance(
        error, database_errors.LASTING)


def retry(function: Callable[P, T]) -> Callable[P, T]:
    """Try again for ``[lifecycle] database_patience`` seconds.

    What is decorated must be idempotent: a connection that is lost in a
    commit does not tell whether it was one.

    :raises DatabaseError: it did not go well in all that time
    """
    @functools.wraps(function)
    def patient(*args: P.args, **kwargs: P.kwargs) -> T:
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(passing),
            stop=tenacity.stop_after_delay(CONF.lifecycle.database_patience),
            wait=tenacity.wait_random_exponential(multiplier=0.1, max=2),
            before_sleep=_tell(function.__name__), reraise=True)
        try:
            return retrying(function, *args, **kwargs)
        except db_exception.CantStartEngineError:
            raise exceptions.ConfigurationError(
                detail='[database] connection of glance-api.conf is not set '
                'or cannot be used') from None
        except ERRORS as error:
            LOG.error('%(what)s: the database failed for good: %(error)s',
                      {'what': function.__name__, 'error': said(error)})
            # Not "from": a traceback would show the statement's values.
            raise exceptions.DatabaseError(
                detail=('it is not that of a Glance; see [database] '
                        'connection of glance-api.conf (%s)'
                        if isinstance(error, _NOT_THERE) else
                        'it did not do what it was asked for (%s)')
                % type(error).__name__) from None
    return patient


def _tell(what: str) -> Callable[[tenacity.RetryCallState], None]:
    def tell(state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if error is not None:
            LOG.warning('%(what)s: the database failed and is tried again '
                        'for %(patience)d s at most: %(error)s', {
                            'what': what, 'error': said(error),
                            'patience': CONF.lifecycle.database_patience})
    return tell


@functools.cache
def admin_context() -> Any:
    return glance_context.RequestContext(is_admin=True, overwrite=False,
                                         roles=['admin'])


@contextlib.contextmanager
def held(image_id: str, task_id: str | None = None) -> Iterator[Any]:
    """All that this thread does with Glance's database is one transaction.

    Nobody else can change the image's row meanwhile, and what is read here
    is what is there when it is committed.

    :param task_id: who must have the import lock
    :raises glance.common.exception.ImageNotFound: it is deleted
    :raises TaskAbortedError: of Glance; the lock is another's
    """
    with writing() as session:
        _hold(session, image_id, task_id)
        yield session


@contextlib.contextmanager
def writing() -> Iterator[Any]:
    """A transaction whose errors are told without the values in it."""
    with sqlalchemy_api.session_for_write() as session:
        # An error is logged, also by oslo.db, with the values of its
        # statement. One of them may be a location: see said().
        session.get_bind().hide_parameters = True
        # Releasing a savepoint fails where the server has rolled all back
        # (Galera may, at any statement) and Glance's own functions, which
        # then try again, have lost our hold and half of the changes.
        with session.begin_nested():
            yield session


def _hold(session: Any, image_id: str, task_id: str | None) -> None:
    # An update, even of nothing, takes the row in every database, and makes
    # SQLite's transaction one that writes before it has read.
    images = models.Image.__table__
    found = session.execute(sa.update(images).where(
        images.c.id == image_id, images.c.deleted == sa.false()).values(
            status=images.c.status, updated_at=images.c.updated_at))
    if not found.rowcount:
        raise glance_exception.ImageNotFound()
    if task_id is None:
        return
    rows = models.ImageProperty.__table__
    found = session.execute(sa.update(rows).where(
        rows.c.image_id == image_id, rows.c.name == LOCK,
        rows.c.value == task_id, rows.c.deleted == sa.false()).values(
            value=rows.c.value, updated_at=rows.c.updated_at))
    if not found.rowcount:
        raise glance_exception.TaskAbortedError()


def change(image_id: str, function: Callable[[Any], T], *,
           task_id: str | None = None) -> T:
    """Change an image in one transaction, and return what ``function`` did.

    :param function: gets Glance's domain object, all its properties, as the
        service sees them; it is saved unless it raises
    :param task_id: who must have the import lock
    """
    with held(image_id, task_id) as session:
        drop_lookalikes(session, image_id)
        repo = glance.db.ImageRepo(admin_context(), glance.db.get_api())
        image = repo.get(image_id)
        before = image.status
        made = function(image)
        repo.save(image, from_state=before)
        return made


def drop_lookalikes(session: Any, image_id: str) -> None:
    """Remove what only looks like a property of ours, or a database's like.

    ``Lifecycle_attestation``: Glance takes it for another name, a reader may
    not, and MariaDB does not, so that the real one could not be written.
    Whole rows: Glance only marks them as deleted, and they still collide.
    """
    rows = models.ImageProperty.__table__
    bad = [row.id for row in session.execute(
        sa.select(rows.c.id, rows.c.name).where(rows.c.image_id == image_id))
        if not row.name.startswith(domain.NAMESPACE)
        and domain.is_ours(row.name)]
    if bad:
        session.execute(sa.delete(rows).where(rows.c.id.in_(bad)))
