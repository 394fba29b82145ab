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

"""From images as they are to the jobs they need, and no others.

A job is opened once, joined when its gap is seen again, and closed when the
gap is gone without it. What failed for good, or an operator has cancelled, is
opened again only when the policy has changed, or somebody else than a worker
has changed the image; what others may have been the cause of, such as a store
that was away, once a day.
"""

from collections.abc import Callable
from collections.abc import Iterable
import contextlib
import copy
import dataclasses
import datetime
from typing import Any

from oslo_log import log as logging

from glance_lifecycle.audit import image_api
from glance_lifecycle.dependents import base
from glance_lifecycle.policy import decision
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker import brake as brakes
from glance_lifecycle.worker import cloud as clouds
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.database import job_changes
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import moves
from glance_lifecycle.worker import kindred as kindreds
from glance_lifecycle.worker import nova_caches
from glance_lifecycle.worker import open_jobs as opened
from glance_lifecycle.worker import reconcile
from glance_lifecycle.worker import scrubbing as scrubbings
from glance_lifecycle.worker import usage

LOG = logging.getLogger(__name__)

# What failed because of others - a server that still needs the image, a store
# or a service that was away - may go well without a change of the image.
_AGAIN = datetime.timedelta(days=1)

# What a migration does by itself.
_PLACES = frozenset({actions.COPY, actions.DROP})

_OVER = 'It is not needed any more: the image is as its policy wants it.'


@dataclasses.dataclass
class Seen:
    """What came of a look at some images; numbers.

    :ivar actions: that they need
    :ivar left: differences that no action mends
    :ivar opened: jobs, of which ``held`` wait for an operator
    :ivar joined: actions for which there was a job
    :ivar given_up: actions that have failed before, or were cancelled
    :ivar ended: jobs that are not needed any more
    """

    images: int = 0
    actions: int = 0
    left: int = 0
    opened: int = 0
    held: int = 0
    joined: int = 0
    given_up: int = 0
    ended: int = 0


def _none() -> None:
    """Nothing is read back."""


class Observer:
    """Opens and closes jobs.

    :param actor: of the history: who looks
    :param scrubbing: which copies are to be read back, anew for each look at
        all images; None for none
    :param use: where it is written down what is in use
    """

    def __init__(self, database: engine.Database, brake: brakes.Brake,
                 actor: str,
                 scrubbing: Callable[[], scrubbings.Scrubbing | None] = _none,
                 use: usage.Usage | None = None) -> None:
        self._database = database
        self._brake = brake
        self._actor = actor
        self._scrubbing = scrubbing
        self._use = use

    def look(self, images: Iterable[clouds.Image], cloud: clouds.Cloud,
             policy: decision.Policy) -> Seen:
        """At all images; no more than the brake lets pass are held.

        :raises ServiceError: the Image API cannot be asked
        :raises WorkerDatabaseError: the database fails
        """
        look = _Look(self._database, self._brake, self._actor, policy,
                     whole=True)
        now = datetime.datetime.now(datetime.UTC)
        scrubbing = self._scrubbing()
        left = scrubbings.left(self._database, cloud) if scrubbing else {}
        if policy.watches_use:
            cloud = self._watched(cloud)
        noting = kindreds.Noting(self._database, cloud.families(policy, now),
                                 now)
        for image in images:
            open_jobs = look.take(image, cloud.needs(
                image, policy, now, noting.view))
            action = scrubbing.action(image, now, left.get(
                image['id'], ())) if scrubbing else None
            if action is not None:
                look.scrub(action, open_jobs, cloud)
        noting.end()
        look.end_of_gone(cloud)
        return look.finish()

    def look_at_some(self, images: Iterable[clouds.Image],
                     kindred: kindreds.Kindred, policy: decision.Policy,
                     total: int, gone: Iterable[str] = ()) -> Seen:
        """At images that have changed, and at those that others make old.

        :param total: how many images there are
        :param gone: ids of images that are no more; read after ``images``

        Raises as ``look``.
        """
        look = _Look(self._database, self._brake, self._actor, policy,
                     whole=False)
        met = set()
        for image in images:
            met.add(image['id'])
            look.take(image, kindred.needs(
                image, waits=look.has_open_jobs(image['id'])))
        for image_id in gone:
            kindred.gone(image_id)
        with image_api.asking('list the families of what has changed'):
            for image, needs in kindred.others(met):
                look.take(image, needs)
        return look.finish(total)

    def _watched(self, cloud: clouds.Cloud) -> clouds.Cloud:
        """The same, which knows what is in use at present."""
        found = copy.copy(cloud)
        found.unused = usage.unknown
        if self._use is not None:
            try:
                found.unused = self._use.watched(cloud.in_use)
            except base.NotAsked as error:
                LOG.warning(
                    'It is not known which images are in use, and none '
                    'retires by retain.unused_for before it is: %s', error)
        return found


