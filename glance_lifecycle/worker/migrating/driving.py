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

"""What a worker does for the migrations of its database, turn by turn.

Each image gets a job to copy it, and one to drop it. No more are open at once
than the plan says, so that a pause holds before the next image. All that is
known is in the database: a turn after a death goes on where it was. Several
workers may do this at the same time; see ``database.moves``, and
``database.move_turns``.
"""

from collections.abc import Callable
import contextlib
import dataclasses
import datetime
import functools
import threading
from typing import Any

from oslo_log import log as logging

from glance_lifecycle.audit import image_api
from glance_lifecycle import exceptions
from glance_lifecycle.planning import waves as waving
from glance_lifecycle.planning import windows
from glance_lifecycle.policy import drift
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker import cloud as clouds
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import job_changes
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import move_turns
from glance_lifecycle.worker.database import moves
from glance_lifecycle.worker.migrating import plan as plans

LOG = logging.getLogger(__name__)

State, Phase = moves.State, moves.Phase

# Seconds between two turns, where nothing tells that a job has ended.
_TURN = 1.0
# And after something failed.
_PAUSE = 5.0

# What the history says of a job that was taken back, and is told from one
# that an operator has cancelled by.
_TAKEN_BACK = 'The migration does not go on for now.'

# Where an image is again whose job was taken back.
_BEFORE = {moves.Step.COPYING: moves.Step.WAITING,
           moves.Step.DROPPING: moves.Step.COPIED}


