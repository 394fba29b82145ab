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

"""Rows of Glance's table of locations, each changed only if it is as read.

By number and not through Glance's domain model, which writes all locations of
an image whenever it saves anything of it. Glance's own savers do write back
what they read before: whoever changes rows has to look at them again.
"""

from collections.abc import Iterator
import dataclasses
import enum
import json
from typing import Any

from glance.db.sqlalchemy import api as sqlalchemy_api
from oslo_config import cfg
from oslo_utils import timeutils
import sqlalchemy as sa

from glance_lifecycle.glance_host import catalogue
from glance_lifecycle.glance_host import copies
from glance_lifecycle.glance_host import transactions

CONF = cfg.CONF

#: Rows of a page.
NUMBER = 200

# What still leads to bytes: Glance's scrubber removes those of the second.
_LIVE = ('active', 'pending_delete')

# As an import or a copy marks an image while it goes on.
_MARKS = (transactions.LOCK, 'os_glance_importing_to_stores')

_IMAGES = catalogue.table('images', 'id', 'status', 'size', 'updated_at')
_ROWS = catalogue.table('image_locations', 'id', 'image_id', 'value',
                        'meta_data', 'status', updated_at=sa.DateTime)


@dataclasses.dataclass(frozen=True, slots=True)
class LocationRow:
    """One location that is not gone.

    :ivar store: empty where Glance does not know it
    :ivar status: ``active`` or ``pending_delete``
    :ivar size: of the image
    :ivar busy: the image is being imported or copied
    :ivar url: may hold a password; empty where it cannot be decrypted
    :ivar value: the same as the database has it
    :ivar metadata: JSON, as the database has it
    """

    id: int
    image_id: str
    store: str
    status: str
    size: int | None
    busy: bool
    url: str = dataclasses.field(repr=False)
    value: str = dataclasses.field(repr=False)
    metadata: str = dataclasses.field(repr=False)


class Swapped(enum.Enum):
    """What became of a change."""

    DONE = 'done'
    BUSY = 'busy'
    #: Somebody else has changed or removed it.
    OTHER = 'other'


def location_rows(store: str, *, nameless: bool = False
                  ) -> Iterator[LocationRow]:
    """All of one store, those of one image behind each other.

    :param nameless: those of no store, too
    :raises DatabaseError: they cannot be read
    """
    last = ('', 0)
    while page := _page(store, nameless, *last):
        yield from (row for row in page if row.store == store
                    or (nameless and not row.store))
        last = page[-1].image_id, page[-1].id


@transactions.retry
def _page(store: str, nameless: bool, image_id: str,
          number: int) -> list[LocationRow]:
    # As Glance writes it; the exact look is in Python.
    named = _ROWS.c.meta_data.contains(json.dumps(store), autoescape=True)
    if nameless:
        named |= _ROWS.c.meta_data.is_(None) | ~_ROWS.c.meta_data.contains(
            '"store"')
    with sqlalchemy_api.session_for_read() as session:
        found = session.execute(sa.select(
            *(column for column in _ROWS.c if column.name != 'updated_at'),
            _IMAGES.c.size).select_from(
                _ROWS.join(_IMAGES, _IMAGES.c.id == _ROWS.c.image_id)).where(
                    _ROWS.c.status.in_(_LIVE), named,
                    (_ROWS.c.image_id > image_id) | (
                        (_ROWS.c.image_id == image_id)
                        & (_ROWS.c.id > number))).order_by(
                            _ROWS.c.image_id, _ROWS.c.id).limit(
                                NUMBER)).all()
        busy = _busy(session, {row.image_id for row in found})
    return [LocationRow(
        row.id, row.image_id, catalogue.store_of(row.meta_data or ''),
        row.status, row.size, row.image_id in busy, readable(row.value),
        row.value, row.meta_data or '') for row in found]


@transactions.retry
def importing_to(store: str) -> list[str]:
    """Images that are being imported or copied to a store.

    :raises DatabaseError: they cannot be read
    """
    rows = catalogue.PROPERTIES
    with sqlalchemy_api.session_for_read() as session:
        found = session.execute(sa.select(
            rows.c.image_id, rows.c.value).where(
                rows.c.name == 'os_glance_importing_to_stores',
                rows.c.value.contains(store, autoescape=True),
                rows.c.deleted == sa.false())).all()
    return sorted(row.image_id for row in found
                  if store in row.value.split(','))


def _busy(session: Any, ids: set[str]) -> set[str]:
    rows = catalogue.PROPERTIES
    return set(session.execute(sa.select(rows.c.image_id).where(
        rows.c.image_id.in_(ids), rows.c.name.in_(_MARKS),
        rows.c.value.is_not(None), rows.c.value != '',
        rows.c.deleted == sa.false())).scalars())


def readable(value: str) -> str:
    """A URL of the database; empty where it cannot be decrypted."""
    key = CONF.metadata_encryption_key
    return catalogue.decrypted(key, value) if key else value


def change_url(row: LocationRow, url: str) -> Swapped:
    """Have a location be this URL, and the rest of it stay as it is.

    :raises DatabaseError: nobody can tell whether it was written
    """
    # Once: each encryption of the same text is another.
    return _swap(row, {'value': copies.encrypted(url)})


def change_store(row: LocationRow, store: str) -> Swapped:
    """Have a location be of this store.

    :raises DatabaseError: nobody can tell whether it was written
    """
    metadata = json.loads(row.metadata or '{}')
    return _swap(row, {
        'meta_data': json.dumps({**metadata, 'store': store})})


@transactions.retry
def _swap(row: LocationRow, values: dict[str, Any]) -> Swapped:
    with transactions.writing() as session:
        # Takes the image's row: whoever saves the image waits, or is waited
        # for. Of one that is deleted, too, whose data wait to be removed.
        session.execute(sa.update(_IMAGES).where(
            _IMAGES.c.id == row.image_id).values(
                status=_IMAGES.c.status, updated_at=_IMAGES.c.updated_at))
        now = session.execute(sa.select(
            _ROWS.c.value, _ROWS.c.meta_data, _ROWS.c.status).where(
                _ROWS.c.id == row.id,
                _ROWS.c.image_id == row.image_id)).one_or_none()
        if now is None or now.status != row.status:
            return Swapped.OTHER
        if all(getattr(now, name) == value
               for name, value in values.items()):
            # By ourselves, and the answer was lost.
            return Swapped.DONE
        if (now.value, now.meta_data or '') != (row.value, row.metadata):
            return Swapped.OTHER
        # Whoever copies an image writes back at its end what it read first.
        if _busy(session, {row.image_id}):
            return Swapped.BUSY
        # The value again: in SQLite nothing was held by the look at it.
        done = session.execute(sa.update(_ROWS).where(
            _ROWS.c.id == row.id, _ROWS.c.value == row.value,
            _ROWS.c.status == row.status).values(
                **values, updated_at=timeutils.utcnow()))
        return Swapped.DONE if done.rowcount else Swapped.OTHER
