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

"""What Glance's database tells of the bytes of all active images.

Read as ``catalogue`` reads: in pages, and nothing is locked.
"""

from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

from glance.db.sqlalchemy import api as sqlalchemy_api
import sqlalchemy as sa

from glance_lifecycle.glance_host import catalogue
from glance_lifecycle.glance_host import transactions

# Of what it was made; of which server Nova made it.
_ATTESTATION = 'lifecycle_attestation'
_SERVER = 'instance_uuid'

# The first is a TEXT column that anybody may have written.
_LONGEST = 8 * 1024

_IMAGES = catalogue.table(
    'images', 'id', 'name', 'owner', 'visibility', 'status', 'size',
    'disk_format', 'os_hash_algo', 'os_hash_value', deleted=sa.Boolean,
    os_hidden=sa.Boolean, created_at=sa.DateTime)


class KnownContent(NamedTuple):
    """One active image that has bytes.

    :ivar size: bytes, never 0
    :ivar algorithm: of its hash; empty, as the hash, where it has none
    :ivar digest: hexadecimal, small letters
    :ivar attestation: as its property has it: anybody may have written it
    :ivar server: the same, of the server that it was made of
    :ivar created: seconds since the epoch
    :ivar locations: those that are active
    """

    id: str
    name: str
    project: str
    visibility: str
    hidden: bool
    created: float
    size: int
    disk_format: str
    algorithm: str
    digest: str
    attestation: str
    server: str
    locations: tuple[catalogue.KnownLocation, ...]


def known_contents() -> Iterator[KnownContent]:
    """All of them, in the order of the database.

    :raises DatabaseError: not all could be read
    """
    last = ''
    while True:
        found, last = _page(last)
        yield from found
        if not last:
            return


@transactions.retry
def some_contents(ids: Sequence[str]) -> dict[str, KnownContent]:
    """Those of them that are active now, by their ids.

    :param ids: ``catalogue.PAGE`` at most
    :raises DatabaseError: they cannot be read
    """
    with sqlalchemy_api.session_for_read() as session:
        rows = session.execute(_selected().where(
            _IMAGES.c.id.in_(ids))).all()
        return {one.id: one for one in _read(
            session, rows, lambda column: column.in_(ids))}


@transactions.retry
def _page(last: str) -> tuple[list[KnownContent], str]:
    """And the last id of it; empty where there are no more."""
    with sqlalchemy_api.session_for_read() as session:
        rows = session.execute(_selected().where(
            _IMAGES.c.id > last).limit(catalogue.PAGE)).all()
        if not rows:
            return [], ''
        return _read(session, rows, lambda column: column.between(
            rows[0].id, rows[-1].id)), rows[-1].id


def _selected() -> Any:
    """All, and the others are left out later.

    Asked for the active ones, a database may take its index of them, and
    sorts them all by id for each page.
    """
    return sa.select(*_IMAGES.c).order_by(_IMAGES.c.id)


def _read(session: Any, rows: Sequence[Any], theirs: Any
          ) -> list[KnownContent]:
    locations = catalogue.locations(session, theirs(
        catalogue.LOCATIONS.c.image_id))
    properties = _properties(session, theirs(
        catalogue.PROPERTIES.c.image_id))
    return [KnownContent(
        row.id, row.name or '', row.owner or '', row.visibility or '',
        bool(row.os_hidden), catalogue.seconds(row.created_at), row.size,
        row.disk_format or '', *_hash(row),
        properties.get((row.id, _ATTESTATION), ''),
        properties.get((row.id, _SERVER), ''),
        tuple(one for one in locations.get(row.id, ())
              if one.status == 'active')) for row in rows
        if row.status == 'active' and not row.deleted and row.size]


def _hash(row: Any) -> tuple[str, str]:
    """Both, or none."""
    algorithm, digest = row.os_hash_algo or '', row.os_hash_value or ''
    return (algorithm, digest.lower()) if algorithm and digest else ('', '')


def _properties(session: Any, which: Any) -> dict[tuple[str, str], str]:
    table = catalogue.PROPERTIES.c
    return {(image_id, name): value for image_id, name, value
            in session.execute(sa.select(
                table.image_id, table.name, table.value).where(
                    which, table.name.in_((_ATTESTATION, _SERVER)),
                    table.deleted == sa.false()))
            if value and len(value) <= _LONGEST}