class Driver:
    """Drives them.

    :param connect: a cloud
    :param actor: of the history
    :param stop: ends the loop
    :param begun: called when there is a new job
    """

    def __init__(self, database: engine.Database,
                 connect: Callable[[], clouds.Cloud], actor: str,
                 stop: threading.Event, begun: Callable[[], None]) -> None:
        self._database = database
        self._connect = connect
        self._actor = actor
        self._stop = stop
        self._begun = begun
        self._wake = threading.Event()

    def wake(self) -> None:
        """A job has ended, or the loop is to."""
        self._wake.set()

    def loop(self) -> None:
        """Until it is stopped; what goes wrong is said."""
        while not self._stop.is_set():
            try:
                self.turn()
            except exceptions.LifecycleError as error:
                LOG.error('No migration goes on for now: %s',
                          error.for_operator())
                self._stop.wait(_PAUSE)
            except Exception:
                LOG.exception('The migrations failed in an unexpected way.')
                self._stop.wait(_PAUSE)
            self._wake.wait(_TURN)
            self._wake.clear()

    def turn(self, now: datetime.datetime | None = None) -> None:
        """Go on with what there is, as far as that is possible now.

        :param now: for the windows and the soak
        :raises LifecycleError: the database or the Image API fails
        """
        now = now or datetime.datetime.now(datetime.UTC)
        for move in moves.open_moves(self._database):
            settle(self._database, move)
            if move.state != State.RUNNING:
                take_back(self._database, move, self._actor)
            elif not self._stopped(move):
                self._go_on(move, now)

    def _stopped(self, move: moves.Move) -> bool:
        """Whether too much of it has failed."""
        why = _too_many(move_turns.failures(self._database, move.id), move)
        if not why:
            return False
        failed = moves.images(self._database, move.id,
                              states={moves.Step.FAILED})
        if not failed:
            # An operator has just had it go on.
            return False
        last = failed[-1]
        text = '%s The last was %s: %s' % (
            why, last.image_id, exceptions.sentence(last.detail))
        if moves.turn_to(self._database, move, State.STOPPED, text):
            LOG.error('Migration %s has stopped: %s', move.id, text)
        take_back(self._database, move, self._actor)
        return True

    # One wave: its copies, the soak, what is dropped.

    def _go_on(self, move: moves.Move, now: datetime.datetime) -> None:
        found = plans.Settings(**{**move.settings, 'windows': tuple(
            move.settings['windows'])})
        may = windows.closes(windows.parse(found.windows), now) is not None
        if move.phase == Phase.COPY:
            if move_turns.copies(self._database, move.id, move.wave):
                self._begin(move, found, moves.Step.COPYING, may)
            else:
                self._copied(move, found, now)
        elif move.phase == Phase.SOAK:
            if (now - move.phase_at).total_seconds() >= found.soak:
                moves.enter(self._database, move, Phase.DROP, move.wave, now)
                self.wake()
        elif not self._begin(move, found, moves.Step.DROPPING, may):
            self._ended(move, now)

    def _copied(self, move: moves.Move, found: plans.Settings,
                now: datetime.datetime) -> None:
        moved = moves.images(self._database, move.id, wave=move.wave)
        took = waving.busy(
            (image.copied_at.timestamp() - image.seconds,
             image.copied_at.timestamp()) for image in moved
            if image.copied_at is not None and image.seconds is not None)
        moves.end_wave(self._database, move.id, move.wave, took, now)
        drops = any(image.drops and image.state == moves.Step.COPIED
                    for image in moved)
        moves.enter(self._database, move,
                    Phase.SOAK if drops and found.soak else Phase.DROP,
                    move.wave, now)
        self.wake()

    def _ended(self, move: moves.Move, now: datetime.datetime) -> None:
        last = move_turns.last_wave(self._database, move.id)
        LOG.info('Migration %(move)s: wave %(wave)d of %(last)d has ended.', {
            'move': move.id, 'wave': move.wave, 'last': last})
        if move.wave < last:
            moves.enter(self._database, move, Phase.COPY, move.wave + 1, now)
            self.wake()
        elif moves.turn_to(self._database, move, State.DONE, now=now):
            LOG.info('Migration %s is done.', move.id)

    def _begin(self, move: moves.Move, found: plans.Settings,
               after: moves.Step, may: bool) -> bool:
        """Have as many jobs open as may be; False if there is none left."""
        flying = moves.images(self._database, move.id,
                              states=moves.IN_FLIGHT)
        for image in flying:
            if image.job_id is None:
                # Its job was purged.
                self._open(move, found, image, image.state)
        room = max(0, found.parallel - len(flying))
        # One at least: whether any waits.
        waiting = moves.images(
            self._database, move.id, states={_BEFORE[after]}, wave=move.wave,
            dropping=after is moves.Step.DROPPING, limit=max(1, room))
        if may:
            for image in waiting[:room]:
                self._begin_one(move, found, image, after)
        return bool(waiting or flying)

    def _begin_one(self, move: moves.Move, found: plans.Settings,
                   image: moves.Image, after: moves.Step) -> None:
        values: dict[str, Any] = {}
        if after is moves.Step.COPYING:
            shown = self._connect().image(image.image_id)
            stores = image_api.stores_of(shown or {})
            if not {move.source, move.target} & {*stores}:
                moves.step(
                    self._database, move.id, image, moves.Step.GONE,
                    detail='It is gone, or has no copy in %s any more.'
                    % move.source)
                self.wake()
                return
            if image.made is None:
                # Before the copy is begun: later nobody could tell.
                values['made'] = move.target not in stores
        self._open(move, found, image, after, **values)

    def _open(self, move: moves.Move, found: plans.Settings,
              image: moves.Image, to: moves.Step, **values: Any) -> None:
        """Its step and its job, both or neither.

        Neither if it was paused meanwhile, or if another worker was faster.
        """
        action = _action(move, found, dataclasses.replace(
            image, state=to, **values))
        with contextlib.suppress(jobs.NotOpened):
            jobs.open_job(
                self._database, jobs.Wanted(
                    image_id=image.image_id, purpose=action.purpose,
                    action=action.to_dict(), reason='Migration %s: %s.' % (
                        move.id, action.text()),
                    rule='migration %s' % move.id,
                    image_name=image.image_name, project=image.project,
                    bytes=image.size), actor=self._actor,
                first=functools.partial(
                    move_turns.start, move_id=move.id, image=image, to=to,
                    parallel=found.parallel, values=values))
            self._begun()


