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

"""What operators ask of migrations, and change: plain data."""

from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import datetime
from typing import Any

from glance_lifecycle.planning import waves as waving
from glance_lifecycle.worker import asked
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import moves
from glance_lifecycle.worker.migrating import driving
from glance_lifecycle.worker.migrating import plan as plans

State = moves.State

#: what an operator may want to look at
ATTENTION = (moves.Step.STAYS, moves.Step.FAILED, moves.Step.GONE)

# What an undo has to bring back, or to remove. One that waits may have been
# begun: a worker was killed after it had registered the copy, and the job was
# taken back.
_TOUCHED = (moves.Step.WAITING, moves.Step.COPIED, moves.Step.MOVED,
            moves.Step.STAYS, moves.Step.FAILED)

# How often a pause is tried while a migration goes from wave to wave.
_TRIES = 20

_UNDO = '-undo'


@dataclasses.dataclass(frozen=True, slots=True)
class WaveView:
    """One wave.

    :ivar forecast: seconds of its copies, by the plan
    :ivar revised: the same, as the waves before it went; None for one that
        has ended
    :ivar images: how far -> how many
    """

    number: int
    canary: bool
    forecast: float
    revised: float | None
    actual: float | None
    begun_at: datetime.datetime | None
    ended_at: datetime.datetime | None
    size: int
    images: Mapping[str, int]


@dataclasses.dataclass(frozen=True, slots=True)
class View:
    """A migration, as it is shown.

    :ivar attention: images that stay, have failed, or are gone
    """

    move: moves.Move
    waves: tuple[WaveView, ...]
    attention: tuple[moves.Image, ...]

    def to_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = asked.plain(self)
        return {**found.pop('move'), **found}


def show(database: engine.Database, move_id: str = '') -> View:
    """One of them; the newest, where none is named.

    :raises MoveNotFound: there is none
    """
    if move_id:
        move = moves.get(database, move_id)
    else:
        move = next(iter(moves.listed(database, 1)), None) or moves.get(
            database, 'none was begun')
    waves = moves.waves(database, move.id)
    ended = [wave.actual for wave in waves if wave.actual is not None]
    revised = [None] * len(ended) + waving.revised(
        [wave.forecast for wave in waves], ended)
    counts = moves.counts(database, move.id)
    return View(move, tuple(WaveView(
        wave.number, wave.canary, wave.forecast, again, wave.actual,
        wave.begun_at, wave.ended_at,
        sum(size for _count, size in counts.get(wave.number, {}).values()),
        {str(step): count for step, (count, _size) in sorted(counts.get(
            wave.number, {}).items())})
        for wave, again in zip(waves, revised)),
        tuple(moves.images(database, move.id, states=ATTENTION)))


def run(database: engine.Database, plan: plans.Plan, *, actor: str) -> str:
    """Have a plan carried out; the id of its migration.

    :raises MoveStateError: it was begun before, or another is not over
    """
    moves.begin(
        database, plan.id, plan.source, plan.target,
        dataclasses.asdict(plan.settings),
        (moves.Wave(number, wave.canary, wave.seconds)
         for number, wave in enumerate(plan.waves, 1)),
        (moves.Image(image.id, image.name, image.project, number, turn,
                     image.size, drops=not plan.settings.keep)
         for number, wave in enumerate(plan.waves, 1)
         for turn, image in enumerate(wave.images)), actor=actor)
    return plan.id


def pause(database: engine.Database, move_id: str, *, actor: str
          ) -> moves.Move:
    """Begin no other image; those that are copied now go on.

    :raises LifecycleError: it does not run
    """
    for _try in range(_TRIES):
        move = moves.get(database, move_id)
        if move.state == State.PAUSED:
            driving.take_back(database, move, actor)
            return move
        if move.state != State.RUNNING:
            raise _is(move)
        moves.turn_to(database, move, State.PAUSED)
    raise _changed(move)


def resume(database: engine.Database, move_id: str, *, actor: str
           ) -> moves.Move:
    """Go on, also with the images that have failed.

    :raises LifecycleError: there is nothing to go on with, or another
        migration is not over
    """
    move = moves.get(database, move_id)
    failed = moves.images(database, move.id, states={moves.Step.FAILED},
                          limit=1)
    if move.state not in (State.PAUSED, State.STOPPED) and not (
            move.state == State.DONE and failed):
        raise _is(move)
    # What a pause, or a stop, was killed in.
    driving.settle(database, move)
    driving.take_back(database, move, actor)
    if not moves.try_again(database, move):
        raise _changed(move)
    return moves.get(database, move_id)


def undoing(database: engine.Database, move_id: str
            ) -> tuple[moves.Move, list[moves.Image]]:
    """What there is to take back: its images, in waves from the last on.

    :raises LifecycleError: it cannot be undone, or not yet
    """
    move = moves.get(database, move_id)
    if move.state in (State.RUNNING, State.UNDONE) or move.undoes:
        raise _is(move)
    if moves.images(database, move.id, states=moves.IN_FLIGHT, limit=1):
        raise errors.MoveStateError(
            detail='%s still copies or drops images. Try again when these '
            'jobs are over' % move.id)
    return move, list(_back(
        moves.images(database, move.id, states=_TOUCHED),
        len(moves.waves(database, move.id))))


def undo(database: engine.Database, move_id: str, *, actor: str) -> str:
    """DESTRUCTIVE: copy back what was dropped, drop what was copied.

    :returns: the id of the migration that does that
    :raises LifecycleError: as ``undoing``, and if another is not over
    """
    move, images = undoing(database, move_id)
    forecasts = {wave.number: wave.forecast
                 for wave in moves.waves(database, move.id)}
    last = len(forecasts)
    moves.begin(
        database, move.id + _UNDO, move.target, move.source,
        {**move.settings, 'keep': False, 'soak': 0, 'windows': [],
         'max_errors': max(move.settings['max_errors'], len(images))},
        (moves.Wave(number, False, forecasts[last + 1 - number])
         for number in range(1, last + 1)), images, actor=actor,
        undoes=move)
    return move.id + _UNDO


def _back(found: list[moves.Image], last: int) -> Iterator[moves.Image]:
    for image in found:
        # A copy that was in the target before stays there. What is only
        # copied, or has failed, may be dropped nevertheless: a worker was
        # killed before it could tell.
        if image.made or (image.drops and image.copied_at is not None
                          and image.state != moves.Step.STAYS):
            yield moves.Image(
                image.image_id, image.image_name, image.project,
                last + 1 - image.wave, image.turn, image.size,
                drops=bool(image.made))


def _is(move: moves.Move) -> errors.MoveStateError:
    return errors.MoveStateError(detail='%s is %s%s' % (
        move.id, move.state, ', and takes back migration %s'
        % move.undoes if move.undoes else ''))


def _changed(move: moves.Move) -> errors.MoveStateError:
    return errors.MoveStateError(
        detail='%s has just gone on. Try again' % move.id)
