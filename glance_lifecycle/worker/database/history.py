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

"""What was done to images: who, when, by which rule, with which proof."""

from collections.abc import Mapping
import dataclasses
import datetime
import json
from typing import Any

import sqlalchemy as sa

from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import fields
from glance_lifecycle.worker.database import models

_TABLE = models.HISTORY

#: of a proof: the image's ``updated_at`` before and after, as Glance has it
CHANGED = 'updated_at'
#: of a proof: how long it took
SECONDS = 'seconds'


@dataclasses.dataclass(frozen=True)
class Entry:
    """One line of an image's history.

    :ivar id: grows; the ``marker`` of the next page
    :ivar at: UTC
    :ivar event: a word, such as ``done``
    :ivar text: a sentence
    :ivar proof: plain data, such as digests
    """

    id: int
    at: datetime.datetime
    image_id: str
    job_id: str | None
    actor: str
    event: str
    rule: str
    policy_digest: str
    text: str
    proof: Any


def record(database: engine.Database, *, image_id: str, event: str,
           text: str, actor: str, job_id: str | None = None, rule: str = '',
           policy_digest: str = '', proof: Mapping[str, Any] | None = None,
           now: datetime.datetime | None = None) -> None:
    """Add a line that no change of a job adds by itself.

    Twice, if the database fails in its answer to the first.
    """
    database.write(lambda connection: add(
        connection, image_id=image_id, event=event, text=text, actor=actor,
        job_id=job_id, rule=rule, policy_digest=policy_digest, proof=proof,
        now=fields.moment(now)))


def add(connection: sa.Connection, *, image_id: str, event: str, text: str,
        actor: str, job_id: str | None, rule: str, policy_digest: str,
        now: datetime.datetime,
        proof: Mapping[str, Any] | None = None) -> None:
    """The same in the transaction of what it tells of."""
    connection.execute(sa.insert(_TABLE).values(
        at=now, image_id=image_id, job_id=job_id,
        actor=fields.text(actor, fields.NAME), event=event,
        rule=fields.text(rule, fields.NAME), policy_digest=policy_digest,
        text=fields.text(text),
        proof=None if proof is None else fields.dump(proof)))


def of_image(database: engine.Database, image_id: str,
             marker: int | None = None, limit: int = 100) -> list[Entry]:
    """Its history, the oldest first.

    :param marker: ``id`` of the last entry of the page before
    """
    return _list(database, _TABLE.c.image_id == image_id, marker, limit)


def named(database: engine.Database, name: str, limit: int = 10
          ) -> list[str]:
    """Ids of images that had this name when a job of theirs was opened.

    The newest first. Anybody may give an image any name.
    """
    jobs = models.JOBS.c
    rows = database.read(lambda connection: connection.execute(
        sa.select(jobs.image_id).where(jobs.image_name == name)
        .group_by(jobs.image_id)
        .order_by(sa.func.max(jobs.created_at).desc()).limit(limit)).all())
    return [row.image_id for row in rows]


def of_job(database: engine.Database, job_id: str,
           marker: int | None = None, limit: int = 100) -> list[Entry]:
    """What one job did, the oldest first; see ``of_image()``."""
    return _list(database, _TABLE.c.job_id == job_id, marker, limit)


def last_of_job(database: engine.Database, job_id: str, event: str
                ) -> Entry | None:
    """The newest such line of one job."""
    found = _list(database, sa.and_(
        _TABLE.c.job_id == job_id, _TABLE.c.event == event), None, 1,
        newest=True)
    return found[0] if found else None


def changes_since(database: engine.Database, image_id: str,
                  since: datetime.datetime, limit: int = 100
                  ) -> list[tuple[str | None, str | None]]:
    """``CHANGED`` of what workers did to it, the newest first."""
    rows = database.read(lambda connection: connection.execute(
        sa.select(_TABLE.c.proof).where(
            _TABLE.c.image_id == image_id, _TABLE.c.at > since,
            _TABLE.c.proof.is_not(None))
        .order_by(_TABLE.c.id.desc()).limit(limit)).all())
    found = (json.loads(row.proof) for row in rows)
    return [tuple(proof.get(CHANGED) or (None, None)) for proof in found]


def _list(database: engine.Database, which: sa.ColumnElement[bool],
          marker: int | None, limit: int, newest: bool = False
          ) -> list[Entry]:
    query = sa.select(_TABLE).where(which).order_by(
        _TABLE.c.id.desc() if newest else _TABLE.c.id).limit(limit)
    if marker is not None:
        query = query.where(_TABLE.c.id > marker)
    rows = database.read(lambda connection: connection.execute(query).all())
    return [Entry(**{**row._mapping,
                     'proof': row.proof and json.loads(row.proof)})
            for row in rows]
