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

"""The raw image that is to replace another one: hidden, and verified.

Of an attempt that died no bytes are used unless there is a proof: its owner
may have staged others meanwhile. It is deleted, and the next attempt, under
the next id, begins anew.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import time
from typing import Any

from oslo_log import log as logging

from glance_lifecycle.audit import drift
from glance_lifecycle.audit import image_api
from glance_lifecycle import exceptions
from glance_lifecycle.reclaim.duplicates import facts
from glance_lifecycle.reclaim.formats import api
from glance_lifecycle.reclaim.formats import carried
from glance_lifecycle.reclaim.formats import plan as plans
from glance_lifecycle.reclaim.formats import proof
from glance_lifecycle.reclaim.formats import staying
from glance_lifecycle.worker import cloud as clouds

LOG = logging.getLogger(__name__)

_Image = Mapping[str, Any]

_FIRST, _LONGEST = 0.1, 5.0

_OVER = ('killed', 'deleted', 'pending_delete')


class Making:
    """For the images of one plan.

    :param cloud: that asks for dependents what is to be asked
    :param shown: where progress goes
    """

    def __init__(self, plan: plans.Plan, cloud: clouds.Cloud,
                 shown: api.Shown) -> None:
        self._plan = plan
        self._cloud = cloud
        self._shown = shown

    def attempts(self, step: plans.Step) -> dict[str, _Image]:
        """Those that are there, whether or not they ended.

        :raises ServiceError: it cannot be asked
        """
        found = self._cloud.among(
            [*proof.ids(self._plan.digest, step.image.id)], dict)
        return {new_id: image for new_id, image in found.items()
                if image.get('owner') == step.image.project}

    def proven(self, step: plans.Step,
               attempts: Mapping[str, _Image]) -> _Image | None:
        """The one that a run has made and verified."""
        return next((image for image in attempts.values() if proof.holds(
            self._plan.digest, step.image.id, image)), None)

    def make(self, step: plans.Step, old: _Image) -> _Image:
        """The proven one; made, where there is none.

        :raises LifecycleError: it cannot be made; nothing of it is left,
            unless Glance did not even delete it
        """
        attempts = self.attempts(step)
        new = self.proven(step, attempts)
        if new is not None:
            self._check(step, new)
            return new
        for new_id, image in attempts.items():
            if not _fresh(image):
                self._clear(step, new_id)
        for new_id in proof.ids(self._plan.digest, step.image.id):
            if _fresh(attempts.get(new_id, {})) or (
                    api.create(self._cloud, carried.body(old, new_id))):
                with self._or_discarded(step, new_id):
                    return self._fill(step, new_id)
        raise exceptions.ActionRefused(
            image=step.image.id, detail='it was tried too often. Make a new '
            'plan')

    def needed(self, new_id: str) -> str:
        """Why it must not be deleted, as a sentence; empty for nothing.

        Also of one without a proof: its owner can have removed that from one
        that servers are made of. What was never active is of no use to
        anybody, and the service may be writing it.
        """
        new = self._cloud.image(new_id)
        if new is None or new.get('status') not in drift.SETTLED:
            return ''
        try:
            self._cloud.check_unused(new)
            self._cloud.check_alone(new)
        except exceptions.ActionRefused as error:
            return error.detail
        return ''

    def _clear(self, step: plans.Step, new_id: str) -> None:
        """Delete what is left of an attempt; what is needed is left.

        :raises ActionRefused: it is more than what is left of an attempt
        """
        self._check_left(step, new_id)
        why = self.needed(new_id)
        if why:
            # The next attempt has another id.
            LOG.warning('Image %(image)s, which is left of an attempt to '
                        'replace image %(old)s, is not deleted: %(why)s',
                        {'image': new_id, 'old': step.image.id, 'why': why})
            return
        # To ask that may have taken minutes.
        self._check_left(step, new_id)
        self.discard(new_id)

    def _check_left(self, step: plans.Step, new_id: str) -> None:
        """:raises ActionRefused: another run, on another host, has ended it

        It may have shown it by now, and hidden the old one.
        """
        new = self._cloud.image(new_id)
        if new is not None and (not new.get('os_hidden') or proof.holds(
                self._plan.digest, step.image.id, new)):
            raise _refused(
                step, new_id, 'another run of the plan has verified it, or '
                'somebody has shown it. Run the plan again; if it fails '
                'again, "migrate format undo" hides that image')

    def discard(self, new_id: str) -> None:
        """Delete an image of this plan, whatever became of it.

        :raises ServiceError: it cannot be deleted; it is protected as before
        """
        image = self._cloud.image(new_id)
        if image is None:
            return
        # By the plan itself, or by the policy.
        protected = bool(image.get('protected'))
        if protected:
            self._protect(new_id, False)
        try:
            self._cloud.delete(new_id)
        except exceptions.LifecycleError:
            if protected:
                self._protect_again(new_id)
            raise

    def _protect_again(self, image_id: str) -> None:
        try:
            self._protect(image_id, True)
        except exceptions.LifecycleError as error:
            # Why it was not deleted is what is raised.
            LOG.error('Image %(image)s is not protected any more, and has to '
                      'be: %(error)s Protect it by "openstack image set '
                      '--protected %(image)s".',
                      {'image': image_id, 'error': error.for_operator()})

    def _protect(self, image_id: str, value: bool) -> None:
        self._cloud.change(image_id, [{
            'op': 'replace', 'path': '/protected', 'value': value}])

    @contextlib.contextmanager
    def _or_discarded(self, step: plans.Step, new_id: str
                      ) -> Iterator[None]:
        try:
            yield
        except exceptions.LifecycleError:
            # The next run does it, should this fail; there is only one reason
            # to tell.
            with contextlib.suppress(exceptions.LifecycleError):
                self._check_left(step, new_id)
                self.discard(new_id)
            raise

    def _fill(self, step: plans.Step, new_id: str) -> _Image:
        self._shown.begin('Reading %s' % step.image.id, step.image.size)
        try:
            api.stage(self._cloud, new_id, step.image, self._shown)
        finally:
            self._shown.end()
        api.import_to(self._cloud, new_id, step.stores)
        new = self._imported(step, new_id)
        self._check(step, new)
        self._cloud.change(new_id, [
            {'op': 'add', 'path': '/' + carried.UNSHOWN, 'value': 'true'},
            {'op': 'add', 'path': '/' + proof.REPLACES,
             'value': step.image.id},
            {'op': 'add', 'path': '/' + proof.PROOF, 'value': proof.of(
                self._plan.digest, step.image.id, new)}])
        return new

    def _imported(self, step: plans.Step, new_id: str) -> _Image:
        """:raises ActionRefused: with the reason that Glance gives"""
        self._shown.begin('Importing %s' % new_id, 0)
        delay = _FIRST
        try:
            while True:
                image = self._cloud.image(new_id)
                if image is None or image.get('status') in _OVER:
                    raise _refused(step, new_id, 'somebody has deleted it')
                task = api.newest_task(self._cloud, new_id)
                message = str(task.get('message') or '')
                if task.get('status') == 'failure':
                    raise _refused(step, new_id, 'its import failed. Glance '
                                   'says: %s' % (message or 'nothing'))
                if image.get('status') == 'active' and not image.get(
                        facts.LOCK):
                    return image
                self._shown.say('Importing %s: %s' % (new_id, message))
                time.sleep(delay)
                delay = min(delay * 1.5, _LONGEST)
        finally:
            self._shown.end()

    def _check(self, step: plans.Step, new: _Image) -> None:
        """:raises ActionRefused: it is not what was planned"""
        why = next(_against(step, new), '')
        if why:
            raise _refused(step, new['id'], why)


def _fresh(new: _Image) -> bool:
    """Whether it has no bytes yet that anybody could have staged."""
    return new.get('status') == 'queued' and new.get(
        'visibility') == 'private'


def _against(step: plans.Step, new: _Image) -> Iterator[str]:
    """Why it does not do, without a full stop."""
    if new.get('status') != 'active':
        yield 'it is %s' % new.get('status')
    if new.get('disk_format') != staying.RAW:
        yield ('it is %s, and not raw. See what "doctor" says of the plugin, '
               'and "policy explain"' % new.get('disk_format'))
    for size in (new.get('virtual_size'), step.virtual_size):
        if size and new.get('size') != size:
            yield 'it has %s bytes, and not %s' % (new.get('size'), size)
    lacks = sorted(set(step.stores) - set(image_api.stores_of(new)))
    if lacks:
        yield 'it is not in store %s' % ', '.join(lacks)


def _refused(step: plans.Step, new_id: str, why: str
             ) -> exceptions.ActionRefused:
    return exceptions.ActionRefused(
        image=step.image.id, detail='image %s, which was made of it, does not '
        'replace it: %s' % (new_id, why))