def settle(database: engine.Database, move: moves.Move) -> None:
    """Note what came of jobs that have ended."""
    for image in moves.images(database, move.id, states=moves.IN_FLIGHT):
        if image.job_id is None:
            continue
        try:
            job = jobs.get(database, image.job_id)
        except errors.JobNotFound:
            # Purged: another one finds out how it stands.
            moves.step(database, move.id, image, image.state, job_id=None)
            continue
        if job.state == jobs.State.DONE:
            _done(database, move, image, job)
        elif job.state == jobs.State.FAILED:
            moves.step(database, move.id, image, moves.Step.FAILED,
                       detail=job.error)
        elif job.state == jobs.State.CANCELLED:
            if move.state == State.RUNNING and not _taken_back(database, job):
                moves.step(database, move.id, image, moves.Step.FAILED,
                           detail='Its job was cancelled.')
            else:
                moves.step(database, move.id, image, _BEFORE[image.state],
                           job_id=None)
        elif job.state == jobs.State.HELD and _taken_back(database, job):
            # Whoever paused it was killed then.
            if _cancel(database, job.id, 'migration %s' % move.id):
                moves.step(database, move.id, image, _BEFORE[image.state],
                           job_id=None)


def take_back(database: engine.Database, move: moves.Move, actor: str
              ) -> None:
    """Let no image begin any more; what runs goes on."""
    for image in moves.images(database, move.id, states=moves.IN_FLIGHT):
        if image.job_id is None or _cancel(database, image.job_id, actor):
            moves.step(database, move.id, image, _BEFORE[image.state],
                       job_id=None)


def _cancel(database: engine.Database, job_id: str, actor: str) -> bool:
    """Whether it did not run, and never will."""
    try:
        # Held first, so that nobody claims it in between, and what runs is
        # left alone.
        job_changes.hold(database, job_id, actor=actor, reason=_TAKEN_BACK)
    except errors.JobStateError:
        return False
    except errors.JobNotFound:
        return True
    with contextlib.suppress(errors.JobNotFound):
        job_changes.cancel(database, job_id, actor=actor, reason=_TAKEN_BACK)
    return True


def _taken_back(database: engine.Database, job: jobs.Job) -> bool:
    """Whether its migration did that, or else an operator.

    What is known of the migration may be older than a pause.
    """
    entry = history.last_of_job(database, job.id, job.state)
    return entry is not None and entry.text == _TAKEN_BACK


def _done(database: engine.Database, move: moves.Move, image: moves.Image,
          job: jobs.Job) -> None:
    entry = history.last_of_job(database, job.id, jobs.State.DONE)
    if entry is None or job.stores != (
            move.target if image.state == moves.Step.COPYING
            else move.source,):
        # Purged, and the job just not yet; or it ran already when it was
        # joined, and is of a migration before this. Another one finds out.
        moves.step(database, move.id, image, image.state, job_id=None)
        return
    proof = entry.proof
    if not proof:
        # It was not needed any more, and that is so of an image that is gone.
        moves.step(database, move.id, image, moves.Step.GONE,
                   detail='The image is gone.')
    elif image.state == moves.Step.COPYING:
        moves.step(database, move.id, image, moves.Step.COPIED, job_id=None,
                   copied_at=entry.at, seconds=proof.get(history.SECONDS))
    elif proof.get('stays'):
        moves.step(database, move.id, image, moves.Step.STAYS,
                   detail=exceptions.sentence(proof['stays']))
    else:
        moves.step(database, move.id, image, moves.Step.MOVED)


def _action(move: moves.Move, found: plans.Settings, image: moves.Image
            ) -> actions.Action:
    copies = image.state == moves.Step.COPYING
    store, other = (move.target, move.source) if copies else (
        move.source, move.target)
    arguments: dict[str, Any] = {'stores': [store], 'other': other,
                                 'read_back': found.read_back}
    if copies:
        arguments.update(made=bool(image.made), keep=not image.drops)
    return actions.Action(
        actions.MIGRATE if copies else actions.MIGRATE_DROP, image.image_id,
        image.image_name, image.project, arguments, (drift.Drift(
            'migration', 'stores', 'in %s' % move.target,
            'in %s' % move.source, 'migration %s' % move.id, 'stores',
            store),), image.size)


def _too_many(failed: move_turns.Failures, move: moves.Move) -> str:
    """Why it stops, as a sentence; empty for not."""
    if failed.canary:
        return ('An image of the first wave failed, which is there to show '
                'that.')
    most = move.settings['max_errors']
    if failed.count > most:
        return '%d images failed, which is more than %d.' % (failed.count,
                                                             most)
    return ''
