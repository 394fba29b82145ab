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

"""A plan is carried out: exactly its images, each judged again before it.

It can be killed at any point. What was done is told by the images themselves,
by ids and proofs that only who has the plan can make (see ``proof``), so that
the next run goes on where this one ended.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import datetime
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.policy import decision
from glance_lifecycle.policy import generations
from glance_lifecycle.reclaim.duplicates import applying
from glance_lifecycle.reclaim.duplicates import asked
from glance_lifecycle.reclaim.duplicates import marks
from glance_lifecycle.reclaim.duplicates import seen
from glance_lifecycle.reclaim.formats import api
from glance_lifecycle.reclaim.formats import carried
from glance_lifecycle.reclaim.formats import making
from glance_lifecycle.reclaim.formats import newest
from glance_lifecycle.reclaim.formats import outcome
from glance_lifecycle.reclaim.formats import plan as plans
from glance_lifecycle.reclaim.formats import proof
from glance_lifecycle.reclaim.formats import staying
from glance_lifecycle.worker import cloud as clouds

Outcome = outcome.Outcome
Result = outcome.Result

GONE = 'The Image API does not show it any more.'
_ACCEPT = ('%d projects have to accept the new image themselves: Glance did '
           'not let this user do it.')

_Image = Mapping[str, Any]


class Running:
    """One run.

    :param policy: that of the service, now
    :param shown: where progress goes
    :param dry_run: only say what would be done
    :param steps: those that are done; None for all
    :raises ConfigurationError: the plan is of another cloud
    """

    def __init__(self, plan: plans.Plan, cloud: clouds.Cloud,
                 policy: decision.Policy, shown: api.Shown, *,
                 dry_run: bool = False,
                 steps: Sequence[plans.Step] | None = None) -> None:
        applying.check(plan.cloud, cloud)
        self._plan = plan
        self._cloud = cloud
        self._policy = policy
        self._making = making.Making(plan, cloud, shown)
        self._dry_run = dry_run
        self._steps = plan.steps if steps is None else steps

    def run(self) -> Iterator[Outcome]:
        """One outcome for each step."""
        for step in self._steps:
            try:
                yield self._replace(step)
            except (exceptions.ActionRefused, exceptions.ServiceRefused
                    ) as error:
                yield Outcome(step, Result.FAILED, detail=str(error))
            except exceptions.LifecycleError as error:
                yield Outcome(step, Result.FAILED,
                              detail=error.for_operator())

    def _replace(self, step: plans.Step) -> Outcome:
        old = self._cloud.image(step.image.id)
        if old is None:
            self._withdraw(step)
            return Outcome(step, Result.GONE, detail=GONE)
        if old.get('os_hidden'):
            return self._hidden(step, old)
        why = self._not_now(step, old)
        if why:
            self._withdraw(step)
            return Outcome(step, Result.LEFT, detail=why)
        if self._dry_run:
            return Outcome(step, Result.REPLACED)
        new_id = str(self._making.make(step, old)['id'])
        # That may have taken hours.
        old = self._cloud.image(step.image.id)
        why = GONE if old is None else self._not_now(step, old)
        if why:
            self._withdraw(step)
            return Outcome(step, Result.LEFT, new_id, (
                '%s The new image stays hidden; "migrate format undo '
                '--delete" deletes it.' % why))
        refused = self._share(step, new_id)
        self._swap(step, new_id)
        return Outcome(step, Result.REPLACED, new_id,
                       _ACCEPT % refused if refused else '')

    def _not_now(self, step: plans.Step, image: _Image) -> str:
        """Why it is left as it is, as a sentence; empty for nothing."""
        why = (seen.changed(step.image, image) or staying.why(image)
               or ('It has changed since the plan was made: its disk_format.'
                   if image.get('disk_format') != step.disk_format else ''))
        if why:
            return why
        # A newer build may have come since, also while this one was made.
        return newest.Newest(
            self._cloud, self._policy, datetime.datetime.now(datetime.UTC)
        ).why_not(image, step.stores, {*proof.ids(
            self._plan.digest, step.image.id)})

    def _hidden(self, step: plans.Step, old: _Image) -> Outcome:
        """It was hidden before: by this plan, or by somebody."""
        if marks.plan_of(old) != self._plan.id:
            self._withdraw(step)
            return Outcome(step, Result.LEFT,
                           detail='Somebody else has hidden it.')
        new = self._making.proven(step, self._making.attempts(step))
        if new is None or new.get('os_hidden'):
            return Outcome(step, Result.LEFT, detail=(
                'This plan has hidden it, and the image that replaces it is '
                'gone, or was hidden since. "migrate format undo" shows it '
                'again.'))
        return Outcome(step, Result.BEFORE, str(new['id']))

    def _share(self, step: plans.Step, new_id: str) -> int:
        if step.image.visibility != 'shared':
            return 0
        # Only what is shared has members.
        self._set_visibility(new_id, 'shared')
        members = asked.members(self._cloud)
        return api.share(self._cloud, new_id, dict(members(step.image.id)),
                         dict(members(new_id)))

    def _withdraw(self, step: plans.Step) -> None:
        """Of an image that may have been withdrawn nobody else gets another.

        A run that died after it had shared it, or one of an earlier release,
        has left it to be seen by who knows its id. What "undo" has hidden was
        shown before, and servers may be made of it.
        """
        for new_id, image in self._making.attempts(step).items():
            if image.get('os_hidden') and not (
                    marks.plan_of(image) or self._dry_run):
                self._set_visibility(new_id, 'private')

    def _set_visibility(self, new_id: str, visibility: str) -> None:
        new = self._cloud.image(new_id)
        if new is not None and new.get('visibility') != visibility:
            self._cloud.change(new_id, carried.visible(visibility))

    def _swap(self, step: plans.Step, new_id: str) -> None:
        """The new one is shown first: both for a moment, and never none."""
        # To look at its family, and to share the new one, took a while.
        old = self._cloud.image(step.image.id)
        if old is None or seen.changed(step.image, old):
            raise exceptions.ActionRefused(
                image=step.image.id, detail='it was changed or deleted just '
                'before image %s was to replace it. Run the plan again'
                % new_id)
        new = self._cloud.image(new_id)
        if new is None:
            raise exceptions.ActionRefused(
                image=step.image.id, detail='somebody has deleted image %s, '
                'which was to replace it. Run the plan again' % new_id)
        self._cloud.change(new_id, carried.swapped(old, new))
        self._cloud.change(step.image.id, marks.hide(
            self._plan.id, new_id, generations.REPLACED_BY))
        new = self._cloud.image(new_id)
        if new is None or new.get('status') != 'active':
            # By another run of the plan, say, on another host.
            self._cloud.change(step.image.id, unhide(
                self._cloud.image(step.image.id) or {}))
            raise exceptions.ActionRefused(
                image=step.image.id, detail='somebody has deleted image %s, '
                'which had replaced it. It is shown again; run the plan '
                'again' % new_id)


def unhide(image: _Image) -> list[dict[str, Any]]:
    """The reverse of what hides an image that was replaced."""
    return [*marks.show(image), *(
        {'op': 'remove', 'path': '/' + name}
        for name in (generations.REPLACED_BY,) if name in image)]
