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

"""A plan of what raw images are to replace. Nothing is changed."""

import collections
from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import datetime
import secrets
from typing import Any

from glance_lifecycle.audit import drift
from glance_lifecycle.audit import image_api
from glance_lifecycle.policy import decision
from glance_lifecycle.reclaim.duplicates import asked
from glance_lifecycle.reclaim.duplicates import seen
from glance_lifecycle.reclaim.formats import carried
from glance_lifecycle.reclaim.formats import newest
from glance_lifecycle.reclaim.formats import plan as plans
from glance_lifecycle.reclaim.formats import staying
from glance_lifecycle.worker import cloud as clouds

_SECRET = 16

_NAME = 255

_MANY = 'A plan has %d images at most. Make another one after this.' % (
    plans.MOST)


@dataclasses.dataclass(frozen=True, slots=True)
class Wishes:
    """What the operator asks for.

    :ivar policy: that of the service
    :ivar images: names or ids; none for all
    :ivar where: whether an image is meant; None for all
    :ivar where_text: the same, as it was said
    :ivar stores: that the raw ones go to; none for those of the old ones
    """

    policy: decision.Policy
    images: tuple[str, ...] = ()
    where: Callable[[decision.Facts], bool] | None = None
    where_text: str = ''
    stores: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class _Found:
    """What a listing leaves behind.

    :ivar names: (owner, name) of visible images -> how many
    :ivar missing: what was asked for, and is not there
    :ivar newest: which images are the newest of their families
    """

    steps: list[plans.Step]
    left: list[plans.Left]
    names: collections.Counter[tuple[str, str]]
    missing: set[str]
    newest: newest.Newest


def make(cloud: clouds.Cloud, users: Mapping[str, int] | None,
         wishes: Wishes, now: datetime.datetime
         ) -> tuple[plans.Plan, list[str]]:
    """The plan, and what was asked for by name or id and is not there.

    :param users: image id -> how many servers and volumes there are of it;
        None if nobody knows
    :raises ServiceError: the Image API cannot be asked
    """
    found = _Found([], [], collections.Counter(), set(wishes.images),
                   newest.Newest(cloud, wishes.policy, now))
    with image_api.asking('list the images'):
        for image in drift.catalogue(
                image_api.getter(cloud.client), page_size=drift.PAGE,
                visibility='all'):
            _look(image, cloud, users, wishes, now, found)
    steps = []
    members = asked.members(cloud)
    for step in found.steps:
        if found.names[step.image.project, step.image.name] > 1:
            found.left.append(_left(step.image, (
                'Its owner has another visible image of this name, so that '
                'nobody could tell which one is meant.')))
            continue
        steps.append(dataclasses.replace(step, members=len(members(
            step.image.id)) if step.image.visibility == 'shared' else 0))
    return plans.Plan(
        now.isoformat(timespec='seconds'), asked.identity(cloud),
        wishes.where_text, secrets.token_hex(_SECRET), tuple(steps),
        tuple(found.left[:plans.MOST])), sorted(found.missing)


def _look(image: Mapping[str, Any], cloud: clouds.Cloud,
          users: Mapping[str, int] | None, wishes: Wishes,
          now: datetime.datetime, found: _Found) -> None:
    if not image.get('os_hidden'):
        found.names[str(image.get('owner') or ''),
                    str(image.get('name') or '')] += 1
    named = {str(image['id']), str(image.get('name') or '')} & set(
        wishes.images)
    found.missing.difference_update(named)
    facts = drift.facts(image, now, cloud.store_kinds)
    if (wishes.images and not named) or (
            wishes.where is not None and not wishes.where(facts)):
        return
    if image.get('disk_format') == staying.RAW and not named:
        return
    step = _step(image, users, wishes)
    why = staying.why(image)
    if not why:
        step, why = _decided(step, image, facts, wishes)
    if not why:
        why = found.newest.why_not(image, step.stores)
    if not why and len(found.steps) >= plans.MOST:
        why = _MANY
    if why:
        found.left.append(_left(step.image, why))
    else:
        found.steps.append(step)


def _step(image: Mapping[str, Any], users: Mapping[str, int] | None,
          wishes: Wishes) -> plans.Step:
    was = seen.of(image)
    return plans.Step(
        was, str(image.get('disk_format') or ''),
        image.get('virtual_size') or None, wishes.stores or was.stores,
        bool(image.get('protected')), 0,
        None if users is None else users.get(was.id, 0),
        carried.dropped(image))


def _decided(step: plans.Step, image: Mapping[str, Any],
             facts: decision.Facts, wishes: Wishes
             ) -> tuple[plans.Step, str]:
    """As the policy places it, and why it refuses it; empty if it does not.
    """
    decided = wishes.policy.decide(dataclasses.replace(
        facts, stores=step.stores, import_method='glance-direct', age=0,
        properties=carried.properties(image), signed=False, hidden=True))
    if decided.violations:
        return step, 'The policy would refuse it: %s.' % '; '.join(
            one.detail.rstrip('.') for one in decided.violations)
    if decided.disk_format != staying.RAW:
        return step, (
            'The policy does not make it raw there: so says %s. See "policy '
            'explain".' % decided.decided_by('convert', 'to_raw'))
    stores = decided.stores or step.stores
    if not set(wishes.stores) <= set(stores):
        return step, 'The policy places it in %s.' % ', '.join(stores)
    return dataclasses.replace(step, stores=tuple(sorted(stores))), ''


def _left(image: seen.Seen, why: str) -> plans.Left:
    return plans.Left(image.id, image.name[:_NAME], why)
