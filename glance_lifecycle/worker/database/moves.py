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

"""Images that move from store to store: which, how far, and what of it.

::

  migration: running <-> paused        by an operator
             running -> done           all images are through
             running -> stopped        too many of them failed
             stopped, done -> running  by an operator, for those that failed
             paused, stopped, done -> undone

  image: waiting -> copying -> copied -> dropping -> moved
                       |                    |    +-> stays
                       +-> gone, failed <---+

Each step of an image is one update, which holds only if nobody else has made
it before: so two workers, or one that was killed, do it once.
"""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import datetime
import enum
import json
from typing import Any

from oslo_db import exception as db_exception
import sqlalchemy as sa

from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import fields
from glance_lifecycle.worker.database import models

_MOVES, _WAVES, _IMAGES = (models.MIGRATIONS, models.MIGRATION_WAVES,
                           models.MIGRATION_IMAGES)

# Rows of one statement: SQLite takes no more variables than 999 where it is
# old.
_BATCH = 60


class State(enum.StrEnum):
    RUNNING = 'running'
    PAUSED = 'paused'
    STOPPED = 'stopped'
    DONE = 'done'
    UNDONE = 'undone'


#: of which there is one at most: the images of two could be the same
ACTIVE = frozenset({State.RUNNING, State.PAUSED})


#: of which something is to be done, or can be
UNFINISHED = frozenset(State) - {State.DONE, State.UNDONE}


class Phase(enum.StrEnum):
    COPY = 'copy'
    SOAK = 'soak'
    DROP = 'drop'


class Step(enum.StrEnum):
    """How far an image is."""

    WAITING = 'waiting'
    COPYING = 'copying'
    COPIED = 'copied'
    DROPPING = 'dropping'
    MOVED = 'moved'
    STAYS = 'stays'
    GONE = 'gone'
    FAILED = 'failed'


#: there is a job for it, or is to be one
IN_FLIGHT = frozenset({Step.COPYING, Step.DROPPING})


@dataclasses.dataclass(frozen=True, slots=True)
class Move:
    """One migration, as it was when it was read.

    :ivar source: a store, as ``target``
    :ivar settings: plain data, for who runs it
    :ivar wave: that moves now, from 1
    :ivar phase_at: since when it is in its phase
    :ivar error: why it stopped, a sentence
    :ivar undoes: the migration that this one takes back
    """

    id: str
    source: str
    target: str
    settings: Mapping[str, Any]
    state: State
    wave: int
    phase: Phase
    phase_at: datetime.datetime
    error: str
    actor: str
    undoes: str | None
    created_at: datetime.datetime
    updated_at: datetime.datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Wave:
    """:ivar forecast: seconds that its copies take; ``actual``: took"""

    number: int
    canary: bool
    forecast: float
    actual: float | None = None
    begun_at: datetime.datetime | None = None
    ended_at: datetime.datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Image:
    """One that moves.

    :ivar turn: its place in the wave
    :ivar drops: whether its copy in the source is to go
    :ivar made: whether its copy in the target is the migration's own; None
        for not begun
    :ivar copied_at: when its copy was there, and known to be whole
    :ivar seconds: that this took
    :ivar detail: why it stays, or has failed
    """

    image_id: str
    image_name: str
    project: str
    wave: int
    turn: int
    size: int
    drops: bool = True
    made: bool | None = None
    state: Step = Step.WAITING
    job_id: str | None = None
    copied_at: datetime.datetime | None = None
    seconds: float | None = None
    detail: str = ''


def begin(database: engine.Database, move_id: str, source: str, target: str,
          settings: Mapping[str, Any], waves: Iterable[Wave],
          images: Iterable[Image], *, actor: str, undoes: Move | None = None,
          now: datetime.datetime | None = None) -> None:
    """Have it moved, from now on.

    :param undoes: a migration that this one takes back, and ends
    :raises MoveStateError: it was begun before, or another is not over, or
        the one to take back is not as it was read
    """
    now = fields.moment(now)
    values = {
        'id': move_id, 'source': source, 'target': target,
        'settings': fields.dump(settings), 'state': State.RUNNING, 'wave': 1,
        'phase': Phase.COPY, 'phase_at': now, 'error': '',
        'undoes': undoes.id if undoes is not None else None,
        'actor': fields.text(actor, fields.NAME), 'created_at': now,
        'updated_at': now}
    wave_rows = [{**dataclasses.asdict(wave), 'migration_id': move_id}
                 for wave in waves]
    image_rows = [{**dataclasses.asdict(image), 'migration_id': move_id,
                   'image_name': fields.text(image.image_name, fields.NAME),
                   'project': fields.text(image.project, fields.NAME)}
                  for image in images]

    def work(connection: sa.Connection) -> None:
        connection.execute(sa.insert(_MOVES).values(**values))
        if undoes is not None and not connection.execute(
                sa.update(_MOVES).where(
                    _MOVES.c.id == undoes.id, _MOVES.c.state == undoes.state,
                    _MOVES.c.updated_at == undoes.updated_at).values(
                        state=State.UNDONE, updated_at=now)).rowcount:
            # Its images may be others by now than those to take back.
            raise errors.MoveStateError(
                detail='%s has just gone on. Try again' % undoes.id)
        other = _active(connection, move_id)
        if other is not None:
            raise _other(other)
        for table, rows in ((_WAVES, wave_rows), (_IMAGES, image_rows)):
            for first in range(0, len(rows), _BATCH):
                connection.execute(sa.insert(table),
                                   rows[first:first + _BATCH])

    try:
        database.write(work)
    except db_exception.DBDuplicateEntry:
        raise errors.MoveStateError(
            detail='migration %s was begun before. See "image lifecycle '
            'migrate status"' % move_id) from None