class _Look:
    """One look, as far as it has come."""

    def __init__(self, database: engine.Database, brake: brakes.Brake,
                 actor: str, policy: decision.Policy, *, whole: bool) -> None:
        self.seen = Seen()
        self._begun = datetime.datetime.now(datetime.UTC)
        self._database = database
        self._brake = brake
        self._actor = actor
        self._policy = policy
        # A query for each of all images would take longer than listing them.
        self._waiting = opened.all_open(database) if whole else None
        self._moving = moves.moving(database)
        # With the job that waits for something else so far.
        self._new: list[tuple[actions.Action, opened.OpenJob | None]] = []
        self._touched: set[str] = set()
        self._hold = ''

    def take(self, image: clouds.Image, needs: reconcile.Needs
             ) -> list[opened.OpenJob]:
        """Open what this image needs; the jobs that were open before."""
        self.seen.images += 1
        self.seen.actions += len(needs.actions)
        self.seen.left += len(needs.left)
        open_jobs = self._open_jobs(image['id'])
        wanted = {action.purpose for action in needs.actions}
        if not image.get(reconcile.LOCK):
            for job in open_jobs:
                if (job.waits and job.purpose not in wanted
                        and _of_policy(job.purpose)):
                    self._end(job, _OVER)
        there = {job.purpose: job for job in open_jobs}
        for action in needs.actions:
            # Where its copies are is the migration's business until it ends:
            # the old one would go before the wave has soaked.
            if not (action.kind in _PLACES and image['id'] in self._moving):
                self._take(action, image, there.get(action.purpose))
        return open_jobs

    def has_open_jobs(self, image_id: str) -> bool:
        """Of a look at some images."""
        return bool(self._open_jobs(image_id))

    def scrub(self, action: actions.Action, open_jobs: list[opened.OpenJob],
              cloud: clouds.Cloud) -> None:
        """Read copies back: it touches nothing, and is held by no brake."""
        if any(job.purpose == action.purpose for job in open_jobs):
            return
        # By now: since the look began, another worker may have had it done, or
        # have failed at it.
        action = scrubbings.with_left(action, jobs.latest(
            self._database, action.image_id, action.purpose), cloud)
        if action.stores:
            self._open(action, None, brake=False)

    def _take(self, action: actions.Action, image: clouds.Image,
              job: opened.OpenJob | None) -> None:
        if job is not None and (not job.waits or job.told == opened.told(
                action.to_dict(), self._policy.digest)):
            self.seen.joined += 1
        elif job is not None and (job.state == jobs.State.HELD or
                                  job.does == opened.does(action.to_dict())):
            self._open(action, None)
        elif job is None and self._given_up(action, image):
            self.seen.given_up += 1
        else:
            # Also where a job waits: a mistake in the policy that changes
            # what it does is braked like one that opens it.
            self._add(action, job)

    def _add(self, action: actions.Action, job: opened.OpenJob | None
             ) -> None:
        self._touched.add(action.image_id)
        self._new.append((action, job))
        if self._brake.reached(len(self._touched)) and not self._hold:
            self._hold = self._brake.text(len(self._touched),
                                          self.seen.images)
        if self._hold or not (self._brake.images or self._brake.percent):
            # No more than these are kept in memory.
            self._flush()

    def finish(self, total: int = 0) -> Seen:
        total = max(total, self.seen.images)
        touched = len(self._touched)
        if not self._hold and self._brake.holds(touched, total):
            self._hold = self._brake.text(touched, total)
        self._flush()
        return self.seen

    def _flush(self) -> None:
        for action, job in self._new:
            self._open(action, job)
        self._new = []

    def _open(self, action: actions.Action, waits: opened.OpenJob | None, *,
              brake: bool = True) -> None:
        hold = self._hold if brake else ''
        if waits is not None and hold:
            # First, so that nobody claims it with the new action. One that
            # runs by now is left as it is.
            with contextlib.suppress(errors.JobNotFound,
                                     errors.JobStateError):
                job_changes.hold(self._database, waits.id, actor=self._actor,
                                 reason=hold)
        job, joined = jobs.open_job(
            self._database, self._wanted(action, hold), actor=self._actor,
            held=bool(hold))
        if joined:
            self.seen.joined += 1
            return
        self.seen.opened += 1
        self.seen.held += job.state == jobs.State.HELD

    def _wanted(self, action: actions.Action, hold: str) -> jobs.Wanted:
        reason = '%s, because of: %s.' % (action.text(), action.why())
        return jobs.Wanted(
            image_id=action.image_id, purpose=action.purpose,
            action=action.to_dict(),
            reason=reason[0].upper() + reason[1:] + (
                ' ' + hold if hold else ''),
            rule=', '.join(action.rules), policy_digest=self._policy.digest,
            image_name=action.image_name, project=action.project,
            bytes=action.size)

    def _given_up(self, action: actions.Action, image: clouds.Image) -> bool:
        """Whether it has come to an end that is not to be repeated."""
        last = jobs.latest(self._database, action.image_id, action.purpose)
        if last is None or last.state not in (jobs.State.FAILED,
                                              jobs.State.CANCELLED):
            return last is not None and (
                _was_fetched(action, last) or self._was_done(action, image,
                                                             last))
        now = datetime.datetime.now(datetime.UTC)
        # What can never go well is tried once.
        again = ((action.unused or action.destructive or last.attempts > 1)
                 and last.state == jobs.State.FAILED
                 and now - last.updated_at > _AGAIN)
        return not (again or last.policy_digest != self._policy.digest
                    or opened.does(last.action) != opened.does(
                        action.to_dict())
                    or self._changed(image, last.updated_at))

    def _was_done(self, action: actions.Action, image: clouds.Image,
                  last: jobs.Job) -> bool:
        """Whether another worker did it after this look read the image.

        The image has changed by that, so that the next look sees what is
        needed still.
        """
        return (last.state == jobs.State.DONE
                and last.updated_at >= self._begun
                and opened.does(last.action) == opened.does(action.to_dict())
                and not _later(image.get('updated_at'), last.updated_at))

    def _changed(self, image: clouds.Image, since: datetime.datetime) -> bool:
        """Whether somebody else has changed the image since.

        From the last change back: each must have left what the next one has
        found.
        """
        found = image.get('updated_at')
        if not _later(found, since):
            return False
        if jobs.list_jobs(self._database, state=jobs.State.RUNNING,
                          image_id=image['id']):
            # Nobody can tell yet whose change that is.
            return False
        for before, after in history.changes_since(
                self._database, image['id'], since):
            if after != found:
                break
            found = before
            if not _later(found, since):
                return False
        return True

    def end_of_gone(self, cloud: clouds.Cloud) -> None:
        """Jobs of images that this whole look has not met."""
        for image_id, open_jobs in (self._waiting or {}).items():
            # One that runs finds that out by itself.
            waiting = [job for job in open_jobs if job.waits]
            if waiting and cloud.image(image_id) is None:
                for job in waiting:
                    self._end(job, 'The image is gone.')

    def _open_jobs(self, image_id: str) -> list[opened.OpenJob]:
        if self._waiting is not None:
            return self._waiting.pop(image_id, [])
        return opened.of_image(self._database, image_id)

    def _end(self, job: opened.OpenJob, reason: str) -> None:
        job_changes.over(self._database, job.id, actor=self._actor,
                         reason=reason)
        self.seen.ended += 1


def _of_policy(purpose: str) -> bool:
    return purpose.partition(':')[0] in actions.WANTED


def _was_fetched(action: actions.Action, last: jobs.Job) -> bool:
    """Whether it was in these caches, and may be evicted from them.

    Where it is to be kept, and nobody can tell whether it was: for a day.
    """
    if action.kind != actions.PREFETCH or last.state != jobs.State.DONE:
        return False
    wanted = set(action.arguments['caches'])
    if not wanted <= set(last.action.get('arguments', {}).get('caches', ())):
        return False
    return not action.arguments.get('keep') or (
        all(map(nova_caches.is_node, wanted))
        and datetime.datetime.now(datetime.UTC) - last.updated_at < _AGAIN)


def _later(moment: Any, since: datetime.datetime) -> bool:
    """Also where it is no moment."""
    try:
        return datetime.datetime.fromisoformat(moment) > since
    except (TypeError, ValueError):
        return True
