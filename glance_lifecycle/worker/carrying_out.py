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

"""One action carried out: looked at before, and looked at after."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import datetime
import enum
import time
from typing import Any
from typing import TYPE_CHECKING

from glance_lifecycle import exceptions
from glance_lifecycle.policy import decision
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker import cloud as clouds
from glance_lifecycle.worker.database import history
from glance_lifecycle.worker.migrating import policy as move_policy
from glance_lifecycle.worker import nova_caches
from glance_lifecycle.worker import reconcile

if TYPE_CHECKING:
    from glance_lifecycle.worker.tasks import base


# What may depend on the other images of a family: to list these for each copy
# of an image would cost more than the look at it.
_OF_FAMILIES = (actions.UPDATE, actions.HIDE, actions.DEACTIVATE,
                actions.DELETE)


class Result(enum.StrEnum):
    """DONE: it is. NOT_NEEDED: the image is as wanted, whoever did that."""

    DONE = 'done'
    NOT_NEEDED = 'not needed any more'


class _NotNeeded(Exception):
    """It was needed when it was begun."""


@dataclasses.dataclass(frozen=True, slots=True)
class Done:
    """What came of an action.

    :ivar text: what was done, for people
    :ivar proof: plain data that shows what was done
    """

    result: Result
    text: str = ''
    proof: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def look(action: actions.Action, cloud: clouds.Cloud,
         policy: decision.Policy) -> tuple[clouds.Image | None, str]:
    """The image, if the action is what it needs now; else why not.

    An image that needs nothing of the kind has neither.

    :raises ServiceError: the Image API cannot be asked
    :raises ImageBusy: the image is imported or copied now
    """
    return _judge(action, cloud.image(action.image_id), cloud, policy)


def _judge(action: actions.Action, image: clouds.Image | None,
           cloud: clouds.Cloud, policy: decision.Policy
           ) -> tuple[clouds.Image | None, str]:
    if image is None:
        if action.kind in (actions.DELETE, actions.SCRUB,
                           *actions.MIGRATING):
            return None, ''
        return None, 'it is gone'
    if image.get(reconcile.LOCK):
        raise exceptions.ImageBusy(
            image=action.image_id, detail='It is imported or copied by task '
            '%s. Try again after that.' % image[reconcile.LOCK])
    moment = datetime.datetime.now(datetime.UTC)
    if action.kind in actions.MIGRATING:
        against = move_policy.against(
            image, policy, *move_policy.ends(action), moment,
            cloud.store_kinds, keep=action.arguments.get('keep', False))
        return (None, against) if against else (image, '')
    if action.kind not in actions.WANTED:
        return image, ''
    needs = cloud.needs(image, policy, moment,
                        alone=action.kind not in _OF_FAMILIES)
    now = next((each for each in needs.actions
                if each.purpose == action.purpose), None)
    if now is not None and now.same(action):
        return image, ''
    if now is not None:
        return None, 'planned was "%s", and now it needs "%s"' % (
            action.text(), now.text())
    return None, next((
        left.why for left in needs.left
        if any(left.reason.option == reason.option and
               left.reason.section == reason.section
               for reason in action.reasons)), '')


def carry_out(action: actions.Action, cloud: clouds.Cloud,
              policy: decision.Policy, say: base.Say) -> Done:
    """Do one action, if the image needs it still.

    :raises ActionRefused: the image needs something else now, or something
        speaks against it
    :raises LifecycleError: it failed; done again, it may succeed
    """
    image, why_not = look(action, cloud, policy)
    if why_not:
        raise exceptions.ActionRefused(image=action.image_id, detail=why_not)
    if image is None:
        return Done(Result.NOT_NEEDED)
    begun = time.monotonic()
    try:
        proof = _run(action, image, cloud, policy, say)
    except _NotNeeded:
        return Done(Result.NOT_NEEDED)
    seconds = time.monotonic() - begun
    after = _confirm(action, cloud, policy)
    proof = {**proof, history.SECONDS: round(seconds, 3), history.CHANGED: [
        each and each.get('updated_at') for each in (image, after)]}
    return Done(Result.DONE, _told(action, proof), proof)


def _run(action: actions.Action, image: clouds.Image, cloud: clouds.Cloud,
         policy: decision.Policy, say: base.Say) -> Mapping[str, Any]:
    # TaskFlow, with networkx, is 13 MiB, which a worker that has nothing to
    # do, or only observes, can do without.
    from taskflow import engines
    from taskflow import exceptions as taskflow_exceptions

    from glance_lifecycle.worker import flows
    engine = engines.load(
        flows.flow(action, cloud, say, lambda: _look_again(
            action, cloud, policy)), store=flows.store(action, image))
    try:
        engine.run()
    except taskflow_exceptions.WrappedFailure as wrapped:
        # The first one is the cause.
        failure = next(iter(wrapped))
        if failure.exception is not None:
            raise failure.exception from None
        raise exceptions.InternalError(detail=str(failure)) from None
    proof: Mapping[str, Any] = engine.storage.fetch(flows.PROOF)
    return proof


def _look_again(action: actions.Action, cloud: clouds.Cloud,
                policy: decision.Policy) -> None:
    """Asking what needs an image may take minutes.

    A newer image of its family may be gone by now.

    :raises ActionRefused: the image needs something else by now
    """
    image, why_not = look(action, cloud, policy)
    if why_not:
        raise exceptions.ActionRefused(image=action.image_id, detail=why_not)
    if image is None:
        raise _NotNeeded


def _told(action: actions.Action, proof: Mapping[str, Any]) -> str:
    text = action.text()
    if proof.get('stays'):
        return 'the copy in %s stays: %s' % (', '.join(action.stores),
                                             proof['stays'])
    if proof.get('repaired'):
        text += '; what was not whole in %s was replaced by the copy of %s' % (
            ', '.join(proof['repaired']), proof['source'])
    return text


def _untold(action: actions.Action) -> bool:
    """Whether nobody tells that it was done: Nova tells of no cache."""
    return action.kind == actions.PREFETCH and all(
        map(nova_caches.is_node, action.arguments['caches']))


def _confirm(action: actions.Action, cloud: clouds.Cloud,
             policy: decision.Policy) -> clouds.Image | None:
    """The image as it is afterwards.

    :raises ServiceError: it said that it was done, and it is not
    """
    image = cloud.image(action.image_id)
    if action.kind in actions.WANTED and not _untold(action) and _judge(
            action, image, cloud, policy)[0] is not None:
        raise exceptions.ServiceError(
            what='change image %s' % action.image_id, detail='afterwards it '
            'was as before, and still needs "%s"' % action.text())
    return image