def get(database: engine.Database, move_id: str) -> Move:
    """:raises MoveNotFound: there is none"""
    found = _moves(database, _MOVES.c.id == move_id)
    if not found:
        raise errors.MoveNotFound(detail=move_id)
    return found[0]


def listed(database: engine.Database, limit: int = 100) -> list[Move]:
    """The newest first."""
    return _moves(database, sa.true(), limit)


def open_moves(database: engine.Database) -> list[Move]:
    """Those of which something is to be done, or may still go on."""
    # One look at an index for each: every worker asks this every second, and
    # there may be millions of images of migrations that are over.
    return _moves(database, sa.or_(
        _MOVES.c.state == State.RUNNING,
        *(sa.select(_IMAGES.c.image_id).where(
            _IMAGES.c.migration_id == _MOVES.c.id,
            _IMAGES.c.state == step).exists() for step in sorted(IN_FLIGHT))))


def moving(database: engine.Database) -> frozenset[str]:
    """Ids of images that the active migration is not done with."""
    query = sa.select(_IMAGES.c.image_id).join(
        _MOVES, _MOVES.c.id == _IMAGES.c.migration_id).where(
            _MOVES.c.state.in_(sorted(ACTIVE)), _IMAGES.c.state.in_((
                Step.WAITING, Step.COPYING, Step.COPIED, Step.DROPPING)))
    return database.read(lambda connection: frozenset(
        connection.execute(query).scalars()))


def waves(database: engine.Database, move_id: str) -> list[Wave]:
    names = [field.name for field in dataclasses.fields(Wave)]
    rows = database.read(lambda connection: connection.execute(
        sa.select(_WAVES).where(_WAVES.c.migration_id == move_id)
        .order_by(_WAVES.c.number)).all())
    return [Wave(**{name: row._mapping[name] for name in names})
            for row in rows]


def images(database: engine.Database, move_id: str, *,
           states: Collection[Step] = (), wave: int | None = None,
           dropping: bool = False, limit: int | None = None) -> list[Image]:
    """In the order in which they move.

    :param dropping: only those whose copy in the source is to go
    """
    query = sa.select(_IMAGES).where(_IMAGES.c.migration_id == move_id)
    if limit is not None:
        query = query.order_by(_IMAGES.c.wave, _IMAGES.c.turn).limit(limit)
    if states:
        query = query.where(_IMAGES.c.state.in_(sorted(states)))
    if wave is not None:
        query = query.where(_IMAGES.c.wave == wave)
    if dropping:
        query = query.where(_IMAGES.c.drops == sa.true())
    # To have them in order, SQLite would read all images of the migration,
    # where it is asked for the few of some states.
    return sorted(_images(database, query),
                  key=lambda one: (one.wave, one.turn))


def counts(database: engine.Database, move_id: str
           ) -> dict[int, dict[Step, tuple[int, int]]]:
    """Wave -> how far -> how many images, and their bytes."""
    found: dict[int, dict[Step, tuple[int, int]]] = {}
    rows = database.read(lambda connection: connection.execute(
        sa.select(_IMAGES.c.wave, _IMAGES.c.state, sa.func.count(),
                  sa.func.sum(_IMAGES.c.size))
        .where(_IMAGES.c.migration_id == move_id)
        .group_by(_IMAGES.c.wave, _IMAGES.c.state)).all())
    for wave, state, number, size in rows:
        found.setdefault(wave, {})[Step(state)] = (number, int(size or 0))
    return found


def step(database: engine.Database, move_id: str, image: Image, to: Step,
         **values: Any) -> bool:
    """Whether the image is as far now, because of this.

    Not if it is not as it was read any more.

    :param values: other columns
    """
    if 'detail' in values:
        values['detail'] = fields.text(values['detail'])
    return bool(database.write(lambda connection: connection.execute(
        sa.update(_IMAGES).where(as_read(move_id, image)).values(
            state=to, **values)).rowcount))


