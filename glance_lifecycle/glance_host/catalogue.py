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


"""All images that Glance's database knows, also those that it forgets soon.

The Image API shows no image that is deleted, no location that waits to be
removed, and no task of others; whoever asks what a store's object is good for
has to know of all of these. Read in pages, one row after the other, so that
memory stays bounded; nothing is written, and nothing is locked.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import datetime
from typing import Any

from glance.common import crypt
from glance.db.sqlalchemy import api as sqlalchemy_api
from glance.db.sqlalchemy import models
from oslo_config import cfg
import sqlalchemy as sa

from glance_lifecycle.glance_host import transactions

CONF = cfg.CONF

#: Images of a page; one statement asks for what these have.
PAGE = 1000

# Of a location whose row is marked as deleted.
GONE = 'deleted'

# What an import or a copy has an image marked with, and what a host that has
# staged its data does.
_BUSY = 'os_glance_%'

_ENDED = ('success', 'failure')


@dataclasses.dataclass(frozen=True, slots=True)
class KnownLocation:
    """One row of the table of locations.

    :ivar store: empty where Glance does not know it
    :ivar status: ``active``, ``pending_delete``, or GONE
    :ivar url: may hold a password, so it is not shown; empty where it cannot
        be decrypted
    """

    store: str
    status: str
    url: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class KnownImage:
    """One row of the table of images, whatever its status.

    :ivar deleted: it is, and its row is still there
    :ivar created: in seconds since the epoch, as all times
    :ivar changed: when it last was, or was deleted
    :ivar busy: it is being imported, copied or staged, as it is marked
    """

    id: str
    status: str
    size: int | None
    hashed: bool
    deleted: bool
    created: float
    changed: float
    busy: bool
    locations: tuple[KnownLocation, ...]


def known_images() -> Iterator[KnownImage]:
    """All of them, in the order of the database.

    :raises DatabaseError: not all could be read
    """
    last = ''
    while page := _page(last):
        yield from page
        last = page[-1].id


@transactions.retry
def some_images(ids: Sequence[str]) -> dict[str, KnownImage]:
    """Those of them that there are, by their ids.

    :param ids: PAGE at most
    :raises DatabaseError: they cannot be read
    """
    images = models.Image.__table__
    with sqlalchemy_api.session_for_read() as session:
        return {one.id: one for one in _read(
            session, images.c.id.in_(ids), len(ids))}


@transactions.retry
def images_of_tasks() -> frozenset[str]:
    """The images of all tasks that have not ended, of whatever kind.

    :raises DatabaseError: they cannot be read
    """
    tasks = models.Task.__table__
    infos = models.TaskInfo.__table__
    with sqlalchemy_api.session_for_read() as session:
        rows = session.execute(
            sa.select(tasks.c.image_id, infos.c.input).outerjoin(
                infos, infos.c.task_id == tasks.c.id).where(
                    tasks.c.status.not_in(_ENDED),
                    tasks.c.deleted == sa.false())).all()
    found = {row.image_id for row in rows}
    for row in rows:
        # Before 2024 only the request said which image it is of.
        if isinstance(row.input, dict):
            found.add(row.input.get('image_id'))
    return frozenset(str(one) for one in found if one)


@transactions.retry
def _page(last: str) -> list[KnownImage]:
    images = models.Image.__table__
    with sqlalchemy_api.session_for_read() as session:
        return _read(session, images.c.id > last, PAGE)


def _read(session: Any, which: Any, most: int) -> list[KnownImage]:
    images = models.Image.__table__
    rows = session.execute(sa.select(
        images.c.id, images.c.status, images.c.size, images.c.os_hash_value,
        images.c.deleted, images.c.created_at, images.c.updated_at,
        images.c.deleted_at).where(which).order_by(images.c.id).limit(
            most)).all()
    ids = [row.id for row in rows]
    locations = _locations(session, ids)
    busy = _busy(session, ids)
    return [KnownImage(
        row.id, row.status, row.size, bool(row.os_hash_value),
        bool(row.deleted), _seconds(row.created_at),
        max(map(_seconds, (row.created_at, row.updated_at, row.deleted_at))),
        row.id in busy, tuple(locations.get(row.id, ()))) for row in rows]


def _locations(session: Any, ids: Sequence[str]
               ) -> dict[str, list[KnownLocation]]:
    table = models.ImageLocation.__table__
    found: dict[str, list[KnownLocation]] = {}
    for row in session.execute(sa.select(
            table.c.image_id, table.c.value, table.c.meta_data,
            table.c.status, table.c.deleted).where(
                table.c.image_id.in_(ids))):
        metadata = row.meta_data if isinstance(row.meta_data, dict) else {}
        found.setdefault(row.image_id, []).append(KnownLocation(
            str(metadata.get('store') or ''),
            GONE if row.deleted else str(row.status), _decrypted(row.value)))
    return found


def _busy(session: Any, ids: Sequence[str]) -> set[str]:
    table = models.ImageProperty.__table__
    return set(session.execute(sa.select(table.c.image_id).where(
        table.c.image_id.in_(ids), table.c.name.like(_BUSY),
        # A list of failed stores tells of what has ended.
        table.c.name != 'os_glance_failed_import',
        table.c.value.is_not(None), table.c.value != '',
        table.c.deleted == sa.false())).scalars())


def _seconds(moment: datetime.datetime | None) -> float:
    if moment is None:
        return 0.0
    return moment.replace(tzinfo=datetime.UTC).timestamp()


def _decrypted(url: str) -> str:
    key = CONF.metadata_encryption_key
    if not key:
        return url
    try:
        return str(crypt.urlsafe_decrypt(key, url))
    except Exception:
        # With another key, or written while there was none: whoever asks
        # where it leads to is told that this cannot be known.
        return ''
