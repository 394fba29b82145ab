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

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import datetime
import functools
import json
from typing import Any
from typing import NamedTuple

from glance.common import crypt
from glance.db.sqlalchemy import api as sqlalchemy_api
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


def table(name: str, *columns: str, **typed: Any) -> Any:
    """Of the columns that are needed, those of a type by name."""
    return sa.table(name, *map(sa.column, columns), *(
        sa.column(*one) for one in typed.items()))


# Not Glance's own models, which parse each column of JSON.
_IMAGES = table('images', 'id', 'status', 'size', 'os_hash_value',
                deleted=sa.Boolean, created_at=sa.DateTime,
                updated_at=sa.DateTime, deleted_at=sa.DateTime)
LOCATIONS = table('image_locations', 'image_id', 'value', 'meta_data',
                  'status', deleted=sa.Boolean)
_LIVE = table('image_locations', 'id', 'image_id', 'value',
              deleted=sa.Boolean, created_at=sa.DateTime,
              updated_at=sa.DateTime)
PROPERTIES = table('image_properties', 'image_id', 'name', 'value',
                   deleted=sa.Boolean)
_TASKS = table('tasks', 'id', 'image_id', 'status', deleted=sa.Boolean)
_INFOS = table('task_info', 'task_id', 'input')

# Databases know of no zone, and Glance writes UTC.
_EPOCH = datetime.datetime(1970, 1, 1)


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


class KnownImage(NamedTuple):
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
    with sqlalchemy_api.session_for_read() as session:
        return {one.id: one for one in _read(
            session, _IMAGES.c.id.in_(ids), lambda column: column.in_(ids))}


@transactions.retry
def scrubbed_later(image_id: str) -> frozenset[str]:
    """Stores with data of a deleted image that Glance's scrubber will remove.

    So it is with ``delayed_delete``.

    :raises DatabaseError: they cannot be read
    """
    with sqlalchemy_api.session_for_read() as session:
        return frozenset(store_of(metadata or '') for metadata in
                         session.scalars(sa.select(
                             LOCATIONS.c.meta_data).where(
                                 LOCATIONS.c.image_id == image_id,
                                 LOCATIONS.c.status == 'pending_delete')))