def as_read(move_id: str, image: Image) -> sa.ColumnElement[bool]:
    """It, unless somebody has gone on with it since it was read."""
    return sa.and_(
        _IMAGES.c.migration_id == move_id,
        _IMAGES.c.image_id == image.image_id,
        _IMAGES.c.state == image.state,
        _IMAGES.c.job_id.is_not_distinct_from(image.job_id))


def enter(database: engine.Database, move: Move, phase: Phase, wave: int,
          now: datetime.datetime | None = None) -> bool:
    """The wave goes on with this, if it is as it was read."""
    now = fields.moment(now)
    return _change(database, move, phase=phase, wave=wave, phase_at=now,
                   updated_at=now)


def turn_to(database: engine.Database, move: Move, state: State,
            error: str = '', now: datetime.datetime | None = None) -> bool:
    """It is in this state from now on, if it is as it was read."""
    return _change(database, move, state=state, error=fields.text(error),
                   updated_at=fields.moment(now))


def end_wave(database: engine.Database, move_id: str, number: int,
             actual: float, now: datetime.datetime | None = None) -> None:
    database.write(lambda connection: connection.execute(
        sa.update(_WAVES).where(
            _WAVES.c.migration_id == move_id, _WAVES.c.number == number)
        .values(actual=actual, ended_at=fields.moment(now))))


def rename_store(database: engine.Database, old: str, new: str) -> int:
    """A store has another name, in migrations that are over, too.

    :returns: how many have it
    """
    def work(connection: sa.Connection) -> int:
        number = 0
        for column in (_MOVES.c.source, _MOVES.c.target):
            number += connection.execute(sa.update(_MOVES).where(
                column == old).values({column: new})).rowcount
        return number
    return database.write(work)


def try_again(database: engine.Database, move: Move,
              now: datetime.datetime | None = None) -> bool:
    """Go on, also with what had failed; False if it is not as it was read.

    :raises MoveStateError: another is not over
    """
    now = fields.moment(now)
    mine = sa.and_(_IMAGES.c.migration_id == move.id)

    def work(connection: sa.Connection) -> bool:
        changed = connection.execute(sa.update(_MOVES).where(
            _MOVES.c.id == move.id, _MOVES.c.state == move.state).values(
                state=State.RUNNING, error='', updated_at=now)).rowcount
        if not changed:
            return False
        other = _active(connection, move.id)
        if other is not None:
            raise _other(other)
        failed = connection.execute(sa.update(_IMAGES).where(
            mine, _IMAGES.c.state == Step.FAILED).values(
                state=Step.WAITING, job_id=None, detail='')).rowcount
        if failed:
            first = connection.execute(sa.select(
                sa.func.min(_IMAGES.c.wave)).where(
                    mine, _IMAGES.c.state == Step.WAITING)).scalar()
            connection.execute(sa.update(_MOVES).where(
                _MOVES.c.id == move.id).values(
                    wave=first, phase=Phase.COPY, phase_at=now))
        return True

    return database.write(work)


def _active(connection: sa.Connection, *but: str) -> str | None:
    found: str | None = connection.execute(sa.select(_MOVES.c.id).where(
        _MOVES.c.state.in_(sorted(ACTIVE)),
        _MOVES.c.id.not_in(but))).scalar()
    return found


def _other(move_id: str) -> errors.MoveStateError:
    return errors.MoveStateError(
        detail='migration %s is not over. Wait for its end, or undo it'
        % move_id)


def _change(database: engine.Database, move: Move, **values: Any) -> bool:
    query = sa.update(_MOVES).where(
        _MOVES.c.id == move.id, _MOVES.c.state == move.state,
        _MOVES.c.wave == move.wave, _MOVES.c.phase == move.phase,
        # It may have been there before: an operator had it go on again.
        _MOVES.c.phase_at == move.phase_at).values(**values)
    return bool(database.write(
        lambda connection: connection.execute(query).rowcount))


def _images(database: engine.Database, query: sa.Select[Any]) -> list[Image]:
    names = [field.name for field in dataclasses.fields(Image)]
    return [Image(**{**{name: row._mapping[name] for name in names},
                     'state': Step(row.state)})
            for row in database.read(
                lambda connection: connection.execute(query).all())]


def _moves(database: engine.Database, which: sa.ColumnElement[bool],
           limit: int | None = None) -> list[Move]:
    rows = database.read(lambda connection: connection.execute(
        sa.select(_MOVES).where(which).order_by(
            _MOVES.c.created_at.desc(), _MOVES.c.id).limit(limit)).all())
    return [Move(**{**row._mapping, 'settings': json.loads(row.settings),
                    'state': State(row.state), 'phase': Phase(row.phase)})
            for row in rows]
