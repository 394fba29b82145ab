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

"""From groups of images that are the same to a plan of one remedy."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import datetime

from glance_lifecycle.audit.duplicates import grouping
from glance_lifecycle.planning import document
from glance_lifecycle.policy import decision
from glance_lifecycle.reclaim.duplicates import asked
from glance_lifecycle.reclaim.duplicates import boot
from glance_lifecycle.reclaim.duplicates import facts
from glance_lifecycle.reclaim.duplicates import hiding
from glance_lifecycle.reclaim.duplicates import plan as plans
from glance_lifecycle.reclaim.duplicates import seen
from glance_lifecycle.reclaim.duplicates import telling
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker import cloud as clouds

Remedy = plans.Remedy


@dataclasses.dataclass(frozen=True)
class Wishes:
    """What the operator asks for.

    :ivar policy: to drop; else None
    :ivar any_name: see ``plan.Plan``
    """

    remedy: Remedy
    policy: decision.Policy | None = None
    any_name: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Left:
    """What is like another, and nothing is done about it.

    :ivar name: as the Image API has it; empty if that does not show it
    """

    group: str
    image_id: str
    name: str
    why: str


@dataclasses.dataclass(frozen=True)
class Made:
    plan: plans.Plan
    left: tuple[Left, ...]


def make(groups: Sequence[grouping.Group], cloud: clouds.Cloud,
         use: asked.Use, wishes: Wishes) -> Made:
    """What is to be done about these groups now; nothing is changed.

    :raises LifecycleError: the Image API cannot be asked, or is that of
        another cloud
    """
    now = datetime.datetime.now(datetime.UTC)
    where = asked.identity(cloud)
    known = asked.known(cloud, groups, use)
    steps: list[plans.Step] = []
    left: list[Left] = []
    for one in _found(groups, cloud, known, wishes, now):
        if isinstance(one, plans.Step) and len(steps) >= document.MOST:
            one = Left(one.group, one.image.id, one.image.name,
                       'The plan is full. Make another after it.')
        if isinstance(one, plans.Step):
            steps.append(one)
        else:
            left.append(one)
    return Made(plans.Plan(
        now.isoformat(timespec='seconds'), where, wishes.remedy,
        wishes.policy.digest if wishes.policy else '', wishes.any_name,
        tuple(steps)), tuple(left))


_Found = plans.Step | Left


def _found(groups: Iterable[grouping.Group], cloud: clouds.Cloud,
           known: Mapping[str, facts.Fact], wishes: Wishes,
           now: datetime.datetime) -> Iterator[_Found]:
    if wishes.policy is not None:
        for group in groups:
            yield from _surplus(group, cloud, known, wishes.policy, now)
        return
    decide: Callable[[grouping.Group], Iterable[facts.Verdict]]
    if wishes.remedy is Remedy.TELL:
        def decide(group: grouping.Group) -> Iterable[facts.Verdict]:
            return telling.decide(group, known)
    else:
        members = asked.members(cloud)

        def decide(group: grouping.Group) -> Iterable[facts.Verdict]:
            return hiding.decide(group, known, members,
                                 any_name=wishes.any_name)
    for group in groups:
        for verdict in decide(group):
            yield _of(group, verdict, known.get(verdict.image_id))


def _of(group: grouping.Group, verdict: facts.Verdict,
        fact: facts.Fact | None) -> _Found:
    if verdict.instead is None or fact is None:
        return Left(group.name, verdict.image_id, _name(fact), verdict.why)
    return plans.Step(
        group.name, verdict.same_by, seen.of(fact.image),
        seen.of(verdict.instead.image), servers=fact.servers,
        volumes=fact.volumes, differs=tuple(boot.differences(
            fact.image, verdict.instead.image)))


def _surplus(group: grouping.Group, cloud: clouds.Cloud,
             known: Mapping[str, facts.Fact], policy: decision.Policy,
             now: datetime.datetime) -> Iterator[_Found]:
    """Copies that the policy does not want; never those that it wants."""
    for one in group.members:
        fact = known.get(one.id)
        if fact is None:
            yield Left(group.name, one.id, '', 'The Image API does not show '
                       'it, or not as the database has it.')
            continue
        # Nothing about copies depends on its family.
        needs = cloud.needs(fact.image, policy, now, alone=True)
        for action in needs.actions:
            if action.kind == actions.DROP:
                store, = action.stores
                yield plans.Step(
                    group.name, tuple(map(str, group.why)),
                    seen.of(fact.image), store=store, servers=fact.servers,
                    volumes=fact.volumes)
        for each in needs.left:
            if each.reason.option == 'copies':
                yield Left(group.name, one.id, _name(fact), each.why)


def _name(fact: facts.Fact | None) -> str:
    return str(fact.image.get('name') or '') if fact else ''
