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

"""A plan is carried out: exactly its steps, each judged again before it.

It can be interrupted at any point: what was done is told by the image itself,
or by the file, so that the next run goes on where this one ended.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import datetime
from typing import Any

from glance_lifecycle.audit.hygiene import wording
from glance_lifecycle.copies import removal
from glance_lifecycle import exceptions
from glance_lifecycle.policy import decision
from glance_lifecycle.reclaim.duplicates import asked
from glance_lifecycle.reclaim.duplicates import hiding
from glance_lifecycle.reclaim.duplicates import marks
from glance_lifecycle.reclaim.duplicates import notices
from glance_lifecycle.reclaim.duplicates import outcome
from glance_lifecycle.reclaim.duplicates import plan as plans
from glance_lifecycle.reclaim.duplicates import seen
from glance_lifecycle.reclaim.duplicates import telling
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker import cloud as clouds

Outcome = outcome.Outcome
Result = outcome.Result
Remedy = plans.Remedy

_GONE = 'The Image API does not show it any more.'

# Why an image that is to be used instead will not do, or nothing.
_Against = Callable[[Mapping[str, Any]], str]


class Applying:
    """One run.

    :param cloud: which can look into the stores, if copies are dropped
    :param policy: that does not want them; else None
    :param directory: of the notices to owners; else None
    :param dry_run: only say what would be done
    :param steps: those that are done; None for all
    :raises ConfigurationError: the plan is of another cloud, or was made for
        another policy
    """

    def __init__(self, plan: plans.Plan, cloud: clouds.Cloud, *,
                 policy: decision.Policy | None = None,
                 directory: notices.Directory | None = None,
                 dry_run: bool = False,
                 steps: Sequence[plans.Step] | None = None) -> None:
        check(plan.cloud, cloud)
        if plan.policy != (policy.digest if policy else ''):
            raise exceptions.InputRefused(
                detail='The plan was made for another policy; nothing was '
                'done. Make a new plan')
        self._plan = plan
        self._cloud = cloud
        self._policy = policy
        self._directory = directory
        self._dry_run = dry_run
        self._steps = plan.steps if steps is None else steps

    def run(self) -> Iterator[Outcome]:
        """One outcome for each step."""
        if self._plan.remedy is Remedy.TELL:
            yield from self._tell()
            return
        act = (self._hide if self._plan.remedy is Remedy.HIDE
               else self._drop)
        for step in self._steps:
            try:
                yield act(step)
            except (exceptions.ActionRefused, exceptions.ImageBusy) as error:
                yield Outcome(step, Result.LEFT, _sentence(error.detail))
            except exceptions.LifecycleError as error:
                yield Outcome(step, Result.FAILED, error.for_operator())

    # Hide.

    def _hide(self, step: plans.Step) -> Outcome:
        ended = self._not_to_hide(step)
        if ended is not None:
            return ended
        image = self._cloud.image(step.image.id)
        if image is None:
            return Outcome(step, Result.GONE, _GONE)
        self._cloud.check_unused(image)
        # To ask everybody may take minutes.
        ended = self._not_to_hide(step)
        if ended is not None:
            return ended
        if not self._dry_run:
            self._cloud.change(step.image.id, marks.hide(
                self._plan.id, step.instead.id if step.instead else ''))
        return Outcome(step, Result.HIDDEN)

    def _not_to_hide(self, step: plans.Step) -> Outcome | None:
        """What ends the step before; None for nothing."""
        image = self._cloud.image(step.image.id)
        if image is None:
            return Outcome(step, Result.GONE, _GONE)
        if image.get('os_hidden'):
            if marks.plan_of(image) == self._plan.id:
                return Outcome(step, Result.BEFORE)
            return Outcome(step, Result.LEFT, 'Somebody else has hidden it.')
        why = (seen.changed(step.image, image) or hiding.not_to_hide(image)
               or self._instead(step, lambda older: hiding.against_pair(
                   image, older, asked.members(self._cloud),
                   self._plan.any_name)))
        return Outcome(step, Result.LEFT, why) if why else None

    def _instead(self, step: plans.Step, against: _Against) -> str:
        """Why the image to use instead will not do; empty if it does."""
        was = step.instead
        if was is None:
            return 'There is none to use instead.'
        image = self._cloud.image(was.id)
        if image is None:
            return 'Image %s, to use instead, is not there any more.' % was.id
        why = seen.changed(was, image) or against(image)
        return 'Image %s, to use instead: %s' % (was.id, why) if why else ''

    # Drop.

    def _drop(self, step: plans.Step) -> Outcome:
        image = self._cloud.image(step.image.id)
        if image is None:
            return Outcome(step, Result.GONE, _GONE)
        why = seen.changed(step.image, image, [
            one.store for one in self._plan.steps
            if one.image.id == step.image.id])
        if why:
            return Outcome(step, Result.LEFT, why)
        if step.store not in seen.of(image).stores:
            return Outcome(step, Result.BEFORE, 'It has no copy there any '
                           'more.')
        why = hiding.busy(image) or self._wanted(step, image)
        if why:
            return Outcome(step, Result.LEFT, why)
        resource = self._cloud.resource(step.image.id)
        found = removal.plan(self._cloud.client, resource, step.store,
                             self._cloud.copies(resource))
        against = [*found.against, *(
            'the copy in store %s, which stays, is not known to be whole'
            % copy.store for copy in found.kept if not copy.good)]
        if against:
            return Outcome(step, Result.LEFT, _sentence(
                'The copy is kept: %s' % '; '.join(against)))
        if not self._dry_run:
            removal.drop(self._cloud.client, found)
        return Outcome(step, Result.DROPPED)

    def _wanted(self, step: plans.Step, image: clouds.Image) -> str:
        """Why the policy wants that copy now; empty if it does not."""
        if self._policy is None:
            return 'There is no policy.'
        needs = self._cloud.needs(
            image, self._policy, datetime.datetime.now(datetime.UTC),
            alone=True)
        if any(one.kind == actions.DROP and one.stores == (step.store,)
               for one in needs.actions):
            return ''
        return next((one.why for one in needs.left
                     if one.reason.option == 'copies'),
                    'The policy does not ask for it now.')

    # Tell.

    def _tell(self) -> Iterator[Outcome]:
        projects = dict.fromkeys(
            step.image.project for step in self._steps)
        for project in projects:
            good = []
            for step in self._steps:
                if step.image.project == project:
                    ended = self._not_to_tell(step)
                    if ended is None:
                        good.append(step)
                    else:
                        yield ended
            if good:
                yield from self._write(notices.Notice(
                    self._plan, project, tuple(good)))

    def _write(self, notice: notices.Notice) -> Iterator[Outcome]:
        result, detail = Result.TOLD, ''
        if self._directory is not None and not self._dry_run:
            try:
                if not self._directory.put(notice):
                    result = Result.BEFORE
            except exceptions.ConfigurationError as error:
                result, detail = Result.FAILED, error.detail
        for step in notice.steps:
            yield Outcome(step, result, detail)

    def _not_to_tell(self, step: plans.Step) -> Outcome | None:
        try:
            image = self._cloud.image(step.image.id)
            if image is None:
                return Outcome(step, Result.GONE, _GONE)
            why = seen.changed(step.image, image) or self._instead(
                step, lambda other: telling.against(other)
                or telling.against_pair(image, other))
        except exceptions.LifecycleError as error:
            return Outcome(step, Result.FAILED, error.for_operator())
        return Outcome(step, Result.LEFT, why) if why else None


def check(planned: str, cloud: clouds.Cloud) -> None:
    """:param planned: where the Image API of the plan is
    :raises ConfigurationError: the plan is of another cloud
    """
    where = asked.identity(cloud)
    if planned != where:
        raise exceptions.InputRefused(
            detail='The plan was made for the Image API at %s, and you are '
            'logged in to that at %s; nothing was done. Log in to the '
            'first, or make a new plan' % (
                wording.shown(planned), where))


def _sentence(text: str) -> str:
    found = exceptions.sentence(text)
    return found[:1].upper() + found[1:]
