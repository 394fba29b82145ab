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

"""Images that a plan has hidden are shown again."""

from collections.abc import Iterator

from glance_lifecycle import exceptions
from glance_lifecycle.reclaim.duplicates import applying
from glance_lifecycle.reclaim.duplicates import marks
from glance_lifecycle.reclaim.duplicates import outcome
from glance_lifecycle.reclaim.duplicates import plan as plans
from glance_lifecycle.worker import cloud as clouds

Outcome = outcome.Outcome
Result = outcome.Result

_NOTHING = {
    plans.Remedy.DROP: 'a copy that was dropped cannot be brought back. Make '
                       'it again with "store copy"',
    plans.Remedy.TELL: 'it has changed nothing'}


def undo(plan: plans.Plan, cloud: clouds.Cloud, *, dry_run: bool = False
         ) -> Iterator[Outcome]:
    """One outcome for each step.

    :param dry_run: only say what would be done
    :raises ConfigurationError: the plan is of another cloud, or of a remedy
        that cannot be undone
    """
    if plan.remedy in _NOTHING:
        raise exceptions.InputRefused(
            detail='This plan cannot be undone: %s.' % _NOTHING[plan.remedy])
    applying.check(plan.cloud, cloud)
    for step in plan.steps:
        try:
            yield _shown(plan, step, cloud, dry_run)
        except exceptions.LifecycleError as error:
            yield Outcome(step, Result.FAILED, error.for_operator())


def _shown(plan: plans.Plan, step: plans.Step, cloud: clouds.Cloud,
           dry_run: bool) -> Outcome:
    image = cloud.image(step.image.id)
    if image is None:
        return Outcome(step, Result.GONE, 'The Image API does not show it '
                       'any more.')
    if marks.plan_of(image) != plan.id:
        if image.get('os_hidden'):
            return Outcome(step, Result.LEFT, 'It is hidden, but not by this '
                           'plan.')
        return Outcome(step, Result.BEFORE, 'It is not hidden.')
    if not dry_run:
        cloud.change(step.image.id, marks.show(image))
    return Outcome(step, Result.SHOWN)
