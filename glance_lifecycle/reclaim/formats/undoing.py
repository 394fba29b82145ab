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

"""Images that a plan has replaced are shown again, and the new ones go."""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.policy import generations
from glance_lifecycle.reclaim.duplicates import applying
from glance_lifecycle.reclaim.duplicates import marks
from glance_lifecycle.reclaim.duplicates import seen
from glance_lifecycle.reclaim.formats import api
from glance_lifecycle.reclaim.formats import carried
from glance_lifecycle.reclaim.formats import making
from glance_lifecycle.reclaim.formats import outcome
from glance_lifecycle.reclaim.formats import plan as plans
from glance_lifecycle.reclaim.formats import running
from glance_lifecycle.worker import cloud as clouds

Outcome = outcome.Outcome
Result = outcome.Result

_Image = Mapping[str, Any]

_HIDDEN = 'The image is hidden, and not deleted: %s'
_STAYS = ('Image %s stays as it is: the old one, which was to be used instead '
          'of it, %s')


class Undoing:
    """One undo.

    :param cloud: that asks for dependents what is to be asked
    :param delete: delete the new images that nothing needs
    :param dry_run: only say what would be done
    :param steps: those that are done; None for all
    :raises ConfigurationError: the plan is of another cloud
    """

    def __init__(self, plan: plans.Plan, cloud: clouds.Cloud,
                 shown: api.Shown, *, delete: bool = False,
                 dry_run: bool = False,
                 steps: Sequence[plans.Step] | None = None) -> None:
        applying.check(plan.cloud, cloud)
        self._plan = plan
        self._cloud = cloud
        self._making = making.Making(plan, cloud, shown)
        self._delete = delete
        self._dry_run = dry_run
        self._steps = plan.steps if steps is None else steps

    def run(self) -> Iterator[Outcome]:
        """One outcome for each step."""
        for step in self._steps:
            try:
                yield self._undone(step)
            except exceptions.LifecycleError as error:
                yield Outcome(step, Result.FAILED,
                              detail=error.for_operator())

    def _undone(self, step: plans.Step) -> Outcome:
        old = self._cloud.image(step.image.id)
        attempts = self._making.attempts(step)
        new = self._making.proven(step, attempts)
        new_id = str(new['id']) if new else ''
        if old is None:
            return self._gone(step, attempts, new_id)
        ours = marks.plan_of(old) == self._plan.id
        if old.get('os_hidden') and not ours:
            return Outcome(step, Result.LEFT, new_id, (
                'It is hidden, but not by this plan.'))
        # First: both for a moment, and never none.
        if ours and not self._dry_run:
            self._cloud.change(step.image.id, _shown(old, new_id))
        kept = [*filter(None, [self._remove(step, old, image)
                               for image in attempts.values()])]
        if kept:
            return Outcome(step, Result.LEFT, new_id, ' '.join(kept))
        changed = ours or any(self._delete or not image.get('os_hidden')
                              for image in attempts.values())
        return Outcome(step, Result.SHOWN if changed else Result.BEFORE,
                       new_id or next(iter(attempts), ''),
                       deleted=bool(self._delete and attempts))

    def _gone(self, step: plans.Step, attempts: Mapping[str, _Image],
              new_id: str) -> Outcome:
        """Without the old one, only what was never shown goes.

        It has the bytes of what its owner has deleted; any other may be the
        last one that there is.
        """
        told, deleted = [running.GONE], []
        for image_id in attempts if self._delete else ():
            new = self._cloud.image(image_id)
            if new is None or not carried.waits(new):
                continue
            needed = self._making.needed(image_id)
            if needed:
                told.append(_HIDDEN % needed)
                continue
            if not self._dry_run:
                self._making.discard(image_id)
            deleted.append(image_id)
        if new_id and new_id not in deleted and len(told) == 1:
            told.append('The new image stays.')
        return Outcome(step, Result.GONE, new_id or next(iter(deleted), ''),
                       ' '.join(told), deleted=bool(deleted))

    def _remove(self, step: plans.Step, old: _Image, new: _Image) -> str:
        """Hide or delete a new image; why it is not deleted, if not.

        :param old: as it was before anybody was asked what needs the new one
        """
        why = ''
        if self._delete:
            needed = self._making.needed(str(new['id']))
            why = _HIDDEN % needed if needed else ''
        # To ask that may have taken minutes, and the last one stays.
        gone = self._against(old)
        if gone:
            return _STAYS % (new['id'], gone)
        if self._delete:
            if not why and self._dry_run:
                return ''
            if not why:
                try:
                    self._making.discard(str(new['id']))
                    return ''
                except exceptions.ServiceError as error:
                    # Such as for a clone in Ceph that no service knows.
                    why = _HIDDEN % error.detail
        if not new.get('os_hidden') and not self._dry_run:
            self._cloud.change(str(new['id']), marks.hide(
                self._plan.id, step.image.id))
        return why

    def _against(self, old: _Image) -> str:
        """Why it is of no use instead of the new one; empty if it is."""
        now = self._cloud.image(str(old['id']))
        if now is None:
            return 'is gone.'
        if now.get('status') != 'active':
            return 'is %s.' % now.get('status')
        # Without a change, it is as this undo shows it first.
        if now.get('os_hidden') and not self._dry_run:
            return 'was hidden again.'
        if seen.changed(seen.of(old), now):
            return 'has changed meanwhile.'
        return ''


def _shown(old: _Image, new_id: str) -> list[dict[str, Any]]:
    """The mark of somebody else's replacement stays."""
    if old.get(generations.REPLACED_BY) not in (None, new_id):
        return marks.show(old)
    return running.unhide(old)