@transactions.retry
def some_marks(ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """What imports, copies and staging hosts have marked them with.

    :param ids: PAGE at most
    :returns: id -> name and value of what begins with ``os_glance_``; without
        what is empty, and the list of stores that failed
    :raises DatabaseError: they cannot be read
    """
    with sqlalchemy_api.session_for_read() as session:
        found: dict[str, dict[str, str]] = {}
        for image_id, name, value in session.execute(
                _marks(PROPERTIES.c.image_id, PROPERTIES.c.name,
                       PROPERTIES.c.value).where(
                           PROPERTIES.c.image_id.in_(ids))):
            found.setdefault(image_id, {})[name] = value
        return found


@transactions.retry
def images_of_tasks() -> frozenset[str]:
    """The images of all tasks that have not ended, of whatever kind.

    :raises DatabaseError: they cannot be read
    """
    tasks, infos = _TASKS, _INFOS
    with sqlalchemy_api.session_for_read() as session:
        rows = session.execute(
            sa.select(tasks.c.image_id, infos.c.input).select_from(
                tasks.outerjoin(infos, infos.c.task_id == tasks.c.id)).where(
                    tasks.c.status.not_in(_ENDED),
                    tasks.c.deleted == sa.false())).all()
    found = {row.image_id for row in rows}
    # The request says it too, and in old rows it alone.
    found.update(_parsed(row.input or '').get('image_id') for row in rows)
    return frozenset(str(one) for one in found if one)


def live_locations(since: float | None = None) -> Iterator[tuple[str, str]]:
    """The image and the URL of each location that is not deleted.

    URLs may hold passwords, and are empty where they cannot be decrypted.

    :param since: only those that were written then or later, by the clock of
        the glance-api that wrote them; seconds since the epoch
    :raises DatabaseError: not all could be read
    """
    key = CONF.metadata_encryption_key
    last = 0
    while page := _live_page(last, since):
        for number, image_id, url in page:
            yield image_id, decrypted(key, url) if key else url
            last = number


@transactions.retry
def _live_page(last: int, since: float | None) -> list[tuple[int, str, str]]:
    rows = _LIVE.c
    query = sa.select(rows.id, rows.image_id, rows.value).where(
        rows.deleted == sa.false(), rows.id > last)
    if since is not None:
        moment = _EPOCH + datetime.timedelta(seconds=since)
        query = query.where(sa.or_(rows.created_at >= moment,
                                   rows.updated_at >= moment))
    with sqlalchemy_api.session_for_read() as session:
        return [tuple(row) for row in session.execute(
            query.order_by(rows.id).limit(PAGE))]


def locations_with(name: str, image_id: str) -> Iterator[tuple[str, str]]:
    """The image and the URL of live locations of which this is a part.

    A part is what is between two slashes, or after the last one. URLs may hold
    passwords. Where they are encrypted, all are read, and those that cannot be
    decrypted come as empty ones.

    :param image_id: of the one that is left out
    :returns: PAGE at most where they are not encrypted
    :raises DatabaseError: not all could be read
    """
    if not CONF.metadata_encryption_key:
        yield from _live_with(name, image_id)
        return
    for other_id, url in live_locations():
        if other_id != image_id and (not url or name in url.split('/')):
            yield other_id, url


@transactions.retry
def _live_with(name: str, image_id: str) -> list[tuple[str, str]]:
    rows = _LIVE.c
    with sqlalchemy_api.session_for_read() as session:
        return [tuple(row) for row in session.execute(
            sa.select(rows.image_id, rows.value).where(
                rows.deleted == sa.false(), rows.image_id != image_id,
                sa.or_(rows.value.endswith('/' + name, autoescape=True),
                       rows.value.contains('/%s/' % name, autoescape=True))
            ).limit(PAGE))]


@transactions.retry
def some_locations(store: str, image_id: str, number: int) -> list[str]:
    """Where some copies of other images are, in one store.

    :param image_id: of the one that is left out
    :returns: URLs, ``number`` at most, which may hold passwords; empty ones
        where they cannot be decrypted
    :raises DatabaseError: they cannot be read
    """
    key = CONF.metadata_encryption_key
    with sqlalchemy_api.session_for_read() as session:
        rows = session.execute(sa.select(LOCATIONS.c.value).where(
            LOCATIONS.c.image_id != image_id,
            LOCATIONS.c.status == 'active',
            LOCATIONS.c.deleted == sa.false(),
            # As Glance writes it.
            LOCATIONS.c.meta_data.contains(
                '"store": %s' % json.dumps(store), autoescape=True)
        ).limit(number)).scalars().all()
    return [decrypted(key, url) if key else url for url in rows]


@transactions.retry
def _page(last: str) -> list[KnownImage]:
    with sqlalchemy_api.session_for_read() as session:
        return _read(session, _IMAGES.c.id > last)


def _read(session: Any, which: Any,
          theirs: Callable[[Any], Any] | None = None) -> list[KnownImage]:
    """The first PAGE of them.

    :param theirs: selects by a column with ids of images; without, by the
        first id and the last one, in the database's own order
    """
    rows = session.execute(sa.select(*_IMAGES.c).where(which).order_by(
        _IMAGES.c.id).limit(PAGE)).all()
    if not rows:
        return []
    if theirs is None:
        # A thousand parameters take longer than the answer to them.
        def theirs(column: Any) -> Any:
            return column.between(rows[0].id, rows[-1].id)
    found = locations(session, theirs(LOCATIONS.c.image_id))
    busy = _busy(session, theirs(PROPERTIES.c.image_id))
    return [KnownImage(
        row.id, row.status, row.size, bool(row.os_hash_value),
        bool(row.deleted), seconds(row.created_at),
        seconds(max(filter(None, (
            row.created_at, row.updated_at, row.deleted_at)), default=None)),
        row.id in busy, tuple(found.get(row.id, ()))) for row in rows]


def locations(session: Any, which: Any) -> dict[str, list[KnownLocation]]:
    """Of each image, all, also those that are gone.

    :param which: of LOCATIONS
    """
    found: dict[str, list[KnownLocation]] = {}
    key = CONF.metadata_encryption_key
    for image_id, url, metadata, status, deleted in session.execute(
            sa.select(*LOCATIONS.c).where(which)):
        found.setdefault(image_id, []).append(KnownLocation(
            store_of(metadata or ''), GONE if deleted else status,
            decrypted(key, url) if key else url))
    return found


def _busy(session: Any, which: Any) -> set[str]:
    return set(session.execute(
        _marks(PROPERTIES.c.image_id).where(which)).scalars())


def _marks(*columns: Any) -> Any:
    """Of the marks that images have."""
    properties = PROPERTIES
    return sa.select(*columns).where(
        properties.c.name.like(_BUSY),
        # A list of failed stores tells of what has ended.
        properties.c.name != 'os_glance_failed_import',
        properties.c.value.is_not(None), properties.c.value != '',
        properties.c.deleted == sa.false())


# There are as many as there are stores, nearly always.
@functools.lru_cache(maxsize=1024)
def store_of(metadata: str) -> str:
    """By a location's metadata; empty where they do not say it."""
    return str(_parsed(metadata).get('store') or '')


def _parsed(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or '{}')
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def seconds(moment: datetime.datetime | None) -> float:
    """Since the epoch; 0 for no time."""
    return 0.0 if moment is None else (moment - _EPOCH).total_seconds()


def decrypted(key: str, url: str) -> str:
    """Empty where it cannot be."""
    try:
        return str(crypt.urlsafe_decrypt(key, url))
    except Exception:
        # With another key, or written while there was none: whoever asks
        # where it leads to is told that this cannot be known.
        return ''
