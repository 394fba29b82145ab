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


"""When a worker looks at the stores of its host, and what it says of that."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
import contextlib
import dataclasses
import datetime
import json
import socket
import time
from typing import Protocol
from typing import TYPE_CHECKING

from oslo_config import cfg
from oslo_log import log as logging

from glance_lifecycle import exceptions
from glance_lifecycle.policy import decision
from glance_lifecycle.worker.database import fields
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import marks
from glance_lifecycle.worker import hygiene

if TYPE_CHECKING:
    import threading

    from glance_lifecycle.worker.database import engine

LOG = logging.getLogger(__name__)

#: What the history has in place of an image, of a plan.
SUBJECT = 'hygiene'

# Seconds between two looks at whether it is time.
_TURN = 5.0

# The same after another was at work on this host, or something failed.
_BUSY = 60.0

# The most between two runs of which the first failed.
_RETRY = 3600.0

# Of the table of marks.
_NAME = 64


class Counts(Protocol):
    """See ``metrics.Metrics``."""

    def hygiene_found(self, store: str, steps: int, held: int, unclear: int
                      ) -> None:
        """By the newest plan."""

    def hygiene_done(self, store: str, result: str) -> None:
        """One object."""

    def hygiene_ended(self, error: bool) -> None:
        """A run, now."""


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """:ivar interval: seconds between the ends of two runs, more than 0
    :ivar act: whether the worker acts

    The others: see ``hygiene.Wishes``.
    """

    interval: float
    act: bool
    exports: Sequence[str] = ()
    certificates: Sequence[str] = ()

    @classmethod
    def of(cls, conf: cfg.ConfigOpts) -> Settings:
        options = conf.lifecycle_worker
        return cls(options.hygiene_interval, options.mode == 'act',
                   options.hygiene_exports,
                   options.hygiene_export_certificates)


class Schedule:
    """Runs that are due, of all workers of this host.

    :param actor: as which
    :param stop: ends a run soon
    """

    def __init__(self, database: engine.Database, actor: str,
                 runs: hygiene.Runs, policy: Callable[[], decision.Policy],
                 counts: Counts, settings: Settings,
                 stop: threading.Event) -> None:
        self._database = database
        self._actor = actor
        self._runs = runs
        self._policy = policy
        self._counts = counts
        self._settings = settings
        self._stop = stop
        self._mark = ('%s/%s' % (SUBJECT, socket.gethostname()))[:_NAME]
        self._not_before = 0.0

    def loop(self) -> None:
        """Until it is stopped; what goes wrong is said."""
        while not self._stop.is_set():
            try:
                self.turn()
            except Exception as error:
                self._failed(error)
            self._stop.wait(_TURN)

    def turn(self) -> bool:
        """One run, if it is due.

        :returns: whether one has ended
        :raises LifecycleError: the database of the worker fails, or the
            policy is of no use
        """
        if time.monotonic() < self._not_before or not due(
                marks.get(self._database, self._mark),
                self._settings.interval,
                datetime.datetime.now(datetime.UTC)):
            return False
        try:
            self._run()
        except hygiene.Stopped:
            return False
        except hygiene.Busy:
            LOG.info('Another is at work on the stores of this host: they '
                     'are looked at after it.')
            self._not_before = time.monotonic() + _BUSY
            return False
        except Exception as error:
            self._ended(error)
            raise
        self._ended(None)
        return True

    def _run(self) -> None:
        # Who is killed from now on is to make the run anew at once.
        marks.remove(self._database, self._mark)
        policy = self._policy()
        words = {} if policy.document is None else policy.document.hygiene
        with contextlib.closing(self._runs(hygiene.Wishes(
                words, self._settings.act, self._settings.exports,
                self._settings.certificates, self._each))) as events:
            for event in events:
                if isinstance(event, hygiene.Planned):
                    self._planned(event, policy.digest)
                elif isinstance(event, hygiene.Done):
                    self._done(event, policy.digest)
                else:
                    LOG.warning('%s', event.why)
                    self._record(SUBJECT, 'halted', event.why, policy.digest)
                self._each()
                if self._policy().digest != policy.digest:
                    LOG.info('The policy has changed: the stores are looked '
                             'at anew.')
                    raise hygiene.Stopped

    def _each(self) -> None:
        if self._stop.is_set():
            raise hygiene.Stopped

    def _planned(self, made: hygiene.Planned, digest: str) -> None:
        for store, found in made.stores.items():
            self._counts.hygiene_found(store, found.steps, found.held,
                                       found.unclear)
        text = 'Plan %s: %s' % (made.plan, ' '.join(
            said(store, found) for store, found in made.stores.items()))
        LOG.info('%s Its file is %s.', text, made.path)
        self._record(SUBJECT, 'planned', text, digest, plan=made.plan)

    def _done(self, done: hygiene.Done, digest: str) -> None:
        self._counts.hygiene_done(done.store, done.result)
        if not done.told:
            return
        text = 'Store %s: %s, %d bytes: %s by plan %s. %s' % (
            done.store, done.where, done.held, done.result, done.plan,
            done.detail)
        LOG.info('%s', text)
        self._record(done.image_id or SUBJECT, done.result, text, digest,
                     plan=done.plan)

    def _record(self, subject: str, event: str, text: str, digest: str,
                **proof: str) -> None:
        history.record(
            self._database, image_id=subject, event=event,
            text=exceptions.sentence(text), actor=self._actor,
            policy_digest=digest, proof=proof or None)

    def _ended(self, error: Exception | None) -> None:
        self._counts.hygiene_ended(error is not None)
        if error is not None:
            self._record(SUBJECT, 'failed', _told(error), '')
        marks.set(self._database, self._mark, json.dumps({
            'ended_at': datetime.datetime.now(datetime.UTC).isoformat(),
            'error': fields.text(_told(error) if error else '')}))

    def _failed(self, error: Exception) -> None:
        # Where the database fails, nobody else keeps it from trying.
        self._not_before = time.monotonic() + _BUSY
        if isinstance(error, exceptions.LifecycleError):
            LOG.error('The stores could not be looked at for what no image '
                      'needs: %s', error.for_operator())
        else:
            LOG.error('The look at the stores failed in an unexpected way.',
                      exc_info=error)


def due(mark: marks.Mark | None, interval: float, now: datetime.datetime
        ) -> bool:
    """Whether it is time for a run.

    :param mark: of the last one; None for none that has ended
    """
    if mark is None:
        return True
    try:
        value = json.loads(mark.value)
        ended = datetime.datetime.fromisoformat(value['ended_at'])
        passed = (now - ended).total_seconds()
        failed = bool(value['error'])
    except (KeyError, TypeError, ValueError):
        # Of another release, or of a hand.
        return True
    # A time to come is that of a clock that was wrong.
    return not 0 <= passed < (min(interval, _RETRY) if failed else interval)


def said(store: str, found: hygiene.Found) -> str:
    """For people."""
    text = ('Store %s: %d objects, %d bytes, can be taken; %d are left; of '
            '%d nobody can tell.' % (store, found.steps, found.held,
                                     found.left, found.unclear))
    return ' '.join((text, found.refused)).strip()


def _told(error: Exception) -> str:
    """Without secrets."""
    return (str(error) if isinstance(error, exceptions.LifecycleError)
            else type(error).__name__)
