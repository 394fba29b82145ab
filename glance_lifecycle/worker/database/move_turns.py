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

"""What a turn of a migration begins, and asks, however many images it has.

Several workers take turns at one migration at the same time.
"""

from collections.abc import Mapping
import dataclasses
from typing import Any

import sqlalchemy as sa

from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import fields
from glance_lifecycle.worker.database import models
from glance_lifecycle.worker.database import moves

_MOVES, _WAVES, _IMAGES = (models.MIGRATIONS, models.MIGRATION_WAVES,
                           models.MIGRATION_IMAGES)


@dataclasses.dataclass(frozen=True, slots=True)
class Failures:
    """Of one migration.

    :ivar canary: whether one of them is of the first wave
    """

    count: int
    canary: bool


def start(connection: sa.Connection, job_id: str, *, move_id: str,
          image: moves.Image, to: moves.Step, parallel: int,
          values: Mapping[str, Any]) -> bool:
    """Whether an image goes on with this job; see ``jobs.open_job()``.

    Only while the migration runs, the image is as it was read, and fewer
    others than ``parallel`` are in flight.

    :param values: other columns
    """
    now = fields.moment(None)
    # Whoever else counts, or pauses it, waits for the end of the transaction.
    if not connection.execute(sa.update(_MOVES).where(
            _MOVES.c.id == move_id,
            _MOVES.c.state == moves.State.RUNNING).values(
                updated_at=now)).rowcount:
        return False
    others = connection.execute(
        sa.select(sa.func.count()).select_from(_IMAGES).where(
            _IMAGES.c.migration_id == move_id,
            _IMAGES.c.state.in_(sorted(moves.IN_FLIGHT)),
            _IMAGES.c.image_id != image.image_id)).scalar_one()
    if others >= parallel:
        return False
    if to == moves.Step.COPYING:
        connection.execute(sa.update(_WAVES).where(
            _WAVES.c.migration_id == move_id, _WAVES.c.number == image.wave,
            _WAVES.c.begun_at.is_(None)).values(begun_at=now))
    return bool(connection.execute(sa.update(_IMAGES).where(
        moves.as_read(move_id, image)).values(
            state=to, job_id=job_id, **values)).rowcount)


def failures(database: engine.Database, move_id: str) -> Failures:
    """Images that have failed."""
    failed = sa.and_(_IMAGES.c.migration_id == move_id,
                     _IMAGES.c.state == moves.Step.FAILED)

    def work(connection: sa.Connection) -> Failures:
        count = connection.execute(sa.select(sa.func.count()).select_from(
            _IMAGES).where(failed)).scalar_one()
        canary = count and connection.execute(sa.select(sa.func.count())
            .select_from(_IMAGES).join(_WAVES, sa.and_(
                _WAVES.c.migration_id == _IMAGES.c.migration_id,
                _WAVES.c.number == _IMAGES.c.wave)).where(
                    failed, _WAVES.c.canary == sa.true())).scalar_one()
        return Failures(count, bool(canary))

    return database.read(work)


def copies(database: engine.Database, move_id: str, wave: int) -> bool:
    """Whether an image of the wave is not copied yet, and may be."""
    query = sa.select(_IMAGES.c.image_id).where(
        _IMAGES.c.migration_id == move_id, _IMAGES.c.wave == wave,
        _IMAGES.c.state.in_((moves.Step.WAITING, moves.Step.COPYING))
    ).limit(1)
    return database.read(
        lambda connection: connection.execute(query).first()) is not None


def last_wave(database: engine.Database, move_id: str) -> int:
    """Its number."""
    number: int = database.read(lambda connection: connection.execute(
        sa.select(sa.func.max(_WAVES.c.number)).where(
            _WAVES.c.migration_id == move_id)).scalar_one())
    return number
