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

"""How fast images move to a store: as before, or as is assumed."""

from glance_lifecycle.planning import assumed
from glance_lifecycle.planning import known
from glance_lifecycle.planning import rates
from glance_lifecycle.planning import waves as waving
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker.database import durations
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import moves
from glance_lifecycle.worker import estimating

#: Seconds that an image takes, whatever its size, where nothing is known: it
#: is looked at, its job is claimed, and its new copy registered.
EACH = 1.0

# Migrations that are looked at.
_LATEST = 20


def measured(database: engine.Database, target: str, *,
             read_back: bool = True) -> waving.Pace | None:
    """As the last migration to this store, or else the last copies, went.

    :param read_back: whether each copy is to be read back, which may take as
        long as to write it: rather as a migration that did the same
    :raises WorkerDatabaseError: the database fails
    """
    last = [move for move in moves.listed(database, _LATEST)
            if move.target == target]
    for move in sorted(last, key=lambda one: (
            one.settings.get('read_back') != read_back)):
        found = _of_migration(database, move)
        if found is not None:
            return found
    return _of_copies(database, target)


def guessed(kind: str, parallel: int) -> waving.Pace:
    """Where nothing was measured.

    :param kind: driver of the target
    """
    return waving.Pace(assumed.WRITE.get(
        kind, assumed.WRITE['other']).value, EACH, parallel)


def source(pace: waving.Pace | None) -> known.Source:
    return known.Source.ASSUMED if pace is None else known.Source.MEASURED


def _of_migration(database: engine.Database, move: moves.Move
                  ) -> waving.Pace | None:
    spans = [(image.size, image.copied_at.timestamp(), image.seconds)
             for image in moves.images(database, move.id)
             if image.copied_at is not None and image.seconds is not None]
    return rates.fit(
        [(size, seconds) for size, _end, seconds in spans],
        waving.busy((end - seconds, end) for _size, end, seconds in spans),
        move.settings['parallel'])


def _of_copies(database: engine.Database, target: str) -> waving.Pace | None:
    """One after another: how much faster several are, nobody knows."""
    seconds = estimating.Speeds(durations.latest(database)).seconds(
        actions.Action(actions.COPY, '', '', '', {'stores': [target]}, (),
                       assumed.GIB))
    return waving.Pace(assumed.GIB / seconds, 0.0, 1) if seconds else None
